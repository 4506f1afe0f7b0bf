"""Conclusions when an element ends: its unit's body, its facts, and violations of our own rules."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from connectors.inventory.facts.attachments import AttachmentDigest
from connectors.inventory.facts.kinds import day, describe
from connectors.inventory.facts.markers import (
    HEADING_NAMES,
    PATIENT_NAMES,
    TRANSACTION_NAMES,
    Filling,
    filling,
    is_derived,
    is_empty_text,
    malformed_marks,
    true_kind,
    was_derived,
)
from connectors.inventory.facts.national_number import patient_inss
from connectors.inventory.facts.normal_form import (
    RS,
    Node,
    attachment_body,
    canon,
    derived_item_form,
    fact_digest,
    head_body,
    identifier,
    is_mf_id,
    link_body,
    link_target,
    shortened,
    stated_forms,
)
from connectors.inventory.facts.units import Unit
from connectors.inventory.kmehr._frames import Frame
from connectors.inventory.kmehr.embedded import EmbeddedMessages, in_patient, read_messages
from schemas.disposition import UnitKind


class Seen(Protocol):
    """Receives what is noted about a patient."""

    last_seen: str | None
    embedded: EmbeddedMessages

    def note_number(self, inss: str | None) -> None:
        """Note what a patient element of the folder states."""


class Findings:
    """The conclusions of one walk. `examine`: look for lab messages in texts and attachments (of a source)."""

    def __init__(self, *, examine: bool) -> None:
        self.examine = examine
        self.sender: frozenset[str] = frozenset()
        self.filled: Counter[str] = Counter()
        self.problems: list[str] = []
        self.years: set[int] = set()

    def see(self, head: Node, seen: Seen) -> None:
        """Note the day of a transaction."""
        found = day(head.children)
        if found:
            self.years.add(int(found[:4]))
        if found and (seen.last_seen is None or found > seen.last_seen):
            seen.last_seen = found

    def close(self, frame: Frame, unit: Unit, key: bytes) -> None:
        """End a unit: settle its body; drop its nodes (those of a patient field wait for the patient)."""
        node = frame.node
        if unit.kind is UnitKind.PATIENT_FIELD:
            unit.body = canon(node)
        elif frame.attachment is not None:
            self._lnk(unit, node, frame.attachment, key)
        elif unit.kind is UnitKind.TEXT:
            unit.body = canon(node)
            if self.examine:
                content = "".join(node.texts).encode("utf-8", "surrogatepass")
                unit.messages = read_messages(content, key)
        elif unit.kind is not UnitKind.FILE:
            self._transaction(unit, node) if unit.kind is UnitKind.TRANSACTION else self._head(
                unit, node, key
            )
        if unit.overflow is not None:
            unit.body = RS.join((unit.body, "overflow:" + unit.overflow.hexdigest()))
        unit.body = shortened(unit.body)
        if unit.kind is not UnitKind.PATIENT_FIELD:
            unit.node = None

    def patient(self, units: list[Unit], seen: Seen | None) -> None:
        """End the patient element: leave out filled values, note the national number."""
        fields = [unit.node for unit in units if unit.node is not None]
        found = filling(fields, PATIENT_NAMES, self.sender)
        found.kept = self.on_patient(found.kept)
        self._note(found, fields)
        kept = {id(node) for node in found.kept}
        for unit in units:
            node = unit.node
            if node is None:
                continue
            unit.void = id(node) not in kept
            if not unit.void and node.name == "id" and node.get("S") != "ID-KMEHR":
                body = identifier(node)
                unit.void, unit.body = body is None, shortened(body or "")
            unit.node = None
        if seen is not None:
            seen.note_number(patient_inss(fields))
            seen.embedded.people.append(in_patient(fields))

    def _lnk(self, unit: Unit, node: Node, attachment: AttachmentDigest, key: bytes) -> None:
        if not attachment.close():
            node = self.on_link(node)
            unit.body = link_body(node)
            if node.get("TYPE") == "isanewversionof":
                unit.version_of = link_target(node.get("URL") or "")
            return
        unit.kind = UnitKind.ATTACHMENT
        unit.body = attachment_body(node, *attachment.result())
        content = attachment.content()
        if not self.examine:
            unit.held = content
        elif content is not None:
            unit.messages = read_messages(content, key)

    def _transaction(self, unit: Unit, node: Node) -> None:
        found = filling(node.children, TRANSACTION_NAMES, self.sender)
        self._note(found, node.children)
        children = true_kind(found.kept)
        unit.transaction = describe(node.children, children)
        unit.body = head_body(node, children)
        if found.text:
            self._drop_text(unit)
        if found.summary:
            # The mark itself does not count; anything else would be invented.
            unit.void = not unit.body and all(child.void for child in unit.children)
            if not unit.void:
                self.problems.append("filler_differs")
        self._marks(unit, node)
        self.on_transaction(unit, node)

    def _drop_text(self, unit: Unit) -> None:
        for child in unit.children:
            if child.kind is UnitKind.TEXT and is_empty_text(child.body):
                child.void = True
                return
        self.problems.append("filler_differs")

    def _head(self, unit: Unit, node: Node, key: bytes) -> None:
        children = node.children
        if unit.kind is UnitKind.HEADING:
            found = filling(children, HEADING_NAMES, self.sender)
            self._note(found, children)
            children = found.kept
            if found.text:
                self._drop_text(unit)
        else:
            self.problems += malformed_marks(children)
        unit.body = head_body(node, children)
        if unit.kind is UnitKind.ITEM:
            unit.derived = is_derived(node.children)
            if unit.derived:
                unit.said = derived_item_form(node.children)
            if self.examine and was_derived(node.children):
                unit.stated = tuple(fact_digest(key, form) for form in stated_forms(node.children))
            self._marks(unit, node)
            self.on_item(unit, node)

    def _note(self, found: Filling, siblings: list[Node]) -> None:
        self.filled.update(found.names)
        self.problems += found.problems
        self.problems += malformed_marks(siblings)

    @staticmethod
    def _marks(unit: Unit, node: Node) -> None:
        values = (c.value() for c in node.children if is_mf_id(c))
        unit.mf_ids = tuple(filter(None, values))

    def on_link(self, link: Node) -> Node:
        """Hook for the delivered side: returns the link as it came."""
        return link

    def on_patient(self, fields: list[Node]) -> list[Node]:
        """Hook for the delivered side: returns the fields without those made from a message."""
        return fields

    def on_transaction(self, unit: Unit, node: Node) -> None:
        """Hook for the delivered side."""

    def on_item(self, unit: Unit, node: Node) -> None:
        """Hook for the delivered side."""
