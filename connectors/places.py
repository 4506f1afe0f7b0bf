"""Positions in a text: line and column, both from 1, columns in characters."""

from __future__ import annotations

Place = tuple[int, int]
START: Place = (1, 1)
_CONTINUING = bytes(range(0x80, 0xC0))  # the other bytes of a character; they may be in the next piece


def behind(place: Place, passed: bytes | bytearray) -> Place:
    """The place behind these UTF-8 bytes, which begin at `place`."""
    line, column = place
    newline = passed.rfind(b"\n")
    characters = len(passed[newline + 1 :].translate(None, _CONTINUING))
    return line + passed.count(b"\n"), characters + (column if newline < 0 else 1)


def within(start: Place, line: int, column: int) -> Place:
    """The place for expat's line (from 1) and column (from 0) in a document that begins at `start`."""
    first, before = start
    return first + line - 1, column + (before if line == 1 else 1)
