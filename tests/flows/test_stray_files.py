"""What lies beside the records, damaged files, repeated files: the others go on, and everything is handed over."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support.practice_in_process import Package, Practices

from schemas.errors import CeilingError, UnknownFormatError, UnreadableSourceError

CASES = Path(__file__).resolve().parents[1] / "vectors" / "cases"
NAMES = ("B25-stray-readme/export.xml", "Z7-folder/EXPORT.XML", "L1-confidential-transaction.xml")
PATIENTS = [(CASES / name).read_bytes() for name in NAMES]  # three people, files of one size about
THUMBS = (CASES / "Z7-folder/Thumbs.db").read_bytes()
APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(80)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return Practices(tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """The doctor agrees to nothing degraded and nothing set aside."""
    none = {"degraded_permille": 0, "quarantined_permille": 0}
    return Practices(tmp_path_factory.mktemp("strict"), ceilings=none)


@pytest.fixture
def folder(tmp_path):
    def make(files: dict[str, bytes]) -> Path:
        for name, data in files.items():
            path = tmp_path / "export" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return tmp_path / "export"

    return make


def kept(package: Package) -> dict[str, bytes]:
    assert package.error is None
    return {
        n.removeprefix("quarantine/"): d for n, d in package.report.items() if n.startswith("quarantine/")
    }


def test_what_lies_beside_is_held_against_no_ceiling(strict, folder):
    beside = {
        "readme.txt": b"see export.xml",
        "Thumbs.db": THUMBS,
        "._1.xml": APPLE_DOUBLE,
        "empty.xml": b"",
        "scan.pdf": b"%PDF-1.4\n1 0 obj<<>>endobj",
    }
    package = strict.carry(folder({"b/1.xml": PATIENTS[0], "b/copy of 1.xml": PATIENTS[0], **beside}))
    assert len(package.charts) == 1
    names = [
        "no_record.txt",
        "no_record.bin",
        "no_record.xml",
        "no_record.xml",
        "same_file_twice.xml",
        "document_beside.pdf",
    ]
    found = kept(package)
    assert sorted(name.partition("-")[2] for name in found) == sorted(names)
    assert sorted(found.values()) == sorted([*beside.values(), PATIENTS[0]])
    page = package.report["work-list.html"].decode()
    assert [name for name in (*beside, "b/copy of 1.xml") if f"<dd>{name}</dd>" not in page] == []


def test_a_file_that_differs_by_mark_and_line_ends_alone_is_taken_over_once(strict, folder):
    lines = PATIENTS[0].replace(b"><", b">\n<")
    again = b"\xef\xbb\xbf" + lines.replace(b"\n", b"\r\n") + b"\r\n"
    package = strict.carry(folder({"1.xml": lines, "2.xml": again}))
    assert kept(package) == {"2_0-same_file_twice.xml": again}
    assert len(package.charts) == 1
    (chart,) = package.charts.values()
    assert chart.count(b">healthcareelement<") == 1


def test_one_damaged_file_of_three_does_not_stop_the_others(usual, folder):
    damaged = PATIENTS[1].replace(b"</patient>", b"")
    package = usual.carry(folder({"1.xml": PATIENTS[0], "2.xml": damaged, "3.xml": PATIENTS[2]}))
    assert kept(package) == {"2_0-not_well_formed.xml": damaged}
    assert len(package.charts) == 2
    line = damaged[: damaged.index(b"</folder>")].count(b"\n") + 1
    assert f"2.xml ({line}:" in package.report["work-list.html"].decode()


@pytest.mark.parametrize(
    ("damaged", "practice", "facts"),
    [
        ({0, 2}, "usual", {"kind": "file", "count": 2, "of": 3, "limit": 200, "files": "1,3"}),
        ({1}, "strict", {"kind": "file", "count": 1, "of": 3, "limit": 0, "files": "2"}),
    ],
)
def test_more_damaged_files_than_agreed_are_named(request, folder, damaged, practice, facts):
    cut = {n: data[:-40] if n in damaged else data for n, data in enumerate(PATIENTS)}
    files = {f"{n}.xml": data for n, data in cut.items()} | {"z.txt": b"a note"}
    package = request.getfixturevalue(practice).carry(folder(files))
    assert isinstance(package.error, CeilingError)
    assert (package.error.code, package.error.facts) == ("too_many_quarantined", facts)
    assert "counted by path" in package.error.advice


def test_a_large_part_of_the_bytes_is_not_let_pass(usual, folder):
    text = b"<text>" + b"x" * 20_000 + b"</text></transaction>"
    large = PATIENTS[1].replace(b"</transaction>", text, 1)[:-40]
    package = usual.carry(folder({"1.xml": PATIENTS[0], "2.xml": large, "3.xml": PATIENTS[2]}))
    assert isinstance(package.error, CeilingError)
    assert package.error.facts["files"] == "2"


def test_what_a_mac_puts_into_an_archive_and_a_damaged_member_stop_nothing(usual, tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.mkdir("export")
        archive.mkdir("__MACOSX")
        archive.writestr("export/1.xml", PATIENTS[0])
        archive.writestr("__MACOSX/export/._1.xml", APPLE_DOUBLE)
        archive.writestr("__MACOSX/other", b"\x01\x02")
        archive.writestr("export/empty.xml", b"")
        archive.writestr("export/2.xml", PATIENTS[1])
        archive.writestr("export/3.xml", PATIENTS[2])
    data = path.read_bytes()
    path.write_bytes(data.replace(PATIENTS[1], PATIENTS[1].replace(b"hypertension", b"hypotensions")))
    package = usual.carry(path)
    assert len(package.charts) == 2
    assert sorted(kept(package)) == [
        "2_0-no_record.xml", "3_0-no_record.bin", "4_0-no_record.xml", "5_0-unreadable_file.xml",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "kind", "code", "facts"),
    [
        ({"P": CASES / "P9-no-folder.xml"}, UnreadableSourceError, "no_patient", {"count": 1}),
        ({"P": CASES / "P9-no-folder.xml", "note": b"a note"}, UnreadableSourceError, "no_patient", {"count": 2}),
        ({"Thumbs.db": THUMBS, "readme": b"put the <folder> here"}, UnknownFormatError, "no_known_file", {"count": 2}),
    ],
)  # fmt: skip
def test_an_export_without_a_patient_is_refused(usual, folder, files, kind, code, facts):
    source = folder({n: d.read_bytes() if isinstance(d, Path) else d for n, d in files.items()})
    package = usual.carry(source)
    assert isinstance(package.error, kind)
    assert (package.error.code, package.error.facts) == (code, facts)


@pytest.mark.parametrize("beside", [{}, {"0.txt": b"a note", "Thumbs.db": THUMBS}])
def test_xml_that_breaks_says_where(usual, folder, beside):
    data = (CASES / "I13-raw-ampersand.xml").read_bytes()
    package = usual.carry(folder({"export.xml": data, **beside}))
    last = data.splitlines()[1].decode()
    place = {
        "file": 1 + ("0.txt" in beside) + ("Thumbs.db" in beside),
        "line": 2,
        "column": last.index(" & ") + 3,
    }
    assert package.error is not None
    assert (package.error.code, package.error.facts) == ("not_well_formed", {**place, "count": 1})
    assert package.error.exit_code == 20
    assert f"column={place['column']}" in package.error.message
