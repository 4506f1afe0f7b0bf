"""A unit while it is being counted, and the row it becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from connectors.inventory.facts.normal_form import (
    US,
    Node,
    fact_digest,
    head_body,
    hex_digest,
    normal_form,
)
from connectors.inventory.facts.tiles import Span
from schemas.disposition import UnitKind

if TYPE_CHECKING:
    from connectors.inventory.kmehr.embedded import EmbeddedMessage

_NESTING = (UnitKind.HEADING, UnitKind.ITEM)


class CountedRow(NamedTuple):
    """One unit, counted."""

    unit: str
    patient: int
    kind: str
    record_kind: str | None
    responsible: str | None
    digest: bytes
    spans: list[Span]
    degraded: bool
    derived: bool


@dataclass(slots=True)
class Transaction:
    """What a transaction's head states about the units in it."""

    kind: str
    record_kind: str
    responsible: str | None
    stated: frozenset[bytes] = (
        frozenset()
    )  # facts of the items in it that an earlier package made from messages


@dataclass(slots=True)
class Unit:
    """A unit between its start and the end of its transaction, patient field or folder text."""

    kind: UnitKind
    path: str
    spans: list[Span] = field(default_factory=list)
    children: list[Unit] = field(default_factory=list)
    node: Node | None = None  # set until its end
    body: str = ""
    messages: list[EmbeddedMessage] = field(default_factory=list)  # lab messages that it is or holds
    stated: tuple[bytes, ...] = ()  # of an item that an earlier package made from a message: its fact
    degraded: bool = False  # it, or a child of it, is delivered as text
    moved: bool = False  # all of it is delivered as text
    held: bytes | None = None  # content of an attachment that is a whole message
    pieces: tuple[tuple[UnitKind, bytes], ...] = ()  # of a transaction made from a message: its units
    derived: bool = False  # an item made from a result of a message
    said: str = ""  # its normal form, if it is derived
    transaction: Transaction | None = None
    version_of: str | None = None  # of a link isanewversionof: the MF-ID it names
    mf_ids: tuple[str, ...] = ()
    weight: int = 0  # characters held
    overflow: hashlib._Hash | None = None  # digest of the content above the limit
    void: bool = False  # made from nothing by an earlier package: not a unit


def rows(unit: Unit, patient: int, key: bytes, context: str = "folder") -> Iterator[CountedRow]:
    """The rows of a finished unit and of all units in it, in the order of their paths."""
    yield from _rows(unit, patient, key, context, None)


def _rows(
    unit: Unit, patient: int, key: bytes, context: str, around: Transaction | None
) -> Iterator[CountedRow]:
    if unit.transaction is not None:
        unit.transaction.stated = frozenset(_stated(unit))
    around = unit.transaction or around
    if unit.kind is UnitKind.TRANSACTION:
        context = "folder"
    form = normal_form(unit.kind, context, unit.body)
    if not unit.void:
        yield _row(unit, patient, key, form, around)
    for number, (kind, digest) in enumerate(unit.pieces, start=1):
        yield CountedRow(f"{unit.path}#{number}", patient, kind, None, None, digest, [], False, False)
    inner = _inner_context(unit, context, form)
    for child in unit.children:
        beside = unit.kind is UnitKind.ITEM and child.kind in (UnitKind.ITEM, UnitKind.HEADING)
        yield from _rows(child, patient, key, context if beside else inner, around)


def _stated(unit: Unit) -> Iterator[bytes]:
    yield from unit.stated
    for child in unit.children:
        if child.kind is not UnitKind.TRANSACTION:
            yield from _stated(child)


def _inner_context(unit: Unit, context: str, form: str) -> str:
    """The context of the units nested in a unit."""
    if unit.transaction is not None:
        digest = "" if unit.transaction.kind == "clinicalsummary" else hex_digest(form)
        return unit.transaction.kind + US + digest
    return context + US + hex_digest(form) if unit.kind in _NESTING else context


def _row(unit: Unit, patient: int, key: bytes, form: str, around: Transaction | None) -> CountedRow:
    derived = unit.derived
    return CountedRow(
        unit.path,
        patient,
        UnitKind.RESULT if derived else unit.kind,
        around.record_kind if around else None,
        around.responsible if around else None,
        fact_digest(key, unit.said if derived else form),
        unit.spans,
        unit.degraded,
        derived,
    )


def bare_summary(key: bytes) -> bytes:
    """The digest of the head of a clinical summary that states nothing else, as rows of tables have it."""
    kind = Node("cd", {"S": "CD-TRANSACTION", "SV": "1.5"}, ["clinicalsummary"])
    body = head_body(Node("transaction", {}), [kind])
    return fact_digest(key, normal_form(UnitKind.TRANSACTION, "folder", body))
