"""What is no record, told by content first; and what may be one, which is never called a stray file."""

from __future__ import annotations

import io
import zipfile

import pytest

from connectors.base import SourceFile
from connectors.beside import no_record
from connectors.registry import choose
from schemas.disposition import Reason
from schemas.sensitive import Sensitive

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, b"<x/>")
    return data.getvalue()


def file_of(data: bytes, name: str) -> SourceFile:
    return SourceFile(1, len(data), lambda: io.BytesIO(data), Sensitive(name))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "export.xml"),
        (b" \r\n", "x"),
        (b"see export.xml", "readme.txt"),
        ("à lire d'abord: dossier médical exporté le 1/2/2026".encode("cp1252"), "x"),
        ("lees dit".encode("utf-16"), "x"),
        (b"\xef\xbb\xbfnota", "x"),
        (b"[.ShellClassInfo]\r\nIconResource=a.dll,3\r\n", "desktop.ini"),
        (b"\x00\x00\x00\x01Bud1\x00\x00", "whatever"),
        (b"\x00\x05\x16\x07\x00\x02", "a/b"),
        (OLE, "sub/THUMBS.DB"),
        (b"\x01\x02\x03", "Thumbs.db"),
        (b"\x01\x02\x03", "__MACOSX/a/b.xml"),
        (b"\xff\xd8\xff\xe0", "Folder.jpg"),
        (b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  export.xml\n", "SHA256SUMS"),
        (b"<?xml version='1.0'?><xs:schema xmlns:xs='x'><xs:element/></xs:schema>", "kmehr.xml"),
        (b"put the <folder> here", "x"),
    ],
)
def test_no_record(data, name):
    assert no_record(file_of(data, name)) is Reason.NO_RECORD


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.7", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", OLE, b"<!DOCTYPE html><html><p>x</p></html>",
     zipped("[Content_Types].xml", "word/document.xml"), b"{\\rtf1 x}"],
)  # fmt: skip
def test_a_document_of_its_own(data):
    assert no_record(file_of(data, "a/scan")) is Reason.DOCUMENT_BESIDE
    assert choose(file_of(data, "x")) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02 not at all",
        zipped("1.xml"),
        b"SQLite format 3\x00",
        b"age-encryption.org/v1\n\x00",
        b"naam;voornaam;datum\nJanssens;An;1950\nPeeters;Jan;1960\n",
        b"\xef\xbb\xbfa\tb\tc\r\n1\t2\t3\r\n4\t5\t6\r\n",
        b"the patient 50.02.02-101.30 was seen",
        b"A2\\1\\x\\y\\\nL1\\1\\x\\\n",
        b"MSH|^~\\&|LAB\rPID|1\r",
        b"text before </transaction></folder>",
        b"<?xml version='1.0'?><ClinicalDocument><x/></ClinicalDocument>",
        b"<?xml version='1.0'?><kmehrmess",
        b"a line of a long list\n" * 4000,
    ],
)
def test_what_may_hold_records_is_not_called_stray(data):
    assert no_record(file_of(data, "readme.txt")) is None


def test_a_record_is_told_by_its_content_whatever_its_name(shared):
    data = (shared / "cases/B25-stray-readme/export.xml").read_bytes()
    assert choose(file_of(data, "Thumbs.db")) is not None
