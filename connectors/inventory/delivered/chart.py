"""Read back a delivered chart while it is written, in the same normal form as its source."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.base import Limits
from connectors.inventory.delivered._messages import DIFFERS, follows, has_items, held_message, misses_items
from connectors.inventory.delivered._references import Turned
from connectors.inventory.facts.markers import SUMMARY, message_mark
from connectors.inventory.facts.normal_form import Node, fact_digest, piece_form
from connectors.inventory.facts.originals import Originals
from connectors.inventory.facts.tiles import NoTiles
from connectors.inventory.facts.units import Unit
from connectors.inventory.flat.reading import ReadMessage
from connectors.inventory.kmehr.bytes_repair import Repairer
from connectors.inventory.kmehr.documents import DocumentStream
from connectors.inventory.kmehr.findings import Findings
from connectors.inventory.kmehr.walk import Walk
from schemas.errors import LimitExceededError, UnreadableSourceError, UnsafeSourceError
from schemas.item_kinds import ITEM_KINDS

DEEPER = 8
"""Levels that a moved element may lie deeper than in the source, where it was within the limit."""


class DeliveredUnit(NamedTuple):
    """One unit found in a delivered chart."""

    kind: str
    digest: bytes
    degraded: bool
    derived: bool


@dataclass
class ChartAccount:
    """The content of one delivered chart. `problems` holds a code for each occurrence."""

    units: list[DeliveredUnit] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)
    degraded: int = 0
    problems: list[str] = field(default_factory=list)


class DeliveredChart:
    """Feed the bytes of one patient file, then `close()`. Holds only its originals and what a Walk holds.

    `token`: carried by the marks of the run that writes the chart; marks without it came with the source.
    """

    def __init__(
        self, fact_key: bytes, token: str, originals: bytes = b"", limits: Limits | None = None
    ) -> None:
        limits = limits or Limits()
        self._account = ChartAccount()
        self._findings = _ChartFindings(fact_key, token)
        self._repairer = Repairer(0)
        depth = limits.max_depth + DEEPER
        self._originals = Originals(originals, token, depth)
        self._walk = Walk(
            file=0,
            key=fact_key,
            first_patient=1,
            max_depth=depth,
            max_unit=limits.max_unit_bytes,
            findings=self._findings,
            position=_no_position,
            tiles=NoTiles(),
            token=token,
            originals=self._originals,
        )
        self._stream = DocumentStream(self._walk, 0)
        self._broken = False

    def feed(self, piece: bytes) -> None:
        """Process the next bytes."""
        if not self._broken:
            self._guarded(piece, final=False)

    def close(self) -> ChartAccount:
        """Returns the account; nothing may be fed afterwards."""
        if not self._broken:
            self._guarded(b"", final=True)
        account = self._account
        account.filled = dict(self._findings.filled)
        account.problems += self._findings.problems
        account.problems += self._findings.conclude()
        account.problems += self._originals.conclude()
        if self._repairer.counts:
            account.problems.append("repaired_bytes")
        account.degraded = sum(unit.degraded for unit in account.units)
        return account

    def _guarded(self, piece: bytes, *, final: bool) -> None:
        problem = ""
        try:
            self._go_on(piece, final=final)
        except UnsafeSourceError:
            problem = "doctype"
        except (UnreadableSourceError, LimitExceededError) as error:
            problem = error.code
        if problem:
            self._broken = True
            self._account.problems.append(problem)

    def _go_on(self, piece: bytes, *, final: bool) -> None:
        self._stream.feed(self._repairer.feed(piece, final=final))
        self._repairer.origin(self._stream.position())
        if final:
            self._stream.close()
            self._walk.finish(0)
            if self._walk.patients != 1:
                self._account.problems.append("not_one_folder")
        self._account.units += [
            DeliveredUnit(str(row.kind), row.digest, row.degraded, row.derived) for row in self._walk.rows
        ]
        self._walk.rows.clear()
        self._walk.messages.found.clear()


class _ChartFindings(Findings):
    """The additional rules for a delivered chart."""

    def __init__(self, key: bytes, token: str) -> None:
        super().__init__(examine=False)
        self._key = key
        self._turned = Turned(token)
        self._summaries = 0
        self._holders: Counter[str] = Counter()
        self._versions: Counter[str] = Counter()
        self._made: list[Node] = []  # fields of the patient that were made from messages
        self._said: list[tuple[ReadMessage, bool]] = []  # with whether it has items

    def on_link(self, link: Node) -> Node:
        """Returns a turned link in its original form, which is what counts."""
        return self._turned.restore(link)

    def on_patient(self, fields: list[Node]) -> list[Node]:
        """Set aside the fields made from messages; they are compared with the messages at the end."""
        names = (message_mark(fields) or "").split()
        self._made = [field for field in fields if field.name in names and field.get("S") != "LOCAL"]
        if len(self._made) != len(names):
            self.problems.append(DIFFERS)
        return [field for field in fields if not any(field is made for made in self._made)]

    def on_transaction(self, unit: Unit, node: Node) -> None:
        """Count summaries as they stand (not by their earlier kind), and MF-IDs."""
        self._turned.hold(unit.mf_ids, node.children)
        if unit.moved:
            return
        codes = (c.value() for c in node.children if c.name == "cd" and c.get("S") == "CD-TRANSACTION")
        self._summaries += SUMMARY in codes
        self._hold(unit)
        if message_mark(node.children) is not None:
            self._made_from_message(unit, node)

    def _made_from_message(self, unit: Unit, node: Node) -> None:
        message = held_message(unit, node)
        if message is None or not follows(unit, node, message):
            self.problems.append(DIFFERS)
            return
        self._said.append((message, has_items(unit)))
        unit.pieces = tuple(
            (piece.kind, fact_digest(self._key, piece_form(piece.text)))
            for piece in message.units
            if piece.kind
        )
        unit.void = True
        for child in unit.children:
            child.void = True
            child.held = None

    def on_item(self, unit: Unit, node: Node) -> None:
        """Check for kinds outside the standard, and count MF-IDs."""
        self._turned.hold(unit.mf_ids, node.children)
        if unit.moved:
            return
        codes = (c for c in node.children if c.name == "cd" and c.get("S") == "CD-ITEM")
        self.problems += ["unknown_item_kind" for code in codes if code.value() not in ITEM_KINDS]
        self._hold(unit)

    def conclude(self) -> list[str]:
        """Returns the problems that only show at the end."""
        found = ["second_summary"] if self._summaries > 1 else []
        found += self._turned.conclude()
        if any(not any(said.bears_field(field) for said, _ in self._said) for field in self._made):
            found.append(DIFFERS)
        if misses_items(self._said):
            found.append(DIFFERS)
        for mf_id, holders in self._holders.items():
            if holders > 1 and self._versions[mf_id] < holders - 1:
                found.append("mf_id_duplicated")
        return found

    def _hold(self, unit: Unit) -> None:
        for mf_id in set(unit.mf_ids):
            self._holders[mf_id] += 1
            self._versions[mf_id] += any(child.version_of == mf_id for child in unit.children)


def _no_position() -> int:
    """Placeholder: positions are not used here."""
    return 0
