"""Medinect: one strict SMF file a patient, valid against KMEHR 1.7 and 1.43 and our own additional rules.

Medinect's own import format is not public. Registered packages exchange the national Software Migration Format, so the
profile says `medinect-unconfirmed` until an import has confirmed it (claim: medinect-reads-smf).
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from connectors.base import ChartRows
from connectors.targets.chart import Folder, Unit, load_folder
from connectors.targets.chart_bytes import write_nodes
from connectors.targets.conform import is_valid, order_of
from connectors.targets.embedded import make_items
from connectors.targets.fillers import SUMMARY, fill_summary, fill_transaction
from connectors.targets.findings import Finding, find, implausible, implausible_person
from connectors.targets.header import exporters, header_node, program
from connectors.targets.identities import holders_of, make_mf_id, run_token, settle_mf_ids
from connectors.targets.lab_items import message_items
from connectors.targets.messages import (
    booked_pieces,
    carries_message,
    doubtful_points,
    made_fields,
    message_mark,
    message_origin,
    parsed,
    superseded,
    whole_message,
)
from connectors.targets.originals import Originals
from connectors.targets.patient import patient_node
from connectors.targets.references import References
from connectors.targets.sheet import Delivered, SetAside, Sheet, make_sheet
from connectors.targets.transaction_kinds import is_bare_summary, is_summary, newest_other_summary, set_kind
from connectors.targets.tree import Node, leaf, stamp
from connectors.targets.units import UnitWriter, number
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.texts import LANGUAGES

PROFILE = "medinect-unconfirmed"
CHARTS_A_PART = (10, 500)
BYTES_A_PART = (8 << 20, 200 << 20)
PARTS_OF_A_SMALL_PACKAGE = 8
"""A small package has about this many parts, of no less than the least size, so that several processes can write them."""
NAMESPACE = "http://www.ehealth.fgov.be/standards/kmehr/schema/v1"


@dataclass(frozen=True)
class Envelope:
    """The data common to all charts of a run: exporter, moment and language of the instruction."""

    run_id: str
    senders: tuple[str, ...]  # hcparty elements of the source's header
    exported: str  # RFC 3339 Z
    language: str


class Outcome(NamedTuple):
    """What became of one unit."""

    unit: str
    file: int
    patient: int
    kind: UnitKind
    disposition: Disposition
    reason: Reason | None


@dataclass
class ChartOutcome:
    """The result of writing one chart."""

    outcomes: list[Outcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    filled: Tally[str] = field(default_factory=Tally)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PlannedParts:
    """Parts by name with their chart ordinals, and the digest of the whole."""

    parts: tuple[tuple[str, tuple[int, ...]], ...]
    digest: str


def chart_name(run_id: str, chart: int) -> str:
    """The opaque name of a patient's file."""
    return f"patients/{sha256(f'{run_id}:{chart}'.encode()).hexdigest()[:16]}.xml"


def plan_charts(charts: list[tuple[int, int]]) -> PlannedParts:
    """Divide charts, given with the bytes of their documents, into parts. Pure."""
    most = _size_of_a_part(len(charts), *CHARTS_A_PART)
    most_bytes = _size_of_a_part(sum(size for _, size in charts), *BYTES_A_PART)
    parts: list[list[int]] = []
    weight = 0
    for chart, size in charts:
        if not parts or len(parts[-1]) >= most or (weight and weight + size > most_bytes):
            parts.append([])
            weight = 0
        parts[-1].append(chart)
        weight += size
    named = tuple((f"part-{n:04d}.zip.age", tuple(part)) for n, part in enumerate(parts, start=1))
    digest = sha256(repr((PROFILE, named, charts)).encode()).hexdigest()
    return PlannedParts(named, digest)


