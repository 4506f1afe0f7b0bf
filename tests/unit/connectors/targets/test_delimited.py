"""Tables: what a row becomes, and any bytes below a header: no exception, no gap, reader, writer and counter agree."""

from __future__ import annotations

import io
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from delivering import KEY, Source, write
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.series import sample

from connectors.base import Batch, Export, Limits, Reject, SiteRules, SourceFile, Tiling
from connectors.inventory.registry import counter_for
from connectors.registry import by_name, choose
from schemas.errors import MappingError
from schemas.mapping_files import Mappings, parse_mapping, shipped

VECTORS = Path(__file__).parents[3] / "vectors" / "delimited"
CLINIC = parse_mapping((VECTORS / "clinic" / "contacts.yaml").read_bytes())
MAPPINGS = Mappings(lambda: (CLINIC, *shipped()))
HEADER = ";".join(CLINIC.header)
CELLS = {
    "Rijksregister": ["85.07.30-033.28", "85073003328", "85073003329", "x"], "Naam": ["Peeters", "Néant", 'O"x"', "a;b", "a\nb"],
    "Voornaam": ["Jan", "Céline"], "Geboren": ["30/7/1985", "1/12/2001", "30/02/1985", "1985"], "Geslacht": ["1", "2", "3", "M"],
    "Straat": ["Weg 1"], "Gemeente": ["Gent"], "Tel": ["09 1"], "Datum": ["05-03-2020 14:05", "2020", "05-13-2020 14:05", ""],
    "Verslag": ["hoest", "A1\\1\\L\\\r\nA2\\1\\P\\J\\\r\nL1\\1\\G\\\\\\\\\\5\\\r\n", "\x00\x0b\x1f", "\ufeff"],
    "Diagnose": ["K86"], "Omschrijving": ["hypertensie", ""], "Sinds": ["05/2019", "2019"], "Toestand": ["A", "I", "?"],
    "CNK": ["2345679"], "Geneesmiddel": ["Lantus", ""], "Inname": ["1 's avonds"], "Gewicht": ["72,5", "72.5", "+3", "zwaar"],
    "Glucose": ["5,4", "< 3"], "Eenheid": ["mmol/l", ""], "LOINC": ["GLU", "NA"], "Brief": ["Beste collega,\n\ngroeten"],
    "Opmerking": ["let op"], "Intern": ["7"],
}  # fmt: skip


def file_of(data: bytes) -> SourceFile:
    return SourceFile(1, len(data), lambda: io.BytesIO(data), export=Export(SiteRules(mappings=MAPPINGS)))


def both(data: bytes) -> tuple[Source, Tiling]:
    """What reader and counter make of a table."""
    source, file = Source(), file_of(data)
    for found in by_name("delimited").read(file, 1, lambda _: None, Limits()):
        if isinstance(found, Reject):
            source.rejects.append(found)
            continue
        source.tables.setdefault(found.table, []).append(found.rows)
    tiling = None
    for found in counter_for("delimited").count(file, 1, KEY, Limits()):
        if isinstance(found, Batch) and found.table == "counted_unit":
            source.counted.update({row["unit"]: row for row in found.rows.to_pylist()})
        elif isinstance(found, Tiling):
            tiling = found
    assert tiling is not None
    return source, tiling


def agree(data: bytes) -> None:
    """Check tiling and balance."""
    source, tiling = both(data)
    assert tiling.unit_bytes + tiling.structural_bytes + sum(tiling.ignored_bytes.values()) == len(data)
    spans = sorted((s["start"], s["end"]) for row in source.counted.values() for s in row["spans"])
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert sum(end - begin for begin, end in spans) == tiling.unit_bytes
    rejected = {reject.unit: reject for reject in source.rejects}
    left = {unit: row for unit, row in source.counted.items() if row["patient"] not in source.patients}
    assert rejected.keys() == left.keys()
    for unit, row in left.items():
        (span,) = row["spans"]
        assert rejected[unit].patient == row["patient"]
        assert rejected[unit].raw.reveal().startswith(data[span["start"] : span["end"]])
    for patient in source.patients:
        outcome, account, _ = write(source, patient)
        counted = source.of(patient)
        assert account.problems == []
        assert Counter(each.unit for each in outcome.outcomes) == Counter(counted.keys())
        assert Counter(unit.digest for unit in account.units) == Counter(
            r["digest"] for r in counted.values()
        )
        assert Counter(unit.kind for unit in account.units) == Counter(r["kind"] for r in counted.values())


