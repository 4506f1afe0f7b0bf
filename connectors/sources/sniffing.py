"""The flat message format of some bytes, told by their content, never by a name.

The rules stand in docs/formats/flat.md ("How a format is told"). The counters have their own code for them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LOOKED_AT = 4096
"""Bytes from the beginning by which a format is told."""
LINE_BYTES = 256
"""Bytes of a line by which a control line is told."""
_FIRST_LINES = 20
_HEADER_LINES = 40
_HEALTHONE = re.compile(r"\W{0,3}A[12]\\", re.IGNORECASE)
_HEALTHONE_LINES = tuple(re.compile(rf"[^\w\\]{{0,3}}A{n}\\", re.IGNORECASE) for n in (1, 2))
_HL7 = re.compile(r"\s*(?:MSH|FHS|BHS)[^\w\s]")
_FHIR = re.compile(r'\s*\{[^\0]*?"resourceType"\s*:\s*"[A-Z]')
_BEGINS = {"healthone": _HEALTHONE, "hl7": _HL7, "fhir": _FHIR}
_REQUEST = re.compile(r"#A(?!/)")
_RESULT = re.compile(r"#R[A-Za-z]\s*\Z")
_REQUEST_END = re.compile(r"#A/\s*\Z")
_LETTER = re.compile(r"/FROM\s*:")
_NUMBERED = re.compile(r"\d{4}.{10}S1|\s*\d{5,}\s+S1")


_MARKED = frozenset((b"\xef", b"\xff", b"\xfe"))


class Recognised(NamedTuple):
    """A format, and whether the first line already shows it."""

    format: str
    certain: bool


def recognise(head: bytes) -> Recognised | None:
    """The flat format of the bytes that a file, text or attachment begins with; None if it is none of them."""
    known = begins_with(head)
    if known is not None:
        return Recognised(known, certain=True)
    first = re.split(r"[\r\n]+", plain(head[:LOOKED_AT]).lstrip())[:_FIRST_LINES]
    if any(form.match(line) for form in _HEALTHONE_LINES for line in first):
        return Recognised("healthone", certain=False)
    return None


def begins_with(head: bytes) -> str | None:
    """The format of messages with which a text or an attachment begins; None if it begins with none."""
    text = plain(head[:LOOKED_AT])
    for name, begin in _BEGINS.items():
        if begin.match(text):
            return name
    first = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]
    if _LETTER.match(first) or _NUMBERED.match(first):
        return "medar"
    return "medidoc" if "#A" in text and _is_medidoc(re.split(r"\r\n|\r|\n", text)) else None


def plain(data: bytes) -> str:
    """The bytes as signs of Latin-1, without byte order mark and the zero bytes of UTF-16: enough to tell control lines."""
    if data[:1] in _MARKED:
        for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
            data = data.removeprefix(mark)
    return (data.replace(b"\0", b"") if b"\0" in data else data).decode("latin-1")


def _is_medidoc(lines: list[str]) -> bool:
    """Whether a request opens near the beginning, and a result, or the request's end, follows."""
    opened = next((n for n, line in enumerate(lines[:_HEADER_LINES]) if _REQUEST.match(line)), None)
    if opened is None:
        return False
    return any(_RESULT.match(line) or _REQUEST_END.match(line) for line in lines[opened + 1 :])
