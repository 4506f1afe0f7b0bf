"""The flat message formats for the counters: how they are told, divided and read.

To add a format: its rule in `format_of`, and a row in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.inventory.fhir import lines as fhir
from connectors.inventory.flat.counter import FlatCounter, FlatFormat
from connectors.inventory.flat.decoding import raw_lines
from connectors.inventory.flat.reading import ReadMessage
from connectors.inventory.healthone import lines as healthone
from connectors.inventory.hl7 import lines as hl7
from connectors.inventory.medar import lines as medar
from connectors.inventory.medidoc import lines as medidoc

FORMATS = {
    each.NAME: FlatFormat(each.NAME, each.divide, each.read, each.begins)
    for each in (healthone, medidoc, medar, hl7, fhir)
}
_LOOKED_AT = 4096
_HEADER_LINES = 40
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def flat_counters() -> dict[str, FlatCounter]:
    """The counters of all flat formats by name."""
    return {name: FlatCounter(form) for name, form in FORMATS.items()}


def format_of(content: bytes) -> str | None:
    """The format of the messages with which some bytes begin; None if they begin with none."""
    head = content[:_LOOKED_AT]
    for mark in _MARKS:
        head = head.removeprefix(mark)
    text = head.replace(b"\0", b"").decode("latin-1")
    if _is_healthone(text):
        return healthone.NAME
    if _is_hl7(text.lstrip()):
        return hl7.NAME
    if _is_fhir(text.lstrip()):
        return fhir.NAME
    first = text.lstrip().replace("\r", "\n").partition("\n")[0]
    if _is_medar(first):
        return medar.NAME
    if "#A" not in text:
        return None
    return medidoc.NAME if _is_medidoc(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) else None


def read_all(format_name: str, content: bytes) -> Iterator[ReadMessage]:
    """Yield every message in the bytes."""
    form = FORMATS[format_name]
    for number, (lines, borrowed) in enumerate(form.divide(raw_lines([content])), start=1):
        yield form.read(number, b"".join(lines), borrowed)


def _is_healthone(text: str) -> bool:
    """An A1 or A2 line at the beginning, after at most three signs that are no letters, digits or underscores."""
    for at in range(4):
        if text[at : at + 3].upper() in ("A1\\", "A2\\"):
            return True
        if not text[at : at + 1] or text[at].isalnum() or text[at] == "_":
            return False
    return False


def _is_hl7(text: str) -> bool:
    """The name of a header, and behind it a sign that separates fields."""
    mark = text[3:4]
    named = text[:3] in ("MSH", "FHS", "BHS")
    return named and mark != "" and not (mark.isalnum() or mark.isspace() or mark == "_")


def _is_fhir(text: str) -> bool:
    """An object that names the type of a resource with a capital."""
    at = text.find('"resourceType"') if text[:1] == "{" else -1
    while at >= 0:
        behind = text[at + 14 :].lstrip()
        name = behind[1:].lstrip()
        if behind[:1] == ":" and name[:1] == '"' and "A" <= name[1:2] <= "Z":
            return True
        at = text.find('"resourceType"', at + 1)
    return False


def _is_medar(line: str) -> bool:
    """A `/FROM` line, or the S1 record of a report."""
    if line.startswith("/FROM"):
        return line[5:].lstrip()[:1] == ":"
    if len(line) >= 16 and line[:4].isdecimal() and line[14:16] == "S1":
        return True
    digits, *rest = line.split(None, 1) or [""]
    return len(digits) >= 5 and digits.isdecimal() and bool(rest) and rest[0].startswith("S1")


def _is_medidoc(lines: list[str]) -> bool:
    """A request near the beginning, and below it a result, or its end."""
    at = next(
        (n for n, line in enumerate(lines[:_HEADER_LINES]) if line[:2] == "#A" and line[2:3] != "/"), None
    )
    if at is None:
        return False
    for line in lines[at + 1 :]:
        opens = line[:2] == "#R" and line[2:3].isascii() and line[2:3].isalpha() and not line[3:].strip()
        if opens or (line[:3] == "#A/" and not line[3:].strip()):
            return True
    return False
