"""HealthOne files of their own: every line arrives; what is made from them can be nothing else."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from delivering import read, recount, write
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connectors.base import Limits, SourceFile
from schemas.errors import SourceError

LAB = (
    "A1\\7\\LAB\\\r\nA2\\7\\Specimen\\Aline\\F\\18051993\\93051822460\\\r\nA3\\7\\Rue Haute 1\\4000\\Liège\\\r\n"
    "A4\\7\\Dr\\02022026\\0915\\P\\\r\nL1\\7\\TITLE\\HÉMATOLOGIE\\\\\\\\\\\r\n"
    "L1\\7\\HB\\Hémoglobine\\11,5 - 17,0\\g/dL\\-\\10,9\\\r\n\r\nL1\\7\\HB\\\x0c<Contrôlé> & co\\\\\\C\\\\\r\nno descriptor\r\nEND\r\n"
)
LETTER = (
    "A1\\8\\-\\\nA2\\8\\Exemple\\Jan\\M\\300785\\85073003328\\\nA4\\8\\Dr\\02022026\\\\C\\\n"
    "L5\\8\\DIVER\\\\\\\\\\Besluit: geen afwijkingen \\ controle\\\nL2\\8\\x\\\n"
)


def source(data: bytes, limits: Limits | None = None):
    return read(SourceFile(1, len(data), lambda: io.BytesIO(data)), limits)


def balanced(found, *patients):
    outcome, account, out = write(found, *patients)
    counted = found.of(*patients)
    assert Counter(o.unit for o in outcome.outcomes) == Counter(counted.keys())
    assert Counter(r["digest"] for r in counted.values()) == Counter(u.digest for u in account.units)
    assert Counter(r["kind"] for r in counted.values()) == Counter(u.kind for u in account.units)
    assert account.problems == []
    assert {o.disposition for o in outcome.outcomes} == {"delivered"}
    return out


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp850", "cp1252"])
def test_each_line_arrives_in_a_valid_chart(codec, schemas):
    found = source((LAB + LETTER).encode(codec))
    for patient in (1, 2):
        tree = etree.fromstring(balanced(found, patient))
        assert all(schema.validate(tree) for schema in schemas)
    assert len(found.of(1)) == 8
    assert {row["record_kind"] for row in found.of(1).values()} == {"lab_results"}
    assert {row["record_kind"] for row in found.of(2).values()} == {"specialist_reports"}


def test_samples_arrive_in_valid_charts(shared, schemas):
    paths = [path for path in (shared / "samples/healthone").iterdir() if path.is_file()]
    assert len(paths) >= 7
    for path in paths:
        found = source(path.read_bytes())
        for patient in found.patients:
            tree = etree.fromstring(balanced(found, patient))
            assert all(schema.validate(tree) for schema in schemas), path.name


def test_messages_of_one_patient_share_a_chart():
    other = LAB.replace("Rue Haute 1", "Rue Basse 2").replace("\\7\\", "\\9\\").replace("Aline", "ALINE")
    out = balanced(source((LAB + other).encode()), 1, 2).decode()
    assert out.count("REPRISE-MESSAGE") == 3
    assert "<address>" not in out  # the two messages state different ones
    assert out.count("<firstname>") == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<firstname>Aline<", "<firstname>Jan<"),
        ('SV="1.0">93051822460<', 'SV="1.0">85073003328<'),
        (">female<", ">male<"),
        ("<date>1993-05-18<", "<date>1993-05-19<"),
        ("<date>2026-02-02<", "<date>2026-02-03<"),
        ("<time>09:15:00<", "<time>09:16:00<"),
        ("Rue Haute 1,", "Rue Haute 2,"),
        (">7</id>", ">8</id>"),
        ("<firstname>Aline</firstname>", ""),
        (" firstname ", " "),
        (">labresult</cd>", ">note</cd>"),
        ("REPRISE-MESSAGE", "REPRISE-MASSAGE"),
        ("<item>", "<item><text L='fr'>x</text>"),
    ],
)
def test_nothing_made_can_differ_from_its_message(old, new):
    _, account, written = write(source(LAB.encode()), 1)
    out = written.decode()
    assert old in out
    again = recount(out.replace(old, new, 1).encode())
    assert again.problems or Counter(u.digest for u in again.units) != Counter(
        u.digest for u in account.units
    )


def test_a_lost_altered_or_doubled_part_is_noticed():
    out = write(source(LAB.encode()), 1)[2].decode()
    item = out[out.index("<item>") : out.index("</item>") + 7]
    text = out[out.index('<text L="und">A1') :]
    text = text[: text.index("</text>") + 7]
    lnk = out[out.index("<lnk") : out.index("</lnk>") + 6]
    for part in (item, text, lnk):
        assert set(recount(out.replace(part, "", 1).encode()).problems) == {"message_differs"}
        assert "message_differs" in recount(out.replace(part, part * 2, 1).encode()).problems
    assert "QTFc" in lnk
    assert "message_differs" in recount(out.replace(lnk, lnk.replace("QTFc", "QTFd")).encode()).problems


def test_a_message_above_the_limit_is_handed_over_line_by_line():
    found = source((LAB + LETTER).encode(), Limits(max_unit_bytes=len(LETTER) + 1))
    assert found.patients == [2]
    assert {reject.unit for reject in found.rejects} == set(found.of(1))
    raw = b"".join(reject.raw.reveal() for reject in found.rejects)
    assert raw == LAB.replace("\r\n\r\n", "\r\n").replace("END\r\n", "").encode()
    balanced(found, 2)


PIECES = [
    *(line.encode() for line in (LAB + LETTER).splitlines(keepends=True)),
    *(line.encode("cp850") for line in LAB.splitlines(keepends=True)),
    b"A1\\1\\\r", b"a2\\1\\\n", b"L9\\x\n", b"\xef\xbb\xbf", b"\xa0\xe9\x9c\x81", b"\n", b"\r", b"END\x1a", b"]]>&#\x00\x0b ",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_lines_balance(pieces):
    data = b"A1\\1\\\n" + b"".join(pieces)
    try:
        found = source(data)
    except SourceError:
        return
    assert found.patients == sorted({row["patient"] for row in found.counted.values()})
    for patient in found.patients:
        balanced(found, patient)