def quoted(cell: str, *, always: bool) -> str:
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if always or set(cell) & set(';"\n\r') else cell


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A row of plausible cells, some of them empty, some of any text."""
    cells = []
    for name in CLINIC.header:
        cell = draw(st.one_of(st.sampled_from(["", *CELLS[name]]), st.text(max_size=6)))
        cells.append(quoted(cell, always=draw(st.booleans())))
    return ";".join(cells)


NOISE = st.sampled_from(
    ['"', ";", "\r", "\n", "\r\n", '""', "\0", "\ufeff", "  ", "é", "\x1a", ";;;", '";"', "\u2028"]
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "cp850", "utf-16", "utf-16-le", "utf-16-be"])


def test_any_rows():
    @settings(max_examples=sample(300, 60), deadline=None)
    @given(st.lists(lines(), max_size=4), ENCODINGS, st.sampled_from(["\n", "\r\n", "\r"]))
    def check(rows: list[str], encoding: str, end: str) -> None:
        agree(end.join([HEADER, *rows]).encode(encoding, "replace"))

    check()


def test_cut_and_disturbed_rows():
    @settings(max_examples=sample(300, 60), deadline=None)
    @given(
        st.lists(st.one_of(lines(), lines().map(lambda x: x[: len(x) // 2]), NOISE), max_size=6), ENCODINGS
    )
    def check(rows: list[str], encoding: str) -> None:
        agree(f"{HEADER}\n{''.join(rows)}".encode(encoding, "replace"))

    check()


def test_any_bytes_below_a_header():
    @settings(max_examples=sample(300, 60), deadline=None)
    @given(st.binary(max_size=200), st.sampled_from([b"", b"\xef\xbb\xbf", b"\n\n"]))
    def check(rest: bytes, mark: bytes) -> None:
        agree(mark + HEADER.encode() + b"\n" + rest)

    check()


def test_any_bytes_are_no_table_or_read_as_one():
    @settings(max_examples=sample(300, 60), deadline=None)
    @given(st.binary(max_size=300))
    def check(data: bytes) -> None:
        assert choose(file_of(data)) is None or choose(file_of(data)).name != "delimited"

    check()


def row_of(**cells: str) -> bytes:
    given = {"Datum": "05-03-2020 14:05", **cells}
    return f"{HEADER}\r\n{';'.join(quoted(given.get(name, ''), always=False) for name in CLINIC.header)}\r\n".encode()


def chart(data: bytes) -> etree._Element:
    source, _ = both(data)
    tree = etree.fromstring(write(source, 1)[2])
    for each in tree.iter():
        each.tag = etree.QName(each).localname
    return tree


def test_a_wide_row_is_divided_into_its_records():
    tree = chart(
        row_of(
            Gewicht="72,5",
            Glucose="5,4",
            Eenheid="mmol/l",
            LOINC="GLU",
            Brief="Beste",
            Diagnose="K86",
            Sinds="05/2019",
        )
    )
    kinds = [t.findtext("cd") for t in tree.iter("transaction")]
    assert kinds == ["clinicalsummary", "labresult", "contactreport", "note"]
    problem, lab, weight = tree.iter("item")
    assert problem.find("content/cd").attrib.items() == [("S", "ICPC"), ("SV", "2")]
    assert problem.findtext("beginmoment/yearmonth") == "2019-05"
    assert [cd.text for cd in lab.findall("cd")] == ["lab", "2345-7", "2345-7"]
    assert [each.text for each in lab.iterfind("content/*")] == ["5.4", "5.4 mmol/l"]
    assert [weight.findtext("content/decimal"), weight.findtext("content/unit/cd")] == ["72.5", "kg"]
    assert weight.find("cd[@DN]").get("DN") == "Gewicht"


def test_a_product_has_its_code_and_name():
    item = next(chart(row_of(CNK="2345679", Geneesmiddel="Lantus", Inname="1 x")).iter("item"))
    assert item.findtext("content/medicinalproduct/intendedcd") == "2345679"
    assert item.findtext("content/medicinalproduct/intendedname") == "Lantus"
    assert item.findtext("posology/text") == "1 x"


def test_a_number_that_is_no_national_number_is_carried():
    tree = chart(row_of(Rijksregister="85073003329", Geslacht="M", Verslag="hoest"))
    assert tree.find(".//patient/id[@S='INSS']") is None
    text = next(t for t in tree.iter("transaction") if t.findtext("cd") == "contactreport").findtext("text")
    assert text == "hoest\nRijksregister: 85073003329\nGeslacht: M"


def test_rows_that_are_set_aside_say_why():
    data = row_of(Geboren="1985") + row_of(Datum="").split(b"\n", 1)[1] + b"a;b\r\n" + b'"\r\n'
    source, tiling = both(data)
    reasons = [reject.reason.value for reject in source.rejects]
    assert reasons == ["value_invalid", "value_missing", "row_ragged", "row_ragged"]
    assert tiling.units == {"row": 4}
    assert b"".join(reject.raw.reveal() for reject in source.rejects) == data.split(b"\n", 1)[1]


def test_a_draft_is_refused():
    draft = CLINIC.changed(status="draft")
    rules = SiteRules(mappings=Mappings(lambda: (draft,)))
    file = SourceFile(1, 300, lambda: io.BytesIO(row_of()), export=Export(rules))
    with pytest.raises(MappingError) as caught:
        choose(file)
    assert caught.value.code == "mapping_draft"


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "x"])
def test_a_table_is_told_by_its_header(name):
    assert choose(file_of(row_of())).name == "delimited"
    assert choose(file_of(row_of().replace(b"Naam", b"naam"))) is None
    assert choose(file_of(row_of().replace(b";", b",", 5))) is None
