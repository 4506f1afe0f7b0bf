"""JSON for the counter: where values and the resources of a bundle begin and end, found by their brackets and strings.

The bytes are searched for quotation marks and brackets; what stands between a begin and an end is read as JSON on its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

_STRING = rb'"(?:[^"\\]++|\\.)*+"?'  # one without an end goes to the end of the content
_SIGN = re.compile(_STRING + rb"|[\[\]{},:]", re.DOTALL)
_BRACKET = re.compile(_STRING + rb"|([\[\]{}])", re.DOTALL)
_STEPS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_WHITE = b" \t\r\n"
_DEEPEST = 64
MARK = b"\xef\xbb\xbf"


class Stretch(NamedTuple):
    """Bytes of a message: the value that they are, or nothing where they stand between values."""

    begin: int
    end: int
    value: Any = None
    is_value: bool = False


def values_by_lines(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Group lines into values; a value is over at the end of the line on which as many brackets have closed as opened."""
    ready: list[bytes] | None = None
    held: list[bytes] = []
    is_open, level = False, 0
    for line in lines:
        held.append(line)
        is_open = is_open or line.strip(_WHITE) != b""
        level += _rise(line)
        if is_open and level <= 0:
            if ready is not None:
                yield ready
            ready, held, is_open, level = held, [], False, 0
    if ready is not None and is_open:
        yield ready
        ready = None
    if ready or held:
        yield [*(ready or []), *held]


def _rise(line: bytes) -> int:
    """How many more brackets open than close on a line; those in strings do not count, and a string ends with the line."""
    return sum(_STEPS[kind] for kind, _ in _brackets(line))


def _signs(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield brackets, commas, colons and the begins of strings outside of strings, with their places."""
    for found in _SIGN.finditer(content):
        at = found.start()
        yield content[at : at + 1], at


def _brackets(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the brackets outside of strings, with their places."""
    for found in _BRACKET.finditer(content):
        if found.lastindex:
            yield found[1], found.start()


def _end_of_string(content: bytes, at: int) -> int:
    """The place behind the mark that ends a string; if there is none, behind the content."""
    while found := _SIGN_IN_STRING.search(content, at):
        if found[0] == b'"':
            return found.end()
        at = found.end() + 1
    return len(content)


_SIGN_IN_STRING = re.compile(rb'["\\]')


def read_json(content: bytes) -> Any:
    """The value that some bytes are, with numbers as they are written. Raises ValueError or RecursionError."""
    return json.loads(content.decode(), parse_float=str, parse_int=str, parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise ValueError(name)


def top_values(content: bytes) -> list[Stretch] | None:
    """The values on the first level, in order; None if any byte that is no white space is no part of sound JSON."""
    begin = len(MARK) if content.startswith(MARK) else 0
    level = deepest = 0
    found: list[Stretch] = []
    for kind, at in _brackets(content):
        if kind in (b"{", b"["):
            if level == 0:
                if content[begin:at].strip(_WHITE):
                    return None
                begin = at
            level += 1
            deepest = max(deepest, level)
        elif kind in (b"}", b"]"):
            level -= 1
            if level == 0:
                found.append(Stretch(begin, at + 1))
                begin = at + 1
    if level or not found or deepest > _DEEPEST or content[begin:].strip(_WHITE):
        return None
    with suppress(ValueError, RecursionError):
        return [Stretch(b, e, read_json(content[b:e]), is_value=True) for b, e, *_ in found]
    return None


def resources_of(content: bytes, bundle: Stretch) -> list[Stretch]:
    """The elements of the `entry` lists on the first level of a bundle."""
    found: list[Stretch] = []
    level, key, inside, begin = 0, b"", False, 0
    for kind, at in _signs(content[: bundle.end]):
        if at < bundle.begin:
            continue
        if kind == b'"' and level == 1:
            key = content[at : _end_of_string(content, at + 1)]
        elif kind == b":" and level == 1:
            inside = json.loads(key) == "entry"
        elif kind in (b"{", b"["):
            level += 1
            if level == 2:
                inside = inside and kind == b"["
                begin = at + 1
        elif kind in (b"}", b"]") or (kind == b"," and level == 2):
            if level == 2 and inside:
                found += _element(content, begin, at)
                begin = at + 1
            level -= kind != b","
            inside = inside and level > 1
    return found


def _element(content: bytes, begin: int, end: int) -> list[Stretch]:
    said = content[begin:end]
    inner = said.strip(_WHITE)
    if not inner:
        return []
    begin += len(said) - len(said.lstrip(_WHITE))
    return [Stretch(begin, begin + len(inner), read_json(inner), is_value=True)]
