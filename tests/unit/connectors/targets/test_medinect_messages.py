"""HealthOne files of their own: every line arrives; what is made from them can be nothing else."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from delivering import read, recount, write
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.series import sample

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
        ("<iscomplete>false<", "<iscomplete>true<"),
        ("<name>LAB<", "<name>LOB<"),
        (">orglaboratory<", ">orghospital<"),
        (
            "</hcparty></author>",
            "</hcparty><hcparty><cd S='CD-HCPARTY' SV='1.0'>orglaboratory</cd></hcparty></author>",
        ),
        ("<decimal>10.9<", "<decimal>10.8<"),
        ("<decimal>11.5<", "<decimal>11.6<"),
        (">g/dl<", ">mg/l<"),
        (">low<", ">high<"),
        ("<severity>", "<severity><cd S='CD-SEVERITY' SV='1.0'>low</cd></severity><severity>"),
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
    text = out[out.index('<text L="und">HÉMATOLOGIE') :]
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
    assert raw == LAB.replace("\r\n\r\n", "\r\n").encode()
    balanced(found, 2)


PIECES = [
    *(line.encode() for line in (LAB + LETTER).splitlines(keepends=True)),
    *(line.encode("cp850") for line in LAB.splitlines(keepends=True)),
    b"A1\\1\\\r", b"a2\\1\\\n", b"L9\\x\n", b"\xef\xbb\xbf", b"\xa0\xe9\x9c\x81", b"\n", b"\r", b"END\x1a", b"]]>&#\x00\x0b ",
]  # fmt: skip


@settings(max_examples=sample(300, 100), deadline=None)
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


def test_what_a_message_leaves_in_doubt_stands_on_the_work_list():
    data = b"A1\\7\\LAB\\\nA2\\7\\X\\Y\\F\\31021993\\93051822461\\\nA5\\7\\120\\93051822460\\12345678901\\\nL5\\7\\\\\\\\\\ \xb7 \\\n"
    outcome, _, out = write(source(data), 1)
    assert [(f.unit, f.reason, f.excerpt) for f in outcome.findings] == [
        ("1/1.4", "code_page_doubtful", "L5\\7\\\\\\\\\\ \u00c0 \\"),
        ("1/1.2", "birth_date_unreadable", "31021993"),
        ("1/1.2", "national_number_invalid", "93051822461"),
        ("1/1.3", "national_number_invalid", "12345678901"),
    ]
    assert b">93051822460</id>" in out
    assert b"<birthdate>" not in out
    assert not write(source(LAB.encode("cp850")), 1)[0].findings


def derived(line: str):
    """The item made from a result line, in a chart that the counter accepts."""
    out = balanced(source(f"A1\\7\\LAB\\\nL1\\7\\X\\Name\\{line}\\\n".encode()), 1)
    item = etree.fromstring(out).find(".//{*}item[{*}cd='lab']")
    return lambda path: [
        found.text for found in item.findall(path.replace("/", "/{*}").replace("content", "{*}content", 1))
    ]


@pytest.mark.parametrize(
    ("limits", "low", "high"),
    [
        ("< 5", [], ["5"]), (">60", ["60"], []), ("<=5,0", [], ["5.0"]), ("moins de 5", [], ["5"]), ("minder dan 5", [], ["5"]),
        ("11      110", ["11"], ["110"]), ("4,65    -5,50", ["4.65"], ["5.50"]), ("Neg", [], []), ("0-15", ["0"], ["15"]),
        ("-2.0 - 2.0", ["-2.0"], ["2.0"]), ("        <0.3", [], ["0.3"]), ("au moins 3", ["3"], []), ("Max. 7", [], ["7"]),
        ("[70-105]", ["70"], ["105"]), ("70 à 105", ["70"], ["105"]), ("70 tot 105 mg", ["70"], ["105"]), ("tot 5", [], ["5"]),
        ("105-70", [], []), ("1:80", [], []), ("1 : 80", ["1"], ["80"]), ("-5 - -2", ["-5"], ["-2"]), ("", [], []),
        ("70-105-3", [], []), ("mehr als 2,5", ["2.5"], []), ("≥ 3", ["3"], []), ("0", [], []), ("12 g < 5", [], []),
    ],
)  # fmt: skip
def test_ranges(limits, low, high):
    found = derived(f"{limits}\\mg\\\\4")
    assert (found("content/minref/decimal"), found("content/maxref/decimal")) == (low, high)


@pytest.mark.parametrize(
    ("unit", "value", "decimal", "code", "text"),
    [
        ("g/dl", "13,2", ["13.2"], ["g/dl"], []), ("mmol/L", "142", ["142"], ["mmol/l"], []), ("", "13,2 g/dl", ["13.2"], ["g/dl"], []),
        ("", "5%", ["5"], ["%"], []), ("mmHg", "-3", ["-3"], ["mmhg"], []), ("10³/µL", "212", ["212"], [], ["212 10³/µL"]),
        ("mg/l", "<0,6", [], ["mg/l"], ["<0,6"]), ("", "12 furlong", [], [], ["12 furlong"]), ("", "1/160", [], [], ["1/160"]),
        ("", "7", ["7"], [], []), ("g/dl", "5 mg/dl", [], ["g/dl"], ["5 mg/dl"]),
        ("g/dl", "", [], ["g/dl"], [None]), ("U/l", "> 90", [], [], ["> 90 U/l"]),
    ],
)  # fmt: skip
def test_numbers_and_units(unit, value, decimal, code, text):
    found = derived(f"\\{unit}\\\\{value}")
    assert (found("content/decimal"), found("content/unit/cd"), found("content/text")) == (
        decimal,
        code,
        text,
    )


@pytest.mark.parametrize(
    ("sign", "degree"),
    [
        ("++", "veryhigh"),
        ("-", "low"),
        ("*", "abnormal"),
        ("N", "normal"),
        ("H", "high"),
        ("LL", "verylow"),
        ("(+)", None),
        ("!", None),
    ],
)
def test_flags(sign, degree):
    out = balanced(source(f"A1\\7\\LAB\\\nL1\\7\\X\\Name\\\\\\{sign}\\4\\\n".encode()), 1).decode()
    assert (f">{degree}</cd></severity>" in out) is (degree is not None)
    assert ("<severity>" in out) is (degree is not None)
    # Nothing that a laboratory sent is lost.
    assert (f'<text L="und">{sign}</text></item>' in out) is (degree is None)


@pytest.mark.parametrize(
    ("sender", "status", "expected"),
    [
        ("Labo Test", "C", ("<name>Labo Test</name></hcparty></author>", "<iscomplete>true<", "time isvalidated")),
        ("1.93/29922-660", "P", ('<id S="ID-HCPARTY" SV="1.0">19329922660</id><cd', "<iscomplete>false<", "time isvalidated")),
        ("-", "x", ("<name>reprise</name></hcparty></author>", "<iscomplete>false<", "time iscomplete isvalidated author")),
    ],
)  # fmt: skip
def test_sender_and_status(sender, status, expected):
    data = f"A1\\7\\{sender}\\\nA4\\7\\Dr\\02022026\\\\{status}\\\nL5\\7\\D\\\\\\\\\\x\\\n"
    out = balanced(source(data.encode()), 1).decode()
    author, complete, filled = expected
    head = out[out.index("REPRISE-MESSAGE") - 400 :]
    assert author in head
    assert complete in head
    assert f">{filled}</id>" in head


def version(
    status: str, value: str, day: str = "02022026", time: str = "0915", sender: str = "LAB", mark: str = "7"
) -> str:
    lines = [
        f"A1\\{mark}\\{sender}\\",
        f"A2\\{mark}\\Specimen\\Aline\\F\\18051993\\93051822460\\",
        f"A4\\{mark}\\Dr\\{day}\\{time}\\{status}\\",
        f"L1\\{mark}\\HB\\Hb\\\\g/dL\\\\{value}\\",
    ]
    return "\n".join([*lines, ""])


@pytest.mark.parametrize(
    ("versions", "kept"),
    [
        ([version("P", "10"), version("C", "11")], ["11"]), ([version("C", "11"), version("P", "10")], ["11"]),
        ([version("P", "10", time="1015"), version("C", "11")], ["10", "11"]), ([version("C", "10"), version("C", "11")], ["10", "11"]),
        ([version("C", "10"), version("C", "11", day="03022026")], ["11"]), ([version("P", "10"), version("P", "11", time="1100")], ["10", "11"]),
        ([version("P", "10", sender="OTHER"), version("C", "11")], ["10", "11"]), ([version("P", "10", mark="8"), version("C", "11")], ["10", "11"]),
        ([version("", "10", time=""), version("C", "11")], ["11"]), ([version("P", "10", mark=""), version("C", "11", mark="")], ["10", "11"]),
        ([version("P", "10", day="010226"), version("C", "11")], ["11"]),
    ],
)  # fmt: skip
def test_a_complete_version_replaces_earlier_ones(versions, kept):
    found = source("".join(versions).encode())
    out = balanced(found, *found.patients)
    items = etree.fromstring(out).findall(".//{*}item[{*}cd='lab']/{*}content/{*}decimal")
    assert [each.text for each in items] == kept
    assert out.count(b"<lnk") == len(versions)  # a replaced version stays as it came
    item = out[out.index(b"<item>") : out.index(b"</item>") + 7]
    assert "message_differs" in recount(out.replace(item, b"", 1)).problems
