"""Content that belongs to no unit (not white space), counted as one unit for each place (docs/formats/facts.md, "Loose").

A place is a transaction, a folder, a message, a document outside these, or the file outside its documents.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Callable, Mapping

from connectors.inventory.facts.normal_form import fact_digest, normal_form
from connectors.inventory.facts.tiles import Span, Tiles
from connectors.inventory.facts.units import CountedRow
from schemas.disposition import UnitKind
from schemas.errors import LimitExceededError

_PIECES = 250_000
"""Limit for one place: with more pieces, the file is handed over whole."""
_KMEHR = re.compile(r"http://www\.ehealth\.fgov\.be/standards/kmehr/(?:schema|cd|id|dt)/v1\Z")
_STANDARDS = frozenset(
    (
        "",
        "http://www.w3.org/2001/XMLSchema-instance",
        "http://www.w3.org/2001/XMLSchema",
        "http://www.w3.org/2000/09/xmldsig#",
        "http://www.w3.org/2001/04/xmlenc#",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/XML/1998/namespace",
        "http://schemas.xmlsoap.org/soap/envelope/",
        "http://www.w3.org/2003/05/soap-envelope",
    )
)


class _Place:
    """One place: its pieces so far."""

    def __init__(self, path: str, patient: int) -> None:
        self.path = path
        self.patient = patient
        self.kind: UnitKind | None = None
        self.words = hashlib.sha256()
        self.bounds = array("q")  # start, end, start, end: adjacent ranges are merged
        self.pieces = 0


class Loose:
    """The open places of a file, innermost last."""

    def __init__(self, file: int, key: bytes, tiles: Tiles, position: Callable[[], int]) -> None:
        self._file = file
        self._key = key
        self._tiles = tiles
        self._position = position
        self._places = [_Place(f"{file}/0", 0)]
        self._since: int | None = None  # where the current piece began

    def begin(self, owner: str, patient: int) -> None:
        """Begin a place."""
        self._places.append(_Place(owner + ".0", patient))

    def end(self) -> CountedRow | None:
        """End the innermost place; returns its unit, if it holds one."""
        place = self._places.pop()
        if place.kind is None:
            return None
        digest = fact_digest(self._key, normal_form(place.kind, "", place.words.hexdigest()))
        spans: list[Span] = list(zip(place.bounds[::2], place.bounds[1::2], strict=True))
        return CountedRow(place.path, place.patient, place.kind, None, None, digest, spans, False, False)

    def add(self, data: str, kind: UnitKind = UnitKind.LOOSE_TEXT, *, bytes_too: bool = True) -> None:
        """Add loose content; with `bytes_too`, the current token belongs to it."""
        place = self._places[-1]
        if place.kind is not UnitKind.LOOSE_TEXT:
            place.kind = kind
        place.words.update(data.encode("utf-8", "replace") + b"\n")
        place.pieces += 1
        if place.pieces > _PIECES:
            raise LimitExceededError("unit_too_large", file=self._file, unit=place.path, limit=_PIECES)
        if bytes_too:
            self._since = self._position()
            self._tiles.switch(self._since, self._tiles.loose)

    def is_in_piece(self) -> bool:
        """Whether the token before this one was loose."""
        return self._since is not None

    def settle(self, position: int) -> None:
        """End the loose piece, because a new token begins."""
        if self._since is None:
            return
        bounds = self._places[-1].bounds
        if bounds and bounds[-1] == self._since:
            bounds[-1] = position
        elif position > self._since:
            bounds.extend((self._since, position))
        self._since = None

    def declarations(self, name: str, attributes: Mapping[str, str], prefixes: set[str]) -> bool:
        """Record unknown namespaces and schema-instance attributes; returns whether there were any."""
        odd = [f"{key}={value}" for key, value in attributes.items() if _is_odd(key, value, prefixes)]
        if odd:
            self.add(name + " " + " ".join(odd), UnitKind.REMARK, bytes_too=False)
        return bool(odd)


def carries(data: str) -> bool:
    """Whether a text is more than white space and byte order marks."""
    return any(not sign.isspace() and sign != "\ufeff" for sign in data)


def _is_odd(name: str, value: str, prefixes: set[str]) -> bool:
    prefix, _, local = name.rpartition(":")
    if prefix == "xmlns" or name == "xmlns":
        return not _is_known(value)
    if prefix not in prefixes:
        return False
    if local == "nil":
        return value not in ("true", "false", "1", "0")
    hints = ("schemaLocation", "noNamespaceSchemaLocation")
    return local not in hints or not all(_is_known(each) or each.endswith(".xsd") for each in value.split())


def _is_known(namespace: str) -> bool:
    return namespace in _STANDARDS or _KMEHR.match(namespace) is not None
