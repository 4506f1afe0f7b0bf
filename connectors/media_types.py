"""What kind of file some bytes are, by the first of them."""

from __future__ import annotations

import re

HEAD_BYTES = 1 << 16
"""How many bytes are looked at."""
MAGIC = (
    (b"%PDF", "application/pdf"),
    (b"{\\rtf", "text/rtf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x7fELF", "application/x-elf"),
)
PROGRAM = "application/vnd.microsoft.portable-executable"
WORD_STREAM = "WordDocument".encode("utf-16-le")
MAIL = re.compile(rb"(?:[A-Za-z-]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){0,60}(?i:MIME-Version|Message-ID):")
"""The header of a mail (RFC 5322) up to a field that every mail program writes."""
_WEB_PAGE = re.compile(rb"<\?xml[^>]*\?>\s*(?:<!--.*?-->\s*)*(?:<!doctype html|<html)", re.DOTALL)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


_ZIPPED_DOCUMENT = re.compile(
    rb"PK\x03\x04.{26}(?:\[Content_Types\]\.xml|_rels/|docProps/|word/|xl/|mimetypeapplication/)", re.DOTALL
)
"""Office documents of both standards, and electronic books: their first member names them."""


def is_zipped_document(head: bytes) -> bool:
    """Whether the first bytes of a zip are those of a document that is kept as a zip."""
    return _ZIPPED_DOCUMENT.match(head) is not None


def sniff_media_type(head: bytes) -> str | None:
    """The media type shown by the first bytes, None if they show none. Labels are ignored."""
    for magic, media_type in MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith(b"MZ") and _is_program(head):
        return PROGRAM
    if head.startswith(b"PK\x03\x04"):
        return DOCX if b"word/" in head else "application/zip"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "application/msword" if WORD_STREAM in head else "application/x-ole-storage"
    return _text_type(head)


def _is_program(head: bytes) -> bool:
    """Whether the old header points to a new one (Microsoft PE format, section MS-DOS stub)."""
    at = int.from_bytes(head[0x3C:0x40], "little")
    return head[at : at + 4] == b"PE\0\0"


def _text_type(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # a mark of UTF-16: judged by its signs of ASCII
        head = head[2:HEAD_BYTES].replace(b"\0", b"")
    body = head[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    if not body or body.translate(None, bytes(c for c in range(32) if c not in (9, 10, 12, 13, 26))) != body:
        return None
    if MAIL.match(body):
        return "message/rfc822"
    start = body.lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    if start.startswith(b"<?xml"):
        return "text/html" if _WEB_PAGE.match(start) else "text/xml"
    return "text/plain"
