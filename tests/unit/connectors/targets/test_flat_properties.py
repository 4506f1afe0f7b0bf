"""Any bytes in each flat format: no exception, no gap in the tiling, and reader, writer and counter agree on everything."""

from __future__ import annotations

import io
from collections import Counter
from itertools import chain, pairwise
from pathlib import Path

import pytest
from delivering import KEY, Source, write
from hypothesis import given, settings
from hypothesis import strategies as st
from support.series import sample

from connectors.base import Batch, Limits, Reject, SourceFile, Tiling
from connectors.inventory.message_formats import format_of
from connectors.inventory.registry import counter_for
from connectors.registry import by_name
from connectors.sources.message_formats import MESSAGE_FORMATS
from connectors.sources.sniffing import begins_with
from schemas.errors import SourceError

VECTORS = Path(__file__).parents[3] / "vectors" / "messages"
FILES = {
    name: [path.read_bytes() for path in sorted((VECTORS / name).iterdir()) if path.suffix != ".json"]
    for name in sorted(MESSAGE_FORMATS)
}
LINES = {
    name: [line for data in files for line in data.splitlines(keepends=True)] for name, files in FILES.items()
}
NOISE = st.sampled_from(
    [
        b"\n", b"\r", b"\r\n", b"\0", b"\x1a", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9\x82\x9c", "‚é".encode(), b"\\", b"|", b"#A\n",
        b"#R/\n", b"#/\n", b"#Ra\n", b"END\n", b"/END\n", b"]]>&#\x0b ", b"MSH|^~\\&|A|B\r", b"PID|1||85073003328^^^^NN||X^Y\r", b"OBX|1|NM|K||5\r", b"\\.br\\", b"~", b"^", b"&", b"{", b"}", b"[", b"]", b'"', b",", b'{"resourceType":"Patient","id":"a"}\n', b"A1\\\n", b"A2\\1\\\n", b"L1\\\n", b"0000262001234RS1x\n",
    ]
)  # fmt: skip


def both(name: str, data: bytes) -> tuple[Source, Tiling]:
    """What reader and counter of a format make of some bytes."""
    source, file = Source(), SourceFile(1, len(data), lambda: io.BytesIO(data))
    for found in by_name(name).read(file, 1, lambda _: None, Limits()):
        if isinstance(found, Reject):
            source.rejects.append(found)
            continue
        source.tables.setdefault(found.table, []).append(found.rows)
    tiling = None
    for found in counter_for(name).count(file, 1, KEY, Limits()):
        if isinstance(found, Batch) and found.table == "counted_unit":
            source.counted.update({row["unit"]: row for row in found.rows.to_pylist()})
        elif isinstance(found, Tiling):
            tiling = found
    assert tiling is not None
    return source, tiling


def agree(name: str, data: bytes) -> None:
    """Check tiling and balance; a file in which no message begins is refused."""
    try:
        source, tiling = both(name, data)
    except SourceError:
        return
    assert tiling.unit_bytes + tiling.structural_bytes == len(data)
    spans = sorted((s["start"], s["end"]) for row in source.counted.values() for s in row["spans"])
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert sum(end - begin for begin, end in spans) == tiling.unit_bytes
    rejected = Counter((reject.unit, reject.kind) for reject in source.rejects)
    left = [row for row in source.counted.values() if row["patient"] not in source.patients]
    assert rejected == Counter((row["unit"], row["kind"]) for row in left)
    kinds = {
        row["patient"]: row["record_kind"]
        for batch in source.tables.get("unit", [])
        for row in batch.to_pylist()
        if row["kind"] == "transaction"
    }
    scopes = {
        (row["patient"], row["record_kind"]) for row in source.counted.values() if row["patient"] in kinds
    }
    assert scopes <= set(kinds.items())
    for patient in source.patients:
        outcome, account, _ = write(source, patient)
        counted = source.of(patient)
        assert account.problems == []
        assert Counter(each.unit for each in outcome.outcomes) == Counter(counted.keys())
        assert Counter(unit.digest for unit in account.units) == Counter(
            row["digest"] for row in counted.values()
        )
        assert Counter(unit.kind for unit in account.units) == Counter(
            row["kind"] for row in counted.values()
        )


@pytest.mark.parametrize("name", sorted(MESSAGE_FORMATS))
def test_shuffled_and_cut_lines(name):
    pieces = st.one_of(
        st.sampled_from(LINES[name]), st.sampled_from(LINES[name]).map(lambda x: x[: len(x) // 2]), NOISE
    )

    @settings(max_examples=sample(80, 26), deadline=None)
    @given(st.lists(pieces, max_size=30))
    def check(parts):
        agree(name, b"".join(parts))

    check()


@pytest.mark.parametrize("name", sorted(MESSAGE_FORMATS))
def test_altered_files(name):
    @settings(max_examples=sample(60, 20), deadline=None)
    @given(
        st.sampled_from(FILES[name]), st.integers(0, 3000), st.integers(0, 200), st.one_of(NOISE, st.binary(max_size=12)),
        st.sampled_from(["", "utf-16", "utf-16-le", "utf-16-be"]),
    )  # fmt: skip
    def check(data, at, cut, noise, codec):
        if codec:
            data = data.decode("latin-1").encode(codec)
        agree(name, data[:at] + noise + data[at + cut :])

    check()


@pytest.mark.parametrize("name", sorted(MESSAGE_FORMATS))
@settings(max_examples=sample(60, 20), deadline=None)
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes(name, data):
    agree(name, data)


@settings(max_examples=sample(200, 66), deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(list(chain.from_iterable(LINES.values()))), NOISE, st.binary(max_size=30)),
        max_size=12,
    )
)
def test_both_sides_tell_the_same_format(parts):
    data = b"".join(parts)
    assert begins_with(data) == format_of(data)


