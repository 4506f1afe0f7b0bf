"""Documents by their bytes: each kind that practices keep is told, named as KMEHR names it, and a document for the reader."""

from __future__ import annotations

import io
import zipfile

import pytest

from connectors.base import SourceFile
from connectors.beside import is_document
from connectors.media_types import DOCX, sniff_media_type
from connectors.targets.media import media_type_of


def docx() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", "word/document.xml"):
            archive.writestr(name, "<x/>")
    return stream.getvalue()


DOC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "WordDocument".encode("utf-16-le")
LETTER = "Cher confrère, votre patient va mieux."


@pytest.mark.parametrize(
    ("data", "sniffed", "named"),
    [
        (b"%PDF-1.7\n", "application/pdf", "application/pdf"),
        (b"{\\rtf1 x}", "text/rtf", "text/rtf"),
        (b"II*\0x", "image/tiff", "image/tiff"),
        (b"MM\0*x", "image/tiff", "image/tiff"),
        (b"\xff\xd8\xff\xe0x", "image/jpeg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png", "image/png"),
        (DOC, "application/msword", "application/msword"),
        (docx(), DOCX, None),
        (LETTER.encode("cp850"), "text/plain", "text/plain"),
        (LETTER.encode("utf-16"), "text/plain", "text/plain"),
        (b"<!DOCTYPE HTML><html>x</html>", "text/html", "text/html"),
        (b'<?xml version="1.0"?>\n<!-- x --><html xmlns="x">x</html>', "text/html", "text/html"),
        (b"From: a@example.be\r\nMessage-ID: <1>\r\n\r\nx", "message/rfc822", None),
    ],
)
def test_documents_are_told_by_their_bytes(data, sniffed, named):
    assert is_document(SourceFile(1, len(data), lambda: io.BytesIO(data)))
    assert sniff_media_type(data) == sniffed
    assert media_type_of(sniffed) == named
