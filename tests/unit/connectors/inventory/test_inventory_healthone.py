"""HealthOne files: lines, messages, encodings, odd beginnings."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inventory_case import KEY, Count

from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.flat.decoding import raw_lines, texts_of
from connectors.inventory.healthone.lines import divide, read
from connectors.inventory.message_formats import format_of
from connectors.inventory.registry import counter_for
from schemas.errors import UnreadableSourceError

TWO = (
    "A1\\1\\LABO\\\r\nA2\\1\\X\\Y\\M\\30071985\\85073003328\\\r\nL1\\1\\HB\\Hémoglobine\\\\\\\\12\\\r\n\r\n"
    "A1\\2\\LABO\\\nA5\\2\\120\\93051822460\\\\\nL5\\2\\D\\\\\\\\\\Bonjour\\\nstray line\nEND\n\x1a"
)


@pytest.mark.parametrize("codec", ["utf-8", "cp850", "cp1252", "utf-8-sig"])
def test_two_messages(codec):
    content = TWO.encode(codec)
    count = Count(content, "healthone")
    count.check(content)
    assert [(r["unit"], r["kind"]) for r in count.rows] == [
        ("1/1.1", "message_header"),
        ("1/1.2", "message_header"),
        ("1/1.3", "result"),
        ("1/2.1", "message_header"),
        ("1/2.2", "message_header"),
        ("1/2.3", "comment"),
        ("1/2.4", "comment"),
    ]
    assert [r["record_kind"] for r in count.rows[2:4]] == ["lab_results", "specialist_reports"]
    assert [(p["unit"], p["inss"]) for p in count.patients] == [
        ("1/1", "85073003328"),
        ("1/2", "93051822460"),
    ]
    line = "piece\x1eL1\\1\\HB\\Hémoglobine\\\\\\\\12\\"
    assert count.rows[2]["digest"] == hmac.digest(KEY, line.encode(), "sha256")
    assert count.tiling.ignored_bytes == {}


def test_messages_of_two_encodings_in_one_file():
    one, two = "A1\\1\\é\\\nL1\\1\\é\\\n", "A1\\2\\é\\\nL1\\2\\é\\\n"
    content = one.encode("cp850") + two.encode("cp1252") + one.encode()
    assert ["".join(texts_of(lines)) for lines, _ in divide(raw_lines([content]))] == [one, two, one]
    Count(content, "healthone").check(content)


def test_a_message_may_begin_with_its_a2_line():
    content = b"A2\\1\nL1\\1\nA2\\2\nL1\\2\nA1\\3\nA2\\3\n"
    assert [len(lines) for lines, _ in divide(raw_lines([content]))] == [2, 2, 2]


def test_two_first_lines_in_a_row_are_one_beginning_and_what_precedes_belongs_to_it():
    content = b"junk\nA1\\1\nA2\\1\nA1\\2\nA1\\2\nA2\\2\n"
    found = [len(lines) for lines, _ in divide(raw_lines([content]))]
    assert found == [3, 2, 1] or found == [3, 3]


@given(st.binary(max_size=60), st.lists(st.integers(1, 9), max_size=20))
def test_lines_do_not_depend_on_how_the_bytes_arrive(noise, sizes):
    content = b"A1\\1\\\r\nL1\\a\r\rA2\\x\n" + noise
    pieces, at = [], 0
    for size in sizes:
        pieces.append(content[at : at + size])
        at += size
    pieces.append(content[at:])
    lines = list(raw_lines(pieces))
    assert lines == list(raw_lines([content]))
    assert b"".join(lines) == content
    assert sum(piece.size for found, _ in divide(lines) for piece in read(1, b"".join(found)).pieces) == len(
        content
    )


def test_openings():
    for text, found in (
        ("\ufeffA1\\1\\", "healthone"),
        ("  a1\\1\\", "healthone"),
        ("Cher confrère\nA1\\1\\", None),
    ):
        assert format_of(text.encode()) == found
    with pytest.raises(UnreadableSourceError):
        Count(b"nothing of the kind", "healthone")
    assert counter_for("healthone").name == "healthone"


@given(
    st.lists(
        st.sampled_from(
            [b"A1\\1\\\n", b"A2\\1\\\r\n", b"L1\\1\\x\xe9\r", b"\n", b"END", b"\xc3\xa9", b"\r", b"L5\\"]
        )
    )
)
def test_any_lines_tile(parts):
    content = b"".join(parts)
    try:
        count = Count(content, "healthone")
    except UnreadableSourceError:
        return
    count.check(content)


@pytest.mark.parametrize(
    "number",
    [
        "85073003328",
        "93051822460",
        "93051822361",
        "03022801131",
        "03022801102",
        "00010100204",
        "00010100272",
        "68000001357",
        "68000100535",
        "60010107397",
        "85493000361",
        "11430501211",
        "72231500950",
        "72200000991",
        "72400000937",
        "85.07.30-033.28",
    ],
)
def test_valid_national_numbers(number):
    assert parse_inss(number) == number.replace(".", "").replace("-", "")


@pytest.mark.parametrize(
    "number",
    [
        "85073003329",
        "85073100031",
        "85133003370",
        "8507300332",
        "850730033280",
        "00000000097",
        "43081943647",
        "00000000000",
        "11111111111",
        "99999999999",
        "abc",
    ],
)
def test_other_numbers(number):
    assert parse_inss(number) is None


def test_a_number_as_on_old_cards_is_turned():
    assert parse_inss("850730 28 033") == "85073003328"