VALUES = st.one_of(
    st.sampled_from(
        ["", "13,2", "<0,6", "> 90", "13,2 g/dl", "5 *", "12,2 HH", "S <=4", "R", "volgt", "1/160", "+", "-", "=<5", "5 mg\\dl"]
    ),
    st.text("0123456789<>=+-*., HLSIRagdlm/%àé\\", max_size=12),
)  # fmt: skip
LIMITS = st.one_of(
    st.sampled_from(["", "Neg", "< 5", "0-15", "11      110", "entre 3 et 5", "van 3 tot 5", "1 : 80", "3..5", "[1-2]", "à 5"]),
    st.lists(st.sampled_from("0123456789,.-– \t:<>=()[]àetounbisdmax…"), max_size=12).map("".join),
)  # fmt: skip
UNITS = st.sampled_from(["", "g/dl", "mg /dL", "10³/µL", "%", "U/l"])
FLAGS = st.sampled_from(["", "C", "*", "+", "---", "H", "LLL", "N", "S", "(+)", "!", "="])
NAMES = st.sampled_from(["", "Hb", "Antibiogramme", "Conclusion", "Opmerking", "Hb", "  Hb"])
CODES = st.sampled_from(["", "HB", "ATB", "TEXTEF", "HB"])


@settings(max_examples=sample(150, 50), deadline=None)
@given(st.lists(st.tuples(CODES, NAMES, LIMITS, UNITS, FLAGS, VALUES), max_size=6))
def test_any_result_lines_of_healthone(rows):
    lines = ["A1\\7\\LAB", "A2\\7\\X\\Y\\M\\30071985", *("L1\\7\\" + "\\".join(row) for row in rows)]
    agree("healthone", "\\\r\n".join([*lines, ""]).encode())


MARKS = st.sampled_from(["=", "<", ">", "<=", "", "=%%", "=%%%%", "=<"])
CODED = st.sampled_from(["01", "22", "ZZ", "", "%%", "X6"])
TITLES = st.sampled_from(["13705A.B", "!GTT", "", "Mengsels", "0100....", "12345678.B"])


@settings(max_examples=sample(150, 50), deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdhx"), TITLES, MARKS, VALUES, CODED, FLAGS, LIMITS, st.integers(0, 6)),
        max_size=5,
    )
)
def test_any_results_of_medidoc(blocks):
    lines = [
        "W841",
        "LAB",
        "",
        "",
        "",
        "",
        "20260202",
        "1",
        "X",
        "#A",
        "SPECIMEN                BOB",
        "19850730",
        "Y",
    ]
    for kind, title, mark, value, unit, flag, limits, kept in blocks:
        body = [title, mark + value, unit, flag, "\\" + limits, ".  comment"]
        lines += [f"#R{kind}", *(line.replace("\n", " ") for line in body[:kept]), "#R/"]
    agree("medidoc", "\n".join([*lines, "#A/", "#/", ""]).encode())


@settings(max_examples=sample(150, 50), deadline=None)
@given(
    st.lists(
        st.tuples(CODES, NAMES, LIMITS, UNITS, st.sampled_from(["  ", "H ", "* ", ""]), VALUES), max_size=6
    ),
    st.booleans(),
)
def test_any_records_of_medar(rows, loose):
    prefix = "0001123456 " if loose else "0001262001234R"
    records = [f"{prefix}S1x\\y", f"{prefix}S2Specimen\\Bob", f"{prefix}S430/07/1985\\M"]
    records += [f"{prefix}R1" + "\\".join((*row[:4], row[4] + row[5])) for row in rows]
    agree("medar", "\r\n".join([*records, "END.", ""]).encode())


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_message_that_is_too_long_is_handed_over_unread(name, monkeypatch):
    """Line by line, on both sides the same lines, and no byte is lost."""
    reader, counter = by_name(name), counter_for(name)
    for one in (reader, counter):
        refuse = {"parse": None, "read": None}.keys() & set(one._form._fields)
        monkeypatch.setattr(one, "_form", one._form._replace(**dict.fromkeys(refuse)))
    limits = Limits(max_unit_bytes=1)
    for data in FILES[name]:
        file = SourceFile(1, len(data), lambda data=data: io.BytesIO(data))
        rejects = list(reader.read(file, 1, lambda _: None, limits))
        found = list(counter.count(file, 1, KEY, limits))
        rows = [
            r for b in found if isinstance(b, Batch) and b.table == "counted_unit" for r in b.rows.to_pylist()
        ]
        assert {reject.reason for reject in rejects} == {"unit_too_large"}
        assert [(r.unit, r.kind) for r in rejects] == [(row["unit"], row["kind"]) for row in rows]
        assert found[-1].unit_bytes + found[-1].structural_bytes == len(data)
