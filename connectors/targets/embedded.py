"""Laboratory messages in the texts and attachments of a folder: their owners, and which of them become items.

The rules are those of docs/formats/facts.md ("Derived"); the counter implements them independently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.sources.flat.message import Message
from connectors.targets.chart import Folder, Unit, place_of
from connectors.targets.findings import Finding, foreign_message
from connectors.targets.lab_items import carried_messages, message_items, stated_items
from connectors.targets.tree import Node
from schemas.disposition import UnitKind
from schemas.persons import Person, agree, fold_birth, fold_name, fold_sex, is_date

_NUMBER_SIGNS = re.compile(r"[.\-/\s]")


class Owner(NamedTuple):
    """The person named by a message or a `patient` element."""

    person: Person
    numbers: frozenset[str]

    def contradicts(self, other: Owner) -> bool:
        """Whether something that both state excludes that they are one person."""
        if self.numbers and other.numbers and not self.numbers & other.numbers:
            return True
        one, second = self.person, other.person
        if _is_full_name(one, second):  # a program may write all names into one field
            one, second = one._replace(family=""), second._replace(family="")
        return not agree(*_same_century(one, second))


def _is_full_name(one: Person, other: Person) -> bool:
    """Whether the family name of one is family name and first name of the other, in either order."""
    return any(
        not a.first and b.first and a.family in (b.family + b.first, b.first + b.family)
        for a, b in ((one, other), (other, one))
    )


def _same_century(one: Person, other: Person) -> tuple[Person, Person]:
    """Both with two-digit years, if one of them states only two digits."""
    if {len(person.birth[0]) for person in (one, other) if person.birth} != {2, 4}:
        return one, other
    short, second = (
        person._replace(birth=(person.birth[0][-2:], *person.birth[1:])) for person in (one, other)
    )
    return short, second


@dataclass
class Embedded:
    """The results for a folder's messages: items by the unit that holds the message, and points for the doctor.

    `transactions`: the paths of those that hold such units.
    """

    items: dict[str, list[tuple[str, Node]]] = field(default_factory=dict)
    transactions: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def make_items(folder: Folder, run_id: str) -> Embedded:
    """Make items of the messages in a folder's transactions.

    No item is made of a message that names another person, of one that came before in the folder (in a transaction of the same
    kind and doctor), or of a result that an item of the transaction repeats.
    """
    made = Embedded()
    owners = list(_owners(folder))
    seen: set[tuple[str | None, str | None, tuple[str, ...]]] = set()
    stated_in: dict[str, frozenset[str]] = {}  # by transaction
    for unit, transaction, in_item in sorted(_carriers(folder), key=lambda found: place_of(found[0])):
        found = carried_messages(unit)
        if not found:
            continue
        if transaction.path not in stated_in:
            stated_in[transaction.path] = stated_items(transaction.below())
        made.transactions.add(transaction.path)
        stated, items = stated_in[transaction.path], made.items.setdefault(unit.path, [])
        for number, message in enumerate(found, start=1):
            said = tuple(piece.text for piece in message.pieces if piece.kind is not None)
            known = (transaction.row["record_kind"], transaction.row["responsible"], said)
            again = not in_item and known in seen
            if not in_item:
                seen.add(known)
            if any(owner_of(message).contradicts(owner) for owner in owners):
                made.findings.append(foreign_message(unit, message))
            elif not again:
                items += message_items(unit, number, message, run_id, stated)
    return made


def _carriers(folder: Folder) -> Iterator[tuple[Unit, Unit, bool]]:
    """Each text and attachment in a transaction, with the transaction, and whether it is in an item."""
    for transaction in folder.transactions:
        for holder in transaction.below():
            for unit in holder.units:
                if unit.kind in (UnitKind.TEXT, UnitKind.ATTACHMENT) and not unit.is_message:
                    yield unit, transaction, holder.kind is UnitKind.ITEM


def owner_of(message: Message) -> Owner:
    """The person that a message names, and the numbers that it states."""
    return Owner(message.person, frozenset(_numbers(message.numbers)))


def _owners(folder: Folder) -> Iterator[Owner]:
    """The person that each `patient` element of the folder names."""
    elements: dict[str, list[Node]] = {}
    for unit in folder.fields:
        elements.setdefault(unit.owner, []).append(unit.children[0])
    for fields in elements.values():
        birth = next((_date(node) for node in fields if node.name == "birthdate"), ())
        sex = next((fold_sex(_text(node, "cd")) for node in fields if node.name == "sex"), "")
        person = Person(
            next((fold_name(node.text) for node in fields if node.name == "familyname"), ""),
            "".join(fold_name(node.text) for node in fields if node.name == "firstname"),
            birth,
            sex if sex in ("male", "female") else "",
        )
        ids = [n.text for n in fields if n.name == "id" and n.attributes.get("S") in ("INSS", "ID-PATIENT")]
        yield Owner(person, frozenset(_numbers(ids)))


def _date(birthdate: Node) -> tuple[str, ...]:
    texts = (_text(birthdate, name) for name in ("date", "yearmonth", "year"))
    birth = fold_birth(next((text for text in texts if text), None))
    return birth if is_date(birth) else ()


def _text(node: Node, name: str) -> str:
    return next((child.text for child in node.children if child.name == name), "")


def _numbers(texts: Iterable[str]) -> Iterator[str]:
    """Yield numbers of eleven digits whose last two check the others, with or without a 2 before them."""
    for text in texts:
        digits = _NUMBER_SIGNS.sub("", unicodedata.normalize("NFC", text))
        if re.fullmatch(r"[0-9]{11}", digits):
            nine, check = int(digits[:9]), int(digits[9:])
            if check in (97 - nine % 97, 97 - (2_000_000_000 + nine) % 97):
                yield digits
