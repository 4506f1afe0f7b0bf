"""Where the cells of a delimited file begin and end, found in its bytes (docs/formats/delimited.md, "Rows and cells")."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from connectors.inventory.facts.tiles import Span
from connectors.inventory.flat.decoding import encoding_of, raw_lines, said_in
from schemas.mapping import Dialect, Mapping

HEADER_BYTES = 64 << 10
"""A header is looked for in so many bytes."""
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_PAGES = {"windows-1252": "cp1252", "iso-8859-15": "iso8859_15"}
_REMOVED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n?")
_END = re.compile("\r\n|\r|\n")


class Cell(NamedTuple):
    """A cell: its bytes with their quotation marks, and its text."""

    span: Span
    text: str

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


class Row(NamedTuple):
    """A row: its bytes without its line end, and its cells; None if they cannot be told apart."""

    span: Span
    cells: list[Cell] | None


class Signs:
    """The bytes of a file as signs of one or two bytes, at which rows and cells are cut."""

    def __init__(self, data: bytes, dialect: Dialect) -> None:
        stated = dialect.encoding
        self._encoding = encoding_of(data) if stated == "detect" else _PAGES.get(stated, stated)
        self._width = 2 if self._encoding.startswith("utf-16") else 1
        self._data = data
        self._mark = {"double": '"', "single": "'", "none": ""}[dialect.quote]
        self._separator = _SEPARATORS[dialect.delimiter]
        self._stop = re.compile(f"[{re.escape(self._separator)}\r\n]")
        self._signs = self._as_signs()

    def _as_signs(self) -> str:
        """One sign for each one or two bytes; a surplus byte at the end is a sign of its own."""
        if self._width == 1:
            return self._data.decode("latin-1")
        order = "<u2" if self._encoding.endswith("le") else ">u2"
        whole = len(self._data) // 2 * 2
        wide = np.frombuffer(self._data[:whole], order).astype("<u4").tobytes()
        return wide.decode("utf-32-le", "surrogatepass") + "\ufffd" * (len(self._data) - whole)

    def rows(self) -> Iterator[Row]:
        """Yield every row that is no empty line."""
        at = self._begin()
        while at < len(self._signs):
            end = _END.match(self._signs, at)
            if end is not None:
                at = end.end()
                continue
            row, at = self._row(at)
            yield row

    def _begin(self) -> int:
        if self._width == 2:
            return int(self._signs[:1] == "\ufeff")
        return 3 if self._encoding == "utf-8" and self._data.startswith(codecs.BOM_UTF8) else 0

    def _row(self, begin: int) -> tuple[Row, int]:
        """The row that begins at a sign, and the sign behind its line end."""
        cells: list[Cell] = []
        at = begin
        while True:
            end = self._cell_end(at)
            if end < 0:
                line_end = _END.search(self._signs, -end - 1)
                stop = line_end.start() if line_end else len(self._signs)
                return Row(self._span(begin, stop), None), line_end.end() if line_end else stop
            cells.append(Cell(self._span(at, end), self._text(at, end)))
            if self._signs[end : end + 1] != self._separator:
                line_end = _END.match(self._signs, end)
                return Row(self._span(begin, end), cells), line_end.end() if line_end else end
            at = end + 1

    def _cell_end(self, at: int) -> int:
        """The sign behind a cell. If its quotation is wrong: minus the sign from which the line's end is looked for, less one."""
        signs, mark = self._signs, self._mark
        if not mark or signs[at : at + 1] != mark:
            stop = self._stop.search(signs, at)
            return stop.start() if stop else len(signs)
        closed = at
        while True:
            closed = signs.find(mark, closed + 1)
            if closed < 0:
                return -len(signs) - 1
            if signs[closed + 1 : closed + 2] != mark:
                break
            closed += 1
        after = signs[closed + 1 : closed + 2]
        return closed + 1 if after in ("", "\r", "\n", self._separator) else -closed - 1

    def _span(self, begin: int, end: int) -> Span:
        return begin * self._width, min(end * self._width, len(self._data))

    def _text(self, begin: int, end: int) -> str:
        quoted = self._mark != "" and self._signs[begin : begin + 1] == self._mark
        start, stop = self._span(begin + quoted, end - quoted)
        text = said_in(self._data[start:stop], self._encoding)
        if quoted:
            text = text.replace(self._mark * 2, self._mark)
        return _REMOVED.sub("", _LINE_ENDS.sub("\n", text)).strip()


def find_mapping(data: bytes, mappings: Iterable[Mapping]) -> Mapping | None:
    """The mapping whose columns the first row that is not empty names, in their order."""
    first = _first_line(data)
    for mapping in mappings:
        row = next(Signs(first, mapping.file).rows(), None)
        named = [] if row is None or row.cells is None else [cell.text for cell in row.cells]
        if tuple(named) == mapping.header:
            return mapping
    return None


def _first_line(data: bytes) -> bytes:
    """The bytes up to the end of the first line that holds more than marks and zero bytes."""
    taken = b""
    for line in raw_lines([data[:HEADER_BYTES]]):
        taken += line
        if line.strip(b"\r\n\0\xff\xfe\xef\xbb\xbf"):
            break
    return taken
