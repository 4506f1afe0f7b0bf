"""One patient's staged rows as a tree of units: owners and order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from connectors.base import ChartRows
from connectors.targets.misfits import Cause, Misfit
from connectors.targets.skeleton import Skeleton, is_mf_id, skeleton_of
from connectors.targets.tree import Node, parse_fragment, told_text
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.errors import UnexplainedUnitError


class Unit:
    """A source unit on its way into the chart.

    `shape` and `texts`: its element as staged (`schemas.shapes`); links and attachments have a `row` instead. `made`: the MF-ID
    that is made for it if it has none.
    """

    __slots__ = (
        "_children", "altered", "chunks", "disposition", "file", "kind", "made", "misfits", "owner", "path", "patient",
        "position", "prose", "reason", "row", "shape", "texts", "units",
    )  # fmt: skip

    def __init__(
        self, kind: UnitKind, row: dict[str, Any], shape: str = "", texts: Sequence[str] = ()
    ) -> None:
        self.kind, self.row, self.shape, self.texts = kind, row, shape, texts
        self.path: str = row["unit"]
        self.file: int = row["file"]
        self.patient: int = row["patient"]
        self.owner: str = row["owner"] or ""
        self.position: int = row["position"] or 0
        self.units: list[Unit] = []
        self.disposition = Disposition.DELIVERED
        self.reason: Reason | None = None
        self.chunks: ChartRows | None = None
        self.prose: list[str] = []  # the texts that stand for it or for parts of it
        self.misfits: list[Callable[[], Misfit]] = []  # why: asked only for the work list
        self.made: Node | None = None
        self.altered = False  # whether one of its own ids has been set aside
        self._children: list[Node] | None = None

    @property
    def skeleton(self) -> Skeleton:
        """Its shape, taken apart."""
        return skeleton_of(self.shape)

    @property
    def children(self) -> list[Node]:
        """Its own child elements; for a text, patient field or link, the element itself. Built on demand."""
        if self._children is None:
            self._children = self._make_children()
            if self.made is not None:
                self._children.append(self.made)
        return self._children

    def _make_children(self) -> list[Node]:
        if self.kind is UnitKind.LINK:
            return [parse_fragment(self.row["xml"])]
        if self.kind is UnitKind.ATTACHMENT:
            return []
        if self.kind in HEADS:
            return self.skeleton.children(self.texts)
        return [self.skeleton.tree(self.texts)]

    def add_mf_id(self, made: Node) -> None:
        """Add an MF-ID after its own ids."""
        self.made = made
        made.hole = len(self.texts)
        if self._children is not None:
            self._children.append(made)

    def degrade(self, reason: Reason) -> None:
        """Record that part of it, or all, is delivered as text."""
        self.disposition, self.reason = Disposition.DEGRADED, reason

    def mf_id(self) -> str | None:
        """The value of its first MF-ID, None if it has none."""
        if self.altered:
            found = next((child for child in self.children if is_mf_id(child)), None)
            return None if found is None else told_text(found.text)
        slots = self.skeleton.mf_ids if self.shape else ()
        if slots:
            return told_text(self.texts[slots[0]]) if slots[0] >= 0 else ""
        return None if self.made is None else told_text(self.made.text)

    def ids(self) -> Iterator[tuple[dict[str, str], str]]:
        """Its ids: their attributes and values."""
        if self.altered:
            yield from ((c.attributes, told_text(c.text)) for c in self.children if c.name == "id")
            return
        for attributes, slot in self.skeleton.ids:
            yield attributes, told_text(self.texts[slot]) if slot >= 0 else ""
        if self.made is not None:
            yield self.made.attributes, self.made.text

    def holds(self, name: str) -> bool:
        """Whether it has a child element of that name."""
        return bool(self.shape) and name in self.skeleton.names

    @property
    def is_message(self) -> bool:
        """Whether it is a whole HealthOne message: `FILE/MESSAGE.0` (elements are numbered from 1)."""
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
    return unit.row["name"] if unit.kind in (UnitKind.TRANSACTION, UnitKind.ITEM) else None


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
            leaves += [Unit(kind, row) for row in batch.to_pylist()]
    for unit in leaves:
        unit.chunks = rows
    return _assemble(holders, leaves, fields)


_COLUMNS = (
    "unit", "file", "patient", "owner", "position", "name", "date", "record_kind", "responsible",
)  # fmt: skip


def _units(rows: ChartRows) -> Iterator[Unit]:
    kinds = {kind.value: kind for kind in UnitKind}
    for batch in rows.rows("unit"):
        columns = [batch[name].to_pylist() for name in _COLUMNS]
        shapes = batch["shape"]
        known = shapes.dictionary.to_pylist()
        of_each = zip(
            batch["kind"].to_pylist(),
            shapes.indices.to_pylist(),
            batch["texts"].to_pylist(),
            zip(*columns, strict=True),
            strict=True,
        )
        for kind, shape, texts, row in of_each:
            yield Unit(kinds[kind], dict(zip(_COLUMNS, row, strict=True)), known[shape], texts)


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
