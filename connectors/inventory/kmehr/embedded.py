"""The owner of a laboratory message in a text or attachment, and which of its lines are facts (facts.md, "Derived").

A folder may state its patient anywhere, so its messages wait until it ends. The writer implements the same rules with
independent code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.inventory.facts.normal_form import KeyedDigest, Node, hex_digest, result_line_form
from connectors.inventory.facts.persons import Stated, checked, contradict, letters
from connectors.inventory.facts.units import CountedRow, Transaction, Unit
from connectors.inventory.payloads import read_held
from schemas.disposition import UnitKind

_ISO = re.compile(r"\s*(\d{4})(-\d\d)?(-\d\d)?\s*(?:[TZ+][\s\S]*)?\Z", re.ASCII)
_SEXES = {"male": "M", "m": "M", "female": "F", "f": "F", "v": "F"}


def in_patient(fields: Sequence[Node]) -> Stated:
    """What a `patient` element states."""
    by_name: dict[str, list[Node]] = {}
    for node in fields:
        by_name.setdefault(node.name, []).append(node)
    family = [_own_text(node) for node in by_name.get("familyname", ())][:1]
    first = "".join(letters(_own_text(node)) for node in by_name.get("firstname", ()))
    birth = _children(by_name.get("birthdate", ())[:1])
    when = next((birth[name] for name in ("date", "yearmonth", "year") if birth.get(name)), "")
    found = _ISO.match(when)
    year, month, day = (part or "" for part in found.groups()) if found else ("", "", "")
    if not int(year or 0):
        year = month = day = ""
    elif month in ("", "-00"):
        month = day = ""
    elif day == "-00":
        day = ""
    sex = _children(by_name.get("sex", ())[:1]).get("cd", "")
    numbers = [_own_text(n) for n in by_name.get("id", ()) if n.get("S") in ("INSS", "ID-PATIENT")]
    return Stated(
        letters("".join(family)), first, day[1:], month[1:], year, _SEXES.get(sex.strip().casefold(), ""),
        frozenset(checked(numbers)),
    )  # fmt: skip


class EmbeddedMessage(NamedTuple):
    """One message in a text or attachment: its number there, what it states, its results as facts.

    `facts` has for each result the ordinal of its line, its fact, and the line itself. `key`: of the facts.
    """

    number: int
    stated: Stated
    said: str  # a digest of all its lines
    facts: list[tuple[int, bytes, str]]
    key: KeyedDigest

    def facts_beside(self, stated: frozenset[bytes]) -> Iterator[tuple[int, bytes]]:
        """Line and fact of each result, without those that items state: as facts or, in the first packages, as lines."""
        for line, digest, text in self.facts:
            if not stated or stated.isdisjoint((digest, self.key(_utf8(result_line_form(text))))):
                yield line, digest


def read_messages(content: bytes, key: bytes) -> list[EmbeddedMessage]:
    """Returns all messages in the bytes that have a result."""
    found, digest = [], KeyedDigest(key)
    for number, message in read_held(content):
        texts = {
            piece.line + further: piece.text for piece in message.pieces for further in range(piece.ordinals)
        }
        facts = [
            (result.first, digest(_utf8(result.form)), texts[result.first].partition("\n")[0])
            for result in message.results
        ]
        if facts:
            said = hex_digest("\n".join(piece.text for piece in message.units))
            found.append(EmbeddedMessage(number, message.stated, said, facts, digest))
    return found


def _utf8(form: str) -> bytes:
    return form.encode("utf-8", "surrogatepass")


class Waiting(NamedTuple):
    """A message and the unit that holds it."""

    unit: str
    around: Transaction
    in_item: bool
    message: EmbeddedMessage


@dataclass
class EmbeddedMessages:
    """The messages of one folder, and the people whom the folder names."""

    people: list[Stated] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)

    def take(self, unit: Unit, around: Transaction | None = None, *, in_item: bool = False) -> None:
        """Take the messages of a counted unit and of all units in it; only those in transactions become items."""
        around = unit.transaction or around
        if around is not None and not unit.void:
            self.waiting += [Waiting(unit.path, around, in_item, message) for message in unit.messages]
        for child in unit.children:
            self.take(child, around, in_item=unit.kind is UnitKind.ITEM)

    def rows(self, patient: int) -> Iterator[CountedRow]:
        """The facts of messages that do not name another person, each message once, without results that items repeat."""
        seen: set[tuple[str, str | None, str]] = set()
        for unit, around, in_item, message in sorted(self.waiting, key=_order):
            kind, doctor = around.record_kind, around.responsible
            known = (kind, doctor, message.said)
            again = not in_item and known in seen
            if not in_item:
                seen.add(known)
            if again or any(contradict(message.stated, person) for person in self.people):
                continue
            for line, digest in message.facts_beside(around.stated):
                path = f"{unit}#{message.number}.{line}"
                yield CountedRow(path, patient, UnitKind.RESULT, kind, doctor, digest, [], False, True)


def _order(found: Waiting) -> tuple[list[int], int]:
    return _place(found.unit), found.message.number


def _place(path: str) -> list[int]:
    return [int(part) for part in path.partition("/")[2].split(".")]


def _own_text(node: Node) -> str:
    return "".join(node.texts)


def _children(nodes: Sequence[Node]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        for child in node.children:
            found.setdefault(child.name, _own_text(child))
    return found
