"""Files handed over outside of the charts: under which ending a person opens them, and what a damaged one still holds."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from connectors.media_types import HEAD_BYTES, PROGRAM, sniff_media_type

ENDINGS = {
    "application/pdf": "pdf", "text/rtf": "rtf", "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif",
    "image/tiff": "tif", "application/msword": "doc", "application/zip": "zip", "text/html": "html", "text/xml": "xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx", "text/plain": "txt",
    "message/rfc822": "eml",
}  # fmt: skip
UNKNOWN = "bin"
_KEPT = frozenset(
    {*ENDINGS.values(), "xls", "xlsx", "odt", "ods", "csv", "jpeg", "tiff", "bmp", "dcm", "hl7", "lab", "rep"}
)
"""Endings of files in an export that stay. No program runs by a double click on one of them."""
_PDF_BODY = re.compile(rb"\d+ \d+ obj\b")
_PDF_HEAD = b"%PDF-1.4\n"
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SHORTEST = 64  # bytes: less is no file


def ending_of(head: bytes, name: str = "") -> str:
    """The ending for a file that begins so, or that had this name in the export."""
    sniffed = sniff_media_type(head[:HEAD_BYTES])
    if sniffed in ENDINGS and sniffed != "text/plain":
        return ENDINGS[sniffed]
    stated = name.rpartition(".")[2].lower()
    if stated in _KEPT and sniffed not in (PROGRAM, "application/x-elf"):
        return stated
    return ENDINGS.get(sniffed or "", UNKNOWN)


def decode_damaged(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What can be decoded of base64 with foreign characters in it, piece by piece.

    A foreign character stands for a lost one, so that what follows it is still read; white space and padding do not count.
    """
    left = b""
    for piece in pieces:
        data = left + _NOT_BASE64.sub(b"A", piece.translate(_URL_SAFE, b" \t\r\n="))
        whole = len(data) & ~3
        left = data[whole:]
        yield base64.b64decode(data[:whole])
    if len(left) > 1:
        yield base64.b64decode(left + b"A" * (4 - len(left)))[: len(left) - 1]


def mended(pieces: Iterator[bytes]) -> tuple[str, Iterator[bytes]] | None:
    """The ending and the bytes of a decoded file that programs open; None if it is none that is known.

    A PDF that has lost its first line gets one.
    """
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    ending = ending_of(head) if len(head) >= _SHORTEST else UNKNOWN
    if ending == UNKNOWN:
        if not _PDF_BODY.search(head[:HEAD_BYTES]):
            return None
        ending, head = "pdf", _PDF_HEAD + head
    return ending, _chain(head, pieces)


def _chain(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from pieces
