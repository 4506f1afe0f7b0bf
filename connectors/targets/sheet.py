"""The sheet of a chart: who it is about, its counts, its attachments and its points. The practice's pages are made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connectors.targets.chart import Folder, Unit
from connectors.targets.findings import Finding, kept_back
from connectors.targets.messages import whole_message
from connectors.targets.points import Draft, Teller, described
from connectors.targets.readings import Holders, plain
from connectors.targets.sorts import DATED, UNITS, Place, place_of_unit, year_of
from connectors.targets.tree import Node
from schemas.disposition import Disposition, UnitKind
from schemas.identifiers import clean_inss
from schemas.practice_documents import Document, Sort, State
from schemas.record import Record

_STATES: dict[str, State] = {Disposition.DELIVERED: "delivered", Disposition.DEGRADED: "as_text"}
_PERSON = ("ID-PATIENT", "INSS")


class SetAside(NamedTuple):
    """A unit handed over outside of the chart. `member` is the file in the report that a person opens."""

    unit: str
    kind: str
    reason: str
    member: str
    bytes: int
    sha256: str
    media_type: str | None
    excerpt: str


class Line(Record, frozen=True):
    """Units of one sort, part, year (0: none) and state."""

    sort: Sort
    part: str
    year: int
    state: State
    count: int


class Sheet(Record, frozen=True):
    """One chart. What the source does not state of the patient is null."""

    name: str | None
    birth_date: str | None
    inss: str | None
    lines: list[Line]
    set_aside: dict[UnitKind, int]
    attachments: list[Document]
    drafts: list[Draft]


class Delivered(NamedTuple):
    """A unit that a message in a transaction holds: a line of it."""

    kind: UnitKind
    transaction: Unit


def make_sheet(
    patient: Node,
    filled: Iterable[str],
    folders: Sequence[Folder],
    fields: Sequence[Unit],
    lines: Iterable[Delivered],
    findings: Iterable[Finding],
    set_aside: Sequence[SetAside],
    language: str,
) -> Sheet:
    """The sheet of a chart; its units must have their dispositions. `lines`: the units in its messages."""
    holders = Holders(folders)
    teller = Teller(language, holders)
    documents = {
        each.unit: _document(holders, each) for each in set_aside if each.kind == UnitKind.ATTACHMENT
    }
    drafts = [teller.tell(found) for found in findings]
    drafts += [tell_set_aside(teller, each, documents.get(each.unit)) for each in set_aside]
    name, birth, inss = identity(patient, frozenset(filled))
    tally, held = _count(folders, fields, lines)
    tally.update((_place_set_aside(holders, each), "set_aside") for each in set_aside)
    kinds = Counter(UnitKind(each.kind) for each in set_aside)
    attachments = [*(holders.document(*described(unit)) for unit in held), *documents.values()]
    return Sheet(name, birth, inss, _lines(tally), dict(kinds), attachments, drafts)


def tell_set_aside(teller: Teller, each: SetAside, document: Document | None = None) -> Draft:
    """The point of a unit handed over outside of a chart."""
    found = kept_back(each.unit, each.kind, each.reason, each.excerpt)
    return teller.tell(found, document, each.member)


def identity(patient: Node, filled: frozenset[str]) -> tuple[str | None, str | None, str | None]:
    """Name, birth date and national number of a `patient`, without fillers."""
    first = (
        [] if "firstname" in filled else [plain(c.text) for c in patient.children if c.name == "firstname"]
    )
    family = "" if "familyname" in filled else plain(_text(patient, "familyname"))
    name = ", ".join(part for part in (family, " ".join(filter(None, first))) if part)
    birth = next((c for c in patient.children if c.name == "birthdate"), None)
    stated = " ".join(plain(c.text) for c in birth.children) if birth is not None else ""
    numbers = [plain(c.text) for c in patient.children if c.name == "id" and c.attributes.get("S") in _PERSON]
    valid = (clean_inss(number) for number in numbers)
    number = next(filter(None, valid), None) or next(filter(None, numbers), None)
    return name or None, stated or None, number


def _text(node: Node, name: str) -> str:
    child = node.child(name)
    return child.text if child is not None else ""


def _count(
    folders: Sequence[Folder], fields: Sequence[Unit], lines: Iterable[Delivered]
) -> tuple[Counter[tuple[Place, State]], list[Unit]]:
    """The units of a chart by place and state, and the attachments among them."""
    tally: Counter[tuple[Place, State]] = Counter()
    attachments: list[Unit] = []

    def add(units: Sequence[Unit], transaction: Unit | None) -> None:
        places = [place_of_unit(unit, transaction) for unit in units]
        tally.update(zip(places, [_STATES[unit.disposition] for unit in units], strict=True))
        attachments.extend(unit for unit in units if unit.kind is UnitKind.ATTACHMENT)

    for folder in folders:
        for transaction in folder.transactions:
            if whole_message(transaction) is not None:
                tally[place_of_unit(transaction, transaction), "delivered"] += 1
            else:
                add(transaction.below(), transaction)
        for top in folder.loose:
            add(top.below(), None)
    add(fields, None)
    for line in lines:
        sort = UNITS[line.kind]
        year = year_of(line.transaction) if sort in DATED else 0
        tally[Place(sort, "", year), "delivered"] += 1
    return tally, attachments


def _lines(tally: Counter[tuple[Place, State]]) -> list[Line]:
    return [
        Line(place.sort, place.part, place.year, state, count)
        for (place, state), count in sorted(tally.items())
    ]


def place_set_aside(each: SetAside, transaction: Unit | None = None) -> Place:
    """Where a unit handed over outside of a chart is counted."""
    sort = UNITS[UnitKind(each.kind)]
    if sort is Sort.DOCUMENT and (each.media_type or "").startswith("image/"):
        sort = Sort.IMAGE
    return Place(sort, "", year_of(transaction) if sort in DATED else 0)


def _place_set_aside(holders: Holders, each: SetAside) -> Place:
    return place_set_aside(each, holders.transaction(each.unit))


def _document(holders: Holders, each: SetAside) -> Document:
    return holders.document(each.unit, each.bytes, each.sha256, each.media_type, "set_aside", each.member)
