"""The records of a delimited file: cut into lines by their bytes, and read by the `csv` module of the standard library."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connectors.sources.flat.lines import cut_lines
from connectors.sources.flat.text import in_page, page_of
from schemas.mapping import Dialect, Mapping

HEADER_BYTES = 64 << 10
"""A header is looked for in so many bytes."""
_MARKS = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
_CODECS = {"windows-1252": "cp1252", "iso-8859-15": "iso8859_15"}
_REMOVED = dict.fromkeys(
    [
        *(code for code in range(0x20) if chr(code) not in "\t\n"),
        0x7F,
        0xFEFF,
        0xFFFE,
        0xFFFF,
        *range(0xD800, 0xE000),
    ]
)
csv.field_size_limit(sys.maxsize)


class Record(NamedTuple):
    """One record: its cells, or None if they cannot be told apart, and its bytes."""

    cells: list[str] | None
    raw: bytes

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


def known_mapping(head: bytes, mappings: Iterable[Mapping]) -> Mapping | None:
    """The mapping whose header the file begins with; `head`: its first `HEADER_BYTES`."""
    for mapping in mappings:
        first = next(records(head[: _first_end(head)], mapping.file), None)
        if first is not None and first.cells == list(mapping.header):
            return mapping
    return None


def _first_end(head: bytes) -> int:
    """Where the first line ends that is not empty: a header has no line end in it."""
    at = 0
    for line in cut_lines(head):
        at += len(line)
        if line.strip(b"\r\n\0\xff\xfe\xef\xbb\xbf"):
            break
    return at


def records(data: bytes, dialect: Dialect) -> Iterator[Record]:
    """Yield every record of a file in order, without empty lines."""
    page = page_of(data) if dialect.encoding == "detect" else _CODECS.get(dialect.encoding, dialect.encoding)
    taken: list[bytes] = []
    lines = _texts(data, page, taken)
    reader = csv.reader(
        lines,
        delimiter=dialect.separator,
        quotechar=dialect.mark or None,
        quoting=csv.QUOTE_MINIMAL if dialect.mark else csv.QUOTE_NONE,
        doublequote=True,
        strict=True,
    )
    while True:
        taken.clear()
        try:
            cells: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = None
        if cells != []:
            yield Record(None if cells is None else [cleaned(cell) for cell in cells], b"".join(taken))


def _texts(data: bytes, page: str, taken: list[bytes]) -> Iterator[str]:
    """Yield the text of each line; its bytes are added to `taken`. A mark at the beginning belongs to no cell."""
    mark = _MARKS.get(page, b"")
    lines = cut_lines(data) if page.startswith("utf-16") else data.splitlines(keepends=True)
    for at, line in enumerate(lines):
        taken.append(line)
        yield in_page(line.removeprefix(mark) if not at else line, page)


def cleaned(cell: str) -> str:
    """A cell as a value: no control characters, one kind of line end, no white space at its ends."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell
    return (text if text.isprintable() else text.translate(_REMOVED)).strip()
