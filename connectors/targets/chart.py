"""One patient's staged rows as a tree of units: who owns whom, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.base import ChartRows
from connectors.targets.rows import contact_children, item_children, section_children, text_node
from connectors.targets.tree import Node, parse_fragment
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.errors import UnexplainedUnitError


@dataclass
class Unit:
    """A unit of the source on its way into the chart."""

    path: str
    file: int
    patient: int
    kind: UnitKind
    owner: str
    position: int
    children: list[Node] = field(
        default_factory=list
    )  # its own child elements, or the element itself for texts
    units: list[Unit] = field(default_factory=list)
    row: dict[str, Any] = field(default_factory=dict)
    disposition: Disposition = Disposition.DELIVERED
    reason: Reason | None = None
    chunks: ChartRows | None = None
    prose: list[str] = field(default_factory=list)  # the texts that stand for it or for parts of it

    def degrade(self, reason: Reason) -> None:
        """Say that part of it, or all, travels as text."""
        self.disposition, self.reason = Disposition.DEGRADED, reason

    def mf_id(self) -> Node | None:
        """Its first MF-ID."""
        for child in self.children:
            if is_mf_id(child):
                return child
        return None

    @property
    def is_message(self) -> bool:
        """Whether it is a whole HealthOne message: `FILE/MESSAGE.0` (elements are numbered from 1)."""
        return self.kind is UnitKind.ATTACHMENT and self.path.endswith(".0")

    def below(self) -> Iterator[Unit]:
        """The unit and all units in it."""
        yield self
        for unit in self.units:
            yield from unit.below()

    def content(self) -> Iterator[bytes]:
        """The bytes of an attachment, piece by piece."""
        if self.chunks is not None:
            yield from self.chunks.content(self.path)


def stated_kind(unit: Unit) -> str | None:
    """The kind of a transaction or an item as its source codes it, None where it does not."""
    codes = (code for code in unit.row.get("codes") or () if code["slot"] == 0)
    return next((c["value"] for c in codes if c["scheme"] in ("CD-TRANSACTION", "CD-ITEM")), None)


def is_mf_id(node: Node) -> bool:
    """Whether an element is an MF-ID of the unit that it is a child of."""
    labels = node.attributes
    return node.name == "id" and labels.get("S") == "LOCAL" and labels.get("SL") == "MF-ID"


@dataclass
class Folder:
    """What one source folder holds."""

    fields: list[Unit]
    transactions: list[Unit]
    loose: list[Unit]  # texts and links directly in the folder


_TABLES = {
    "contact": (UnitKind.TRANSACTION, contact_children),
    "section": (UnitKind.HEADING, section_children),
    "item": (UnitKind.ITEM, item_children),
    "lab_result": (UnitKind.ITEM, item_children),
}


def load_folder(rows: ChartRows) -> Folder:
    """Rebuild the units of one source folder. Raises UnexplainedUnitError for rows that fit no unit, or two."""
    units: dict[str, Unit] = {}
    for table, (kind, children) in _TABLES.items():
        for row in _rows(rows, table):
            if row["unit"] in units:
                raise UnexplainedUnitError("unit_staged_twice", table=table)
            units[row["unit"]] = _unit(row, kind, children(row))
    leaves = [*_narratives(rows), *_links(rows), *_documents(rows)]
    fields: list[Unit] = []
    charts = {row["chart"] for row in _rows(rows, "patient")}
    for row in _rows(rows, "fragment"):
        node = parse_fragment(row["xml"])
        _mark_languages(node)
        node.position = row["slot"] if row.get("slot") is not None else row["position"] or 0
        if row["unit"] == row["owner"]:
            if row["unit"] not in units:
                raise UnexplainedUnitError("fragment_without_unit")
            units[row["unit"]].children.append(node)
        elif row["owner"] in charts:
            fields.append(_unit(row, UnitKind.PATIENT_FIELD, [node]))
        else:
            leaves.append(_unit(row, UnitKind.TEXT, [node]))
    return _assemble(units, leaves, fields)


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
    """The unit that holds this one in the chart, None for the folder; a place of its own is said to be degraded.

    The target nests no transaction, and nothing but links in an item: such a unit stands beside what it lay in.
    """
    owner = units.get(unit.owner)
    if unit.kind is UnitKind.TRANSACTION:
        if owner is not None:
            unit.degrade(Reason.NOT_IN_TARGET)
        return None
    while (
        owner is not None and owner.kind is UnitKind.ITEM and unit.kind in (UnitKind.ITEM, UnitKind.HEADING)
    ):
        unit.degrade(Reason.NOT_IN_TARGET)
        owner = units.get(owner.owner)
    return owner


def place_of(unit: Unit) -> tuple[int, ...]:
    """Where it lies in the file: sorts units as they came."""
    return tuple(int(part) for part in unit.path.partition("/")[2].split("."))


def _rows(rows: ChartRows, table: str) -> Iterator[dict[str, Any]]:
    for batch in rows.rows(table):
        yield from batch.to_pylist()


def _unit(row: dict[str, Any], kind: UnitKind, children: list[Node]) -> Unit:
    return Unit(
        row["unit"],
        row["file"],
        row["patient"],
        kind,
        row["owner"] or "",
        row["position"] or 0,
        children,
        row=row,
    )


def _narratives(rows: ChartRows) -> Iterator[Unit]:
    for row in _rows(rows, "narrative"):
        yield _unit(row, UnitKind.TEXT, [text_node(row["value"], row["language"])])


def _links(rows: ChartRows) -> Iterator[Unit]:
    for row in _rows(rows, "link"):
        yield _unit(row, UnitKind.LINK, [parse_fragment(row["xml"])])


def _documents(rows: ChartRows) -> Iterator[Unit]:
    for row in _rows(rows, "document"):
        unit = _unit(row, UnitKind.ATTACHMENT, [])
        unit.chunks = rows
        yield unit


def _mark_languages(node: Node) -> None:
    if node.name == "text" and not node.attributes.get("L"):
        node.attributes["L"] = "und"
    for child in node.children:
        _mark_languages(child)
