"""JSON as it is written: values with their places in the text, numbers as texts, and lines grouped into whole values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple, NoReturn

DEEPEST = 64
"""Brackets within brackets; a value that is deeper is not read."""
# Possessive, because a string that does not end would otherwise be tried again from each mark in it.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_BLANK = " \t\r\n"


class Value(NamedTuple):
    """A JSON value and where it stands."""

    begin: int
    end: int
    value: Any

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are no JSON


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)


def group_values(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Group lines into top-level values: a value ends with the line on which its last bracket closes.

    Blank lines before a value belong to it, those at the end to the last one.
    """
    held: list[bytes] = []
    last: bytes | None = None
    depth, begun = 0, False
    for line in lines:
        held.append(line)
        depth, begun = depth_after(line.decode("latin-1"), depth), begun or bool(line.strip(b" \t\r\n"))
        if begun and depth <= 0:
            if last is not None:
                yield last
            last, held, depth, begun = b"".join(held), [], 0, False
    if last is not None and begun:
        yield last
        last = None
    rest = (last or b"") + b"".join(held)
    if rest:
        yield rest


def depth_after(text: str, depth: int) -> int:
    """How many brackets are open after some text; a string ends with its line."""
    return depth + sum(_steps(text))


def _steps(text: str) -> Iterator[int]:
    """For each bracket outside of strings, 1 where it opens and -1 where it closes."""
    for found in _TOKEN.finditer(text):
        sign = text[found.start()]
        if sign != '"':
            yield 1 if sign in "[{" else -1


def read_values(text: str) -> list[Value] | None:
    """The top-level values of a text; None if something in it is no JSON, or too deep."""
    if not text.strip(_BLANK) or _is_too_deep(text):
        return None
    found, at = list[Value](), _skip(text, 0)
    try:
        while at < len(text):
            value, end = _DECODER.raw_decode(text, at)
            found.append(Value(at, end, value))
            at = _skip(text, end)
    except (ValueError, RecursionError):
        return None
    return found


def read_entries(text: str, bundle: Value) -> list[Value]:
    """The elements of `entry` of a bundle, which is valid JSON."""
    found: list[Value] = []
    at = _skip(text, bundle.begin + 1)
    while text[at] != "}":
        key, at = json.decoder.scanstring(text, at + 1)  # type: ignore[attr-defined]  # not in the stubs
        at = _skip(text, _skip(text, at) + 1)
        if key == "entry" and text[at] == "[":
            at = _skip(text, at + 1)
            while text[at] != "]":
                value, end = _DECODER.raw_decode(text, at)
                found.append(Value(at, end, value))
                at = _skip(text, end)
                at = _skip(text, at + 1) if text[at] == "," else at
            at += 1
        else:
            _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _is_too_deep(text: str) -> bool:
    return any(depth > DEEPEST for depth in accumulate(_steps(text)))