def _size_of_a_part(total: int, least: int, most: int) -> int:
    return min(most, max(least, -(-total // PARTS_OF_A_SMALL_PACKAGE)))


def compose_chart(
    folders: Sequence[ChartRows],
    envelope: Envelope,
    set_aside: Sequence[SetAside] = (),
    to_resolve: Sequence[tuple[str, str]] = (),
) -> Chart:
    """Compose one patient's file; every unit of the folders has its outcome. `set_aside`: units of the patient outside of it.

    `to_resolve`: units that break a contract which a person is to resolve, with its reason (`schemas.contracts`).
    """
    return Chart([load_folder(rows) for rows in folders], envelope, set_aside, to_resolve)


class Chart:
    """One patient's file: the outcome of its units, the originals of what is delivered as prose, and the bytes."""

    def __init__(
        self,
        folders: list[Folder],
        envelope: Envelope,
        set_aside: Sequence[SetAside] = (),
        to_resolve: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._folders = folders
        self._to_resolve = to_resolve
        self._envelope = envelope
        self._made = [unit for f in folders if carries_message(f) for unit in f.fields]
        self._fields = [unit for f in folders if not carries_message(f) for unit in f.fields]
        tops = [*self._fields, *(top for f in folders for top in (*f.transactions, *f.loose))]
        self._units = [u for top in tops if whole_message(top) is None for u in top.below()]
        self.outcome = ChartOutcome()
        embedded = [make_items(folder, envelope.run_id) for folder in folders]
        self._items = {path: items for each in embedded for path, items in each.items.items()}
        self._holding = frozenset(path for each in embedded for path in each.transactions)
        self._foreign = [finding for each in embedded for finding in each.findings]
        self._transactions = [t for f in folders for t in f.transactions]
        carriers = [unit for unit in map(whole_message, self._transactions) if unit is not None]
        self._messages = {unit.path: parsed(unit) for unit in carriers}
        self._superseded = superseded(self._messages)
        self._token = run_token(envelope.run_id)
        self._originals = Originals(_language(self._fields, envelope.language), self._token)
        holders = holders_of(self._transactions)
        mf_ids = settle_mf_ids(envelope.run_id, holders)
        self._writer = UnitWriter(References(holders, mf_ids, self._token), self._originals)
        self._fallback_author = exporters(envelope.senders) or [program()]

        self._lines: list[Delivered] = []
        self._parts = self._compose()
        self._book()
        self.sheet = self._make_sheet(set_aside)

    @property
    def originals(self) -> bytes:
        """The elements delivered as prose in the file, as a document for the report; empty if there are none."""
        return self._originals.document()

    def write(self, emit: Callable[[bytes], None]) -> None:
        """Emit the bytes; those of attachments piece by piece."""
        emit(_before_folder(self._envelope))
        write_nodes(self._parts, emit)
        emit(b"</folder></kmehrmessage>\n")

    def _compose(self) -> list[Node]:
        """The children of the folder in order."""
        patient, filled = patient_node(self._fields, made_fields(self._fields, self._made), self._originals)
        self.outcome.filled.update(filled)
        self._patient, self._unstated = patient, filled
        transactions = number(self._nodes())
        confidential = self._confidentiality()
        first = [] if confidential is None else [confidential.children[0]]
        for node in (patient, *transactions):
            stamp(node, self._token)
        position = leaf("id", "1", S="ID-KMEHR", SV="1.0")
        return [*first, position, patient, *transactions, *self._loose(confidential)]

    def _nodes(self) -> list[Node]:
        summaries = [t for t in self._transactions if is_summary(t)]
        other = None if summaries else newest_other_summary(self._transactions)
        summaries = summaries if other is None else [other]
        placed = {summary.path for summary in summaries}
        rest = [t for t in self._transactions if t.path not in placed]
        return [self._summary(summaries), *(self._transaction(t) for t in rest)]

    def _summary(self, summaries: list[Unit]) -> Node:
        if summaries:
            return self._transaction(summaries[0], summaries[1:], summary=True)
        children = [make_mf_id(self._envelope.run_id, "summary")]
        fill_summary(children, self._fallback_author)
        self.outcome.filled[SUMMARY] += 1
        return Node("transaction", children=[*_in_order(children), leaf("text", "", L="und")])

    def _transaction(self, unit: Unit, merged: Sequence[Unit] = (), *, summary: bool = False) -> Node:
        kept, texts = self._writer.head(unit)
        message = whole_message(unit)
        if message is not None:
            kept.append(message_mark(message_origin(message)))
        set_kind(kept, summary=summary)
        body = self._writer.body(unit)
        repeated = len(self._folders) > 1 and is_bare_summary(unit)
        for other in merged:
            body += self._writer.body(other)
            if repeated and is_bare_summary(other):
                continue
            repeated = repeated or (len(self._folders) > 1 and is_bare_summary(other))
            other.degrade(Reason.SECOND_SUMMARY)
            texts.append(self._originals.text(Node("transaction", children=list(other.children))))
        body += texts + self._derived([unit, *merged])
        named = unit.holds("author")
        filled = fill_transaction(kept, [program()] if named else self._fallback_author, empty_body=not body)
        self.outcome.filled.update(filled)
        if not body:
            body = [leaf("text", "", L="und")]
        head = [c for c in kept if c.name != "recorddatetime"]
        tail = [c for c in kept if c.name == "recorddatetime"]
        return Node("transaction", children=[*_in_order(head), *number(body), *tail])

    def _derived(self, transactions: list[Unit]) -> list[Node]:
        nodes = []
        for transaction in transactions:
            message = whole_message(transaction)
            if message is not None and message.path not in self._superseded:
                # For a transaction made from a message, only the message: its text repeats it.
                read = self._messages[message.path]
                items = message_items(message, 1, read, self._envelope.run_id, frozenset())
                nodes += [item for _, item in items]
            holding = message is None and transaction.path in self._holding
            for unit in transaction.below() if holding else ():
                for path, item in self._items.pop(unit.path, ()):
                    nodes.append(item)
                    self._deliver(unit, path, UnitKind.RESULT, transaction)
        return nodes

    def _deliver(self, unit: Unit, path: str, kind: UnitKind, transaction: Unit) -> None:
        self._lines.append(Delivered(kind, transaction))
        self.outcome.outcomes.append(
            Outcome(path, unit.file, unit.patient, kind, Disposition.DELIVERED, None)
        )

    def _confidentiality(self) -> Unit | None:
        """The confidentiality of the whole chart, which has one place. A second one, or another form, becomes a text."""
        for unit in (unit for f in self._folders for unit in f.loose):
            node = unit.children[0] if unit.kind is UnitKind.TEXT else None
            if node and node.name == "confidentiality" and is_valid(node, "confidentialityType"):
                return unit
        return None

    def _loose(self, placed: Unit | None) -> list[Node]:
        loose = [unit for f in self._folders for unit in f.loose if unit is not placed]
        nodes = [self._writer.loose(unit) for unit in loose]
        return sorted(nodes, key=lambda node: node.name == "lnk")

    def _book(self) -> None:
        self.outcome.outcomes += [
            Outcome(unit.path, unit.file, unit.patient, unit.kind, unit.disposition, unit.reason)
            for unit in self._units
        ]
        for transaction in self._transactions:
            message = whole_message(transaction)
            if message is None:
                continue
            read = self._messages[message.path]
            for path, kind in booked_pieces(message, read):
                self._deliver(message, path, kind, transaction)
            self.outcome.findings += doubtful_points(message, read)
        self.outcome.findings += self._foreign + [f for unit in self._units for f in find(unit)]
        self.outcome.findings += self._implausible()

    def _implausible(self) -> list[Finding]:
        units = {unit.path: unit for unit in (*self._transactions, *self._units)} if self._to_resolve else {}
        return [
            implausible(units[path], reason) if path in units else implausible_person(path, reason)
            for path, reason in self._to_resolve
        ]

    def _make_sheet(self, set_aside: Sequence[SetAside]) -> Sheet:
        return make_sheet(
            self._patient,
            self._unstated,
            self._folders,
            self._fields,
            self._lines,
            self.outcome.findings,
            set_aside,
            self._envelope.language,
        )


@lru_cache(1)
def _before_folder(envelope: Envelope) -> bytes:
    """The beginning of all charts of a run, up to the content of the folder."""
    pieces: list[bytes] = []
    write_nodes([header_node(envelope.run_id, envelope.exported, exporters(envelope.senders))], pieces.append)
    begin = f'<?xml version="1.0" encoding="UTF-8"?>\n<kmehrmessage xmlns="{NAMESPACE}">'
    return b"".join([begin.encode(), *pieces, b"<folder>"])


def _language(fields: list[Unit], otherwise: str) -> str:
    """The patient's language if it is supported, otherwise that of the instruction."""
    stated = [
        unit.children[0].text.strip().lower()[:2]
        for unit in fields
        if unit.children[0].name == "usuallanguage"
    ]
    return next((language for language in stated if language in LANGUAGES), otherwise)


def _in_order(children: list[Node]) -> list[Node]:
    ranks = order_of("transactionType")
    return sorted(children, key=lambda c: ranks.get(c.name, 999))
