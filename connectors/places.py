"""Where in a text something stands: line and column, both from 1, columns in characters."""

from __future__ import annotations

Place = tuple[int, int]
START: Place = (1, 1)
_CONTINUING = bytes(range(0x80, 0xC0))  # a character has one other byte, and these may lie in the next piece


def behind(place: Place, passed: bytes | bytearray) -> Place:
    """The place behind these UTF-8 bytes, which begin at `place`."""
    line, column = place
    newline = passed.rfind(b"\n")
    characters = len(passed[newline + 1 :].translate(None, _CONTINUING))
    return line + passed.count(b"\n"), characters + (column if newline < 0 else 1)


def within(start: Place, line: int, column: int) -> Place:
    """The place that expat tells (lines from 1, columns from 0) of a document that begins at `start`."""
    first, before = start
    return first + line - 1, column + (before if line == 1 else 1)
