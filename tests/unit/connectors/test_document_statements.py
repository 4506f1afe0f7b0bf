"""Whose a document is by sidecars and by patterns of the site: reader and counter say the same, of real and of random input."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.base import Batch, Export, Limits, Reject, SiteRules, SourceFile, Tiling
from connectors.inventory.documents.beside import rows_of
from connectors.inventory.documents.patterns import said_by_path
from connectors.inventory.documents.sidecar_counter import SidecarCounter
from connectors.inventory.documents.whose import whose
from connectors.sources.documents.patterns import is_pattern, stated_by_path
from connectors.sources.documents.sidecar_connector import SidecarConnector
from connectors.sources.documents.sidecars import entries_of
from connectors.sources.documents.statement import statement_of
from schemas.disposition import Reason
from schemas.document_kinds import DocumentKind
from schemas.sensitive import Sensitive

ONE, OTHER = "85073003328", "93051822361"
PDF = b"%PDF-1.4 x"
PERSON = {"nom": "Peeters", "prénom": "Jan", "date de naissance": "30/07/1985", "sexe": "M"}
ROOT = "<document><rijksregisternummer>85.07.30-033.28</rijksregisternummer><datum>5.3.2020</datum><titel>Brief</titel></document>"


def export(files: dict[str, bytes], *patterns: str) -> dict[str, SourceFile]:
    """The files of a made-up export."""
    made = Export(SiteRules(patterns))
    found = {
        name: SourceFile(at, len(data), lambda data=data: io.BytesIO(data), Sensitive(name), made)
        for at, (name, data) in enumerate(files.items(), 1)
    }
    for file in found.values():
        made.add(file)
    return found


def both(file: SourceFile) -> dict[str, str] | None:
    """What reader and counter say of a document, if it is the same; without what is empty."""
    ours, theirs = statement_of(file), whose(file)
    if ours is None or theirs is None:
        assert ours is theirs is None
        return None
    said = {name: str(value) for name, value in ours._asdict().items() if value}
    kind = theirs.kind or DocumentKind.UNCLASSIFIED
    counted = {
        "number": theirs.number, "family": theirs.family, "first": theirs.first, "birth": theirs.birth, "sex": theirs.sex,
        "date": theirs.day, "title": theirs.title, "kind": kind,
    }  # fmt: skip
    assert said == {name: str(value) for name, value in counted.items() if value}
    return said


def text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


JAN = {"family": "Peeters", "first": "Jan", "birth": "1985-07-30", "sex": "male"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.pdf": PDF, "a.json": text({"inss": ONE, "date": "2020-03-05", "kind": "lab"})},
         {"number": ONE, "date": "2020-03-05", "kind": "lab"}),
        ({"a.pdf": PDF, "a.pdf.json": text({"patient": PERSON, "title": "Verslag"})},
         {**JAN, "title": "Verslag", "kind": "specialist_report"}),
        ({"x/a.pdf": PDF, "x/A.XML": ROOT.encode()},
         {"number": ONE, "date": "2020-03-05", "title": "Brief", "kind": "correspondence"}),
        ({"x/a.pdf": PDF, "index.csv": f'File;NISS;Titre\r\nX\\a.pdf;{ONE};"L;abo"\r\n'.encode("cp1252")},
         {"number": ONE, "title": "L;abo", "kind": "unclassified"}),
        ({"x/a.pdf": PDF, "x/index.csv": ("bestand\tnaam\tvoornaam\tgeboortedatum\tgeslacht\na.pdf\tPeeters\tJan\t19850730\tman\n")
          .encode("utf-16")}, {**JAN, "kind": "unclassified"}),
        ({f"{ONE}/a.pdf": PDF, f"{ONE}/a.json": text({"nom": "", "titre": "Brief"})},
         {"number": ONE, "title": "Brief", "kind": "correspondence"}),
        ({f"{OTHER}/a.pdf": PDF, f"{OTHER}/a.json": text({"inss": ONE})}, None),  # two people
        ({"a.pdf": PDF, "a.jpg": PDF, "a.json": text({"inss": ONE})}, None),  # whose is it?
        ({"a.pdf": PDF, "a.json": b'{"inss": "%s", "inss": "%s"}' % (ONE.encode(), OTHER.encode())}, None),
        ({"a.pdf": PDF, "a.json": text({"inss": "85073003329"})}, None),
        ({"a.pdf": PDF, "a.json": text({"nom": "Peeters", "prenom": "Jan", "dob": "1985-07-30"})}, None),  # no sex
        ({"a.pdf": PDF, "a.json": text({"inss": ONE, "file": "b.pdf"}), "b.pdf": PDF}, None),
        ({"a.pdf": PDF, "index.csv": f"file;inss\na.pdf;{ONE}\na.pdf;{OTHER}\n".encode()}, None),
        ({"a.pdf": PDF, "index.csv": f"file;inss\n../a.pdf;{ONE}\n".encode()}, None),
        ({"a.pdf": PDF, "a.xml": b"<!DOCTYPE x>" + ROOT.encode()}, None),
        ({"a.pdf": PDF, "a.json": b"{"}, None),
    ],
)  # fmt: skip
def test_what_sidecars_state(files, expected):
    found = export(files)
    document = next(file for name, file in found.items() if name.endswith(".pdf"))
    said = both(document)
    assert said == (expected and {"kind": "unclassified", **expected})


RULE = "{family}_{first}_{birth:ddmmyyyy}_{sex}/{date:yyyy-mm-dd} {title}"


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        (RULE, "disk/Peeters_Jan_30071985_M/2020-03-05 Labo.pdf", {**JAN, "date": "2020-03-05", "title": "Labo", "kind": "lab"}),
        (RULE, "disk/De_Smet_Jan_30071985_M/2020-03-05 Labo.pdf", None),  # two ways
        (RULE, "disk/Peeters_Jan_31021985_M/2020-03-05 Labo.pdf", None),  # no such day
        (RULE, "disk/Peeters_Jan_30071985_X/2020-03-05 Labo.pdf", None),
        (RULE, "2020-03-05 Labo.pdf", None),
        ("{number}-{title}", f"{ONE}-Brief.pdf", {"number": ONE, "title": "Brief", "kind": "correspondence"}),
        ("{number}/{*}/{title}", f"{ONE}/scans/Brief.pdf", {"number": ONE, "title": "Brief", "kind": "correspondence"}),
        ("{*}-{number}", f"{OTHER}-{ONE}.pdf", {"number": ONE, "kind": "unclassified"}),
    ],
)  # fmt: skip
def test_what_a_pattern_of_the_site_states(pattern, path, expected):
    assert is_pattern(pattern)
    (file,) = export({path: PDF}, pattern).values()
    if pattern.startswith("{*}"):  # the path alone names two people, which the pattern does not mend
        assert stated_by_path(path, pattern).number == said_by_path(path, pattern).number == ONE
        return
    assert both(file) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "", "{title}", "{family}{first}/{birth:ddmmyyyy}{sex}", "{number}{number}", "{number}/{date:ddmm}", "{number",
        "{family}_{first}/{sex}", "{number} {date:yyyymmdd1}", "{number}/{date}", "{number}/", "{number}/{x}",
        "{number}/{family} {first} {title} {*}",
    ],
)  # fmt: skip
def test_a_pattern_that_is_not_certain_is_refused(pattern):
    assert not is_pattern(pattern)


def test_two_patterns_that_differ_state_nothing():
    patterns = ("{number} {date:ddmmyyyy}", "{number} {title}")
    path = f"x/{ONE} 05032020.pdf"
    assert [bool(stated_by_path(path, each)) for each in patterns] == [True, True]
    assert both(export({path: PDF}, *patterns)[path]) is None
    assert both(export({path: PDF}, patterns[0], patterns[0])[path]) is not None


def rows_and_tiling(file: SourceFile) -> tuple[list[Reject], list[Batch], Tiling]:
    made = list(SidecarConnector().read(file, 1, lambda unit: None, Limits()))
    counted = list(SidecarCounter().count(file, 1, b"k" * 32, Limits()))
    rejects = [each for each in made if isinstance(each, Reject)]
    batches = [each for each in made if isinstance(each, Batch)]
    units = [u for b in counted[:-1] if b.table == "counted_unit" for u in b.rows["unit"].to_pylist()]
    staged = [
        u for b in batches if b.table in ("unit", "link", "document") for u in b.rows["unit"].to_pylist()
    ]
    assert sorted(units) == sorted(staged + [each.unit for each in rejects])
    tiling = counted[-1]
    assert tiling.unit_bytes + tiling.structural_bytes == tiling.size == file.size
    return rejects, batches, tiling


def test_a_row_is_handed_over_and_a_file_that_is_not_there_has_a_placeholder():
    index = f"file;inss;title\na.pdf;{ONE};x\n\ngone.pdf;{OTHER};Rapport\nb.pdf;123;\n".encode()
    file = export({"a.pdf": PDF, "index.csv": index})["index.csv"]
    rejects, batches, tiling = rows_and_tiling(file)
    assert [(each.unit, each.reason, each.raw.reveal()) for each in rejects] == [
        ("2/1.1", Reason.DESCRIBES_DOCUMENT, f"a.pdf;{ONE};x\n".encode()),
        ("2/3.1", Reason.PATIENT_UNKNOWN, b"b.pdf;123;\n"),
    ]
    (link,) = [row for b in batches if b.table == "link" for row in b.rows.to_pylist()]
    assert (link["unit"], link["url"]) == ("2/2.2.3", "gone.pdf")
    assert tiling.patients == 3


SIGNS = st.sampled_from(
    [*';,\t\r\n"{}[]:<>/\\ aéX19.-_', ONE, OTHER, "a.pdf", "gone.pdf", "file", "inss", "nom", "sexe", "M", "naam", "Peeters",
     "geboortedatum", "1985-07-30", "<d>", "</d>", "<nom>", "</nom>", "2020-03-05", "\0", "\u2028"]
)  # fmt: skip
RANDOM = st.lists(SIGNS, max_size=40).map("".join)
HEADED = RANDOM.map(lambda rest: f"file;inss;naam\n{rest}")


@settings(max_examples=400)
@given(
    st.sampled_from(["index.csv", "a.json", "a.pdf.xml", "c.json"]),
    RANDOM.map(str.encode) | HEADED.map(str.encode) | HEADED.map(lambda t: t.encode("utf-16")) | st.binary(max_size=99),
)  # fmt: skip
@example("index.csv", b'file;inss\n"a.pdf"x;1\n"a;b\n;"";""\n')
@example("a.json", b'{"inss": {"inss": "85073003328"}, "file": 3}')
def test_any_sidecar_is_read_and_counted_alike(name, data):
    files = export({"a.pdf": PDF, name: data})
    both(files["a.pdf"])
    ours, theirs = entries_of(files[name]) or [], rows_of(files[name])
    assert [entry.raw for entry in ours] == [data[row.begin : row.end] for row in theirs]
    assert [entry.path for entry in ours] == [row.path for row in theirs]
    if ours:
        rows_and_tiling(files[name])


PARTS = st.sampled_from(
    [
        "{family}",
        "{first}",
        "{number}",
        "{birth:ddmmyyyy}",
        "{sex}",
        "{title}",
        "{*}",
        "_",
        "-",
        " ",
        "/",
        "a",
    ]
)


@settings(max_examples=400)
@given(
    st.lists(PARTS, max_size=8).map("".join),
    st.lists(st.sampled_from([ONE, "a", "_", "-", " ", "/", "M", "30071985", "b.pdf"]), max_size=12).map(
        "".join
    ),
)
def test_any_path_fits_a_pattern_alike(pattern, path):
    if is_pattern(pattern):
        ours, theirs = stated_by_path(path, pattern), said_by_path(path, pattern)
        assert (ours is None) == (theirs is None)
        if ours and theirs:
            assert tuple(ours)[:7] == (
                theirs.number, theirs.family, theirs.first, theirs.birth, theirs.sex, theirs.day, theirs.title,
            )  # fmt: skip
