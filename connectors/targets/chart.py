"""One patient's staged rows as a tree of units: owners and order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from connectors.base import ChartRows
from connectors.targets.misfits import Cause, Misfit
from connectors.targets.skeleton import (
    NO_SKELETON,
    Skeleton,
    is_mf_id,
    made_mf_id,
    mf_id_labels,
    skeleton_of,
)
from connectors.targets.tree import Node, parse_fragment, told_text
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.errors import UnexplainedUnitError


class Unit:
    """A source unit on its way into the chart.

    `skeleton` and `texts`: its shape, taken apart, and what fills it (`schemas.shapes`); links and attachments have neither,
    and a `row` with the columns of their tables. `made`: the token of the run, if an MF-ID was made for it: then its last text.
    """

    __slots__ = (
        "_children", "altered", "chunks", "disposition", "file", "kind", "made", "misfits", "name", "owner", "path", "patient",
        "position", "prose", "reason", "row", "skeleton", "texts", "units",
    )  # fmt: skip

    def __init__(
        self,
        kind: UnitKind,
        common: tuple[str, int, int, str | None, int | None],
        name: str | None,
        row: dict[str, Any],
        skeleton: Skeleton = NO_SKELETON,
        texts: list[str] | None = None,
    ) -> None:
        """`common`: path, file, patient, owner and position; `row`: further columns."""
        self.kind, self.name, self.row, self.skeleton = kind, name, row, skeleton
        self.texts: list[str] = [] if texts is None else texts
        self.path, self.file, self.patient, owner, position = common
        self.owner: str = owner or ""
        self.position: int = position or 0
        self.units: list[Unit] = []
        self.disposition = Disposition.DELIVERED
        self.reason: Reason | None = None
        self.chunks: ChartRows | None = None
        self.prose: tuple[str, ...] = ()  # the texts that stand for it or for parts of it
        self.misfits: list[Callable[[], Misfit]] = []  # why: asked only for the work list
        self.made = ""
        self.altered = False  # whether one of its own ids has been set aside
        self._children: list[Node] | None = None

    @property
    def children(self) -> list[Node]:
        """Its own child elements; for a text, patient field or link, the element itself. Built on demand."""
        if self._children is None:
            self._children = self._make_children()
            if self.made:
                self._children.append(self._made_id())
        return self._children

    def _make_children(self) -> list[Node]:
        if self.kind is UnitKind.LINK:
            return [parse_fragment(self.row["xml"])]
        if self.kind is UnitKind.ATTACHMENT:
            return []
        if self.kind in HEADS:
            return self.skeleton.children(self.texts)
        return [self.skeleton.tree(self.texts)]

    def add_mf_id(self, value: str, token: str) -> None:
        """Add an MF-ID made by the run of this token, after its own ids."""
        self.made = token
        self.texts.append(value)
        if self._children is not None:
            self._children.append(self._made_id())

    def _made_id(self) -> Node:
        made = made_mf_id(self.texts[-1], self.made)
        made.hole = len(self.texts) - 1
        return made

    def degrade(self, reason: Reason) -> None:
        """Record that part of it, or all, is delivered as text."""
        self.disposition, self.reason = Disposition.DEGRADED, reason

    def mf_id(self) -> str | None:
        """The value of its first MF-ID, None if it has none."""
        if self.altered:
            found = next((child for child in self.children if is_mf_id(child)), None)
            return None if found is None else told_text(found.text)
        slots = self.skeleton.mf_ids
        if slots:
            return told_text(self.texts[slots[0]]) if slots[0] >= 0 else ""
        return told_text(self.texts[-1]) if self.made else None

    def ids(self) -> Iterator[tuple[dict[str, str], str]]:
        """Its ids: their attributes and values."""
        if self.altered:
            yield from ((c.attributes, told_text(c.text)) for c in self.children if c.name == "id")
            return
        for attributes, slot in self.skeleton.ids:
            yield attributes, told_text(self.texts[slot]) if slot >= 0 else ""
        if self.made:
            yield mf_id_labels(self.made), self.texts[-1]

    def holds(self, name: str) -> bool:
        """Whether it has a child element of that name."""
        return name in self.skeleton.names

    @property
    def is_message(self) -> bool:
        """Whether it is a whole flat message: `FILE/MESSAGE.0` (elements are numbered from 1)."""
        return self.kind is UnitKind.ATTACHMENT and self.path.endswith(".0")

    def below(self) -> Sequence[Unit]:
        """The unit and all units in it, in document order."""
        if not self.units:
            return (self,)
        found: list[Unit] = []
        _gather(self, found)
        return found

    def content(self) -> Iterator[bytes]:
        """The bytes of an attachment, piece by piece."""
        if self.chunks is not None:
            yield from self.chunks.content(self.path)


HEADS = frozenset({UnitKind.TRANSACTION, UnitKind.HEADING, UnitKind.ITEM})


def _gather(unit: Unit, found: list[Unit]) -> None:
    found.append(unit)
    for each in unit.units:
        if each.units:
            _gather(each, found)
        else:
            found.append(each)


def stated_kind(unit: Unit) -> str | None:
    """The kind of a transaction or an item as coded in its source, None if it is not."""
    return unit.name if unit.kind in (UnitKind.TRANSACTION, UnitKind.ITEM) else None


@dataclass
class Folder:
    """The content of one source folder."""

    fields: list[Unit]
    transactions: list[Unit]
    loose: list[Unit]  # texts and links directly in the folder


def load_folder(rows: ChartRows) -> Folder:
    """Rebuild the units of one source folder. Raises UnexplainedUnitError for a unit that is staged twice."""
    holders: dict[str, Unit] = {}
    leaves: list[Unit] = []
    fields: list[Unit] = []
    for unit in _units(rows):
        if unit.kind in HEADS:
            if unit.path in holders:
                raise UnexplainedUnitError("unit_staged_twice", table="unit")
            holders[unit.path] = unit
        else:
            (fields if unit.kind is UnitKind.PATIENT_FIELD else leaves).append(unit)
    for table, kind in (("link", UnitKind.LINK), ("document", UnitKind.ATTACHMENT)):
        for batch in rows.rows(table):
            leaves += [Unit(kind, tuple(map(row.get, _COMMON)), None, row) for row in batch.to_pylist()]
    for unit in leaves:
        unit.chunks = rows
    return _assemble(holders, leaves, fields)


_COMMON = ("unit", "file", "patient", "owner", "position")
_OF_TRANSACTION = ("date", "record_kind", "responsible")
_KINDS = {kind.value: kind for kind in UnitKind}
_NO_COLUMNS: dict[str, Any] = {}


def _units(rows: ChartRows) -> Iterator[Unit]:
    for batch in rows.rows("unit"):
        shapes = batch["shape"]
        known = list(map(skeleton_of, shapes.dictionary.to_pylist()))
        of_each = zip(
            (_KINDS[kind] for kind in batch["kind"].to_pylist()),
            zip(*(batch[name].to_pylist() for name in _COMMON), strict=True),
            batch["name"].to_pylist(),
            zip(*(batch[name].to_pylist() for name in _OF_TRANSACTION), strict=True),
            shapes.indices.to_pylist(),
            batch["texts"].to_pylist(),
            strict=True,
        )
        for kind, common, name, further, shape, texts in of_each:
            row = (
                dict(zip(_OF_TRANSACTION, further, strict=True))
                if kind is UnitKind.TRANSACTION
                else _NO_COLUMNS
            )
            yield Unit(kind, common, name, row, known[shape], texts)


def _assemble(units: dict[str, Unit], leaves: list[Unit], fields: list[Unit]) -> Folder:
    folder = Folder(sorted(fields, key=lambda u: u.position), [], [])
    for unit in [*units.values(), *leaves]:
        owner = _holder(unit, units)
        if owner is not None:
            owner.units.append(unit)
        elif unit.kind is UnitKind.TRANSACTION:
            folder.transactions.append(unit)
        else:
            folder.loose.append(unit)
    for unit in units.values():
        unit.units.sort(key=place_of)
    folder.transactions.sort(key=place_of)
    folder.loose.sort(key=place_of)
    return folder


def _holder(unit: Unit, units: dict[str, Unit]) -> Unit | None:
    """The unit that holds this one in the chart, None for the folder; marks the unit degraded if its place changes.

    The target nests no transactions, and only links in an item: such a unit is placed beside the unit that held it.
    """
    owner = units.get(unit.owner)
    if unit.kind is UnitKind.TRANSACTION:
        if owner is not None:
            _take_out(unit)
        return None
    while (
        owner is not None and owner.kind is UnitKind.ITEM and unit.kind in (UnitKind.ITEM, UnitKind.HEADING)
    ):
        _take_out(unit)
        owner = units.get(owner.owner)
    return owner


def _take_out(unit: Unit) -> None:
    """Mark a unit degraded because its place changes."""
    unit.degrade(Reason.NOT_IN_TARGET)
    unit.misfits.append(partial(Misfit, Cause.NESTED, unit.kind.value))


def place_of(unit: Unit) -> tuple[int, ...]:
    """Its place in the file, by which units are sorted into their original order."""
    return tuple(map(int, unit.path.partition("/")[2].split(".")))
