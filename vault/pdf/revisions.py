"""The revisions of an append-only PDF, read only from its cross-reference tables (ISO 32000-1, 7.5.4 to 7.5.6).

Tables must be plain text, as in the page rendered here. Compressed tables are refused, so nothing is ever inflated, and an object
can be reached only where a table says it is. Every byte belongs to exactly one revision.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_REVISIONS = 32
MAX_TABLE = 64 << 10
_ENTRY = rb"\d{10} \d{5} [nf](?:\r\n| \r| \n)"
_SECTION = re.compile(
    rb"xref\s{1,4}((?:\d{1,10} \d{1,10}[ ]?\r?\n(?:" + _ENTRY + rb")*)+)"
    rb"trailer\s*<<([^%#]*)>>\s*startxref\s{1,4}(\d{1,10})\s{1,4}%%EOF([\r\n]{0,2})"
)
_SUBSECTION = re.compile(rb"(\d{1,10}) (\d{1,10})[ ]?\r?\n((?:" + _ENTRY + rb")*)")
_LAST_TRAILER = re.compile(rb"startxref\s{1,4}(\d{1,10})\s{1,4}%%EOF[\r\n]{0,2}\Z")
_PREVIOUS_TRAILER = re.compile(rb"/Prev\s+(\d{1,10})")


@dataclass(frozen=True)
class Revision:
    """One update: the start of the update and of its table, its end, and the objects that it rewrites or frees."""

    start: int
    table: int
    marker_end: int  # just after %%EOF; the line ends that follow belong to the revision too
    end: int
    objects: frozenset[int]


def revisions_after(pdf: bytes, base: int) -> list[Revision]:
    """Returns the updates after the first `base` bytes. Raises ValueError for anything but plain appends."""
    if len(pdf) == base:
        return []
    home = _startxref(pdf[max(0, base - 64) : base])
    table = _startxref(pdf[-64:])
    sections: list[tuple[int, re.Match[bytes]]] = []
    while table != home:
        found = _SECTION.match(pdf, table, min(len(pdf), table + MAX_TABLE))
        if found is None or table < base or len(sections) == MAX_REVISIONS or int(found[3]) != table:
            raise ValueError
        sections.append((table, found))
        table = _previous(found[2], below=table)
    return _joined(sections[::-1], base, len(pdf))


def _startxref(tail: bytes) -> int:
    found = _LAST_TRAILER.search(tail)
    if found is None:
        raise ValueError
    return int(found[1])


def _previous(trailer: bytes, *, below: int) -> int:
    found = _PREVIOUS_TRAILER.findall(trailer)
    if len(found) != 1 or b"XRefStm" in trailer or b"Encrypt" in trailer or int(found[0]) >= below:
        raise ValueError
    return int(found[0])


def _joined(sections: list[tuple[int, re.Match[bytes]]], base: int, length: int) -> list[Revision]:
    made: list[Revision] = []
    start = base
    for table, found in sections:
        if table <= start:
            raise ValueError
        made.append(Revision(start, table, found.start(4), found.end(), _objects(found[1])))
        start = found.end()
    if start != length:
        raise ValueError
    return made


def _objects(text: bytes) -> frozenset[int]:
    numbers: set[int] = set()
    for first, count, entries in _SUBSECTION.findall(text):
        if int(count) * 20 != len(entries):
            raise ValueError
        numbers.update(range(int(first), int(first) + int(count)))
    return frozenset(numbers - {0})
