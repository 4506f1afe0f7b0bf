"""Count whole folders without a tree: arithmetic finds their units, recipes their normal forms.

This holds for sources and for delivered charts; subclasses add what only one of them has.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Generic, TypeVar

import numpy as np
import pybase64

from connectors.inventory.facts.attachments import EXAMINED_BYTES, AttachmentDigest
from connectors.inventory.facts.kinds import describe
from connectors.inventory.facts.markers import was_derived
from connectors.inventory.facts.normal_form import (
    RS,
    US,
    Node,
    attachment_body,
    is_position,
    is_position_id,
    link_body,
)
from connectors.inventory.facts.units import Transaction
from connectors.inventory.kmehr import byte_scan
from connectors.inventory.kmehr.byte_scan import Tags, UnknownForm, Why
from connectors.inventory.kmehr.byte_texts import UnitTexts, text_of
from connectors.inventory.kmehr.recipes import Known, Recipe, Skeleton, shortened
from schemas.disposition import UnitKind

KINDS = (
    UnitKind.PATIENT_FIELD,
    UnitKind.TRANSACTION,
    UnitKind.HEADING,
    UnitKind.ITEM,
    UnitKind.TEXT,
    UnitKind.LINK,
    UnitKind.ATTACHMENT,
    UnitKind.RESULT,
)
"""The kind of unit by the number that the arithmetic uses for it."""
FIELD, TRANSACTION, HEADING, ITEM, TEXT, LINK, ATTACHMENT, RESULT = range(len(KINDS))
_RS, _US = RS.encode(), US.encode()
NAMES = tuple(kind.value for kind in KINDS)
_BEGINS = tuple(name.encode() + _RS for name in NAMES)
_FOLDER = b"folder"
_WHITE = b" \t\r\n"
_MOST_DESCRIBED = 1_000
_LEAF = re.compile(rb"(<id(?:[ \t\r\n][^<>]*)?>)([^<>]*)(</[^<>]*>)")


class HeadRecipe(Recipe):
    """The recipe of a transaction, heading or item, and the places of its children that describe it."""

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton, "head")
        children = skeleton.root.children
        self.was_derived = was_derived(children)
        self.dates = self._of(children, "date")
        self._kind_slots = tuple(skeleton.slots_below(c for c in children if c.name in ("cd", "author")))
        self._described: dict[tuple[bytes, ...], Transaction] = {}

    def _of(self, children: list[Node], name: str) -> tuple[int, ...]:
        slots = (self.skeleton.slot(child) for child in children if child.name == name)
        return tuple(slot for slot in slots if slot is not None)

    def describe(self, raw: list[bytes]) -> Transaction:
        """What the head of a transaction states about its units."""
        stated = tuple(raw[slot] for slot in self._kind_slots)
        transaction = self._described.get(stated)
        if transaction is None:
            if len(self._described) >= _MOST_DESCRIBED:
                self._described.clear()
            children = self.skeleton.filled(raw).children
            transaction = self._described[stated] = describe(children, children)
        return transaction


class Work:
    """One chunk of folders while it is counted: its units, and the conclusions on each."""

    def __init__(self, chunk: bytes, deepest: int) -> None:
        """`deepest`: levels below the message that the walk would go down."""
        tags, self.elements, self.units = byte_scan.scan(chunk, deepest)
        self.texts = UnitTexts(chunk, tags, self.units)
        self.head_bytes = self._check_tiling(chunk, tags)
        folders = self.elements.levels[0]
        begins = np.append(tags.begin[self.elements.first[folders]], len(chunk))
        self.folder_sizes: list[int] = np.diff(begins).tolist()  # including the white space behind each
        self.kinds: list[int] = self.units.kind.tolist()
        self.parents: list[int] = self.units.parent.tolist()
        self.folders: list[int] = self.units.folder.tolist()
        self.contexts: list[bytes] = []
        self.told: list[Transaction | None] = []  # the transaction that each unit is in, or is
        self.inner: dict[int, bytes] = {}  # context of the units nested in a unit, if it differs
        self.holders = frozenset(self.parents)

    def _check_tiling(self, chunk: bytes, tags: Tags) -> int:
        """Check that every byte is in one unit, in the position of a folder, or structure. Returns the bytes in positions."""
        first, last = self.elements.first[self.units.heads], self.elements.last[self.units.heads]
        begin, end = tags.begin[first], tags.end[last]
        for low, high in zip(begin.tolist(), end.tolist(), strict=True):
            if not _is_position(chunk[low:high]):
                raise UnknownForm(Why.LOOSE)
        byte_scan.check_rest(
            chunk, np.concatenate((self.texts.begin, begin)), np.concatenate((self.texts.end, end))
        )
        return int((end - begin).sum())


@lru_cache(1 << 12)
def _is_position(element: bytes) -> bool:
    """Whether the `id` of a folder states no more than a position."""
    found = _LEAF.fullmatch(element)
    node = Skeleton(found[1] + found[3], None).root if found else Node("", {})
    return found is not None and is_position_id(node.name, node.attributes) and is_position(text_of(found[2]))


Head = TypeVar("Head", bound=HeadRecipe)


class FolderCount(Generic[Head]):
    """Counts chunks of folders. Keeps recipes from one chunk to the next."""

    def __init__(self, head: Callable[[Skeleton], Head], token: str | None = None) -> None:
        """`token`: carried by the marks of the run that made the folders; None for a source."""
        self.heads = Known(lambda tags: head(Skeleton(tags, token)))
        self.elements = Known(lambda tags: Recipe(Skeleton(tags, token), "element"))
        self.fields = Known(lambda tags: Recipe(Skeleton(tags, token), "field"))
        self.links = Known(lambda tags: Skeleton(tags, token))
        self._of_kind = (self._field, self._head, self._head, self._head, self._text, self._link)

    def forms(self, work: Work) -> list[bytes]:
        """The normal form of each unit of a chunk, in document order. Raises UnknownForm."""
        return [self._of_kind[kind](work, at, kind) for at, kind in enumerate(work.kinds)]

    # --- hooks for subclasses, called for each unit ---

    def on_head(
        self, work: Work, at: int, recipe: Head, raw: list[bytes], written: list[bytes]
    ) -> bytes | None:
        """Called for each transaction, heading and item; returns another form if it does not count as one."""

    def on_field(self, work: Work, at: int, recipe: Recipe, raw: list[bytes]) -> None:
        """Called for each field of a patient."""

    def on_text(self, work: Work, at: int, raw: list[bytes]) -> None:
        """Called for each unit of kind text with a single text."""

    def on_link(self, work: Work, at: int, link: Node) -> None:
        """Called for each link."""

    def on_attachment(self, work: Work, at: int, content: bytes) -> None:
        """Called for each attachment whose bytes were decoded, up to EXAMINED_BYTES."""

    # --- units by kind ---

    def _field(self, work: Work, at: int, kind: int) -> bytes:
        tags, raw, written = work.texts.own(at)
        recipe = self.fields[tags]
        if recipe.omitted:
            raise UnknownForm(Why.MARK)
        work.contexts.append(b"patient")
        work.told.append(None)
        self.on_field(work, at, recipe, raw)
        return _BEGINS[kind] + b"patient" + _RS + recipe.body(raw, written)

    def _head(self, work: Work, at: int, kind: int) -> bytes:
        tags, raw, written = work.texts.own(at)
        recipe = self.heads[tags]
        context = self._around(work, at, kind)
        transaction = recipe.describe(raw) if kind == TRANSACTION else None
        if transaction is not None:
            work.told[at] = transaction
        other = self.on_head(work, at, recipe, raw, written)
        if other is not None and at not in work.holders:
            return other
        form = _BEGINS[kind] + context + _RS + recipe.body(raw, written)
        if transaction is not None:
            digest = b"" if transaction.kind == "clinicalsummary" else _hex_digest(form)
            work.inner[at] = transaction.kind.encode() + _US + digest
        elif at in work.holders:
            work.inner[at] = context + _US + _hex_digest(form)
        return other or form

    def _text(self, work: Work, at: int, kind: int) -> bytes:
        tags, raw, written = work.texts.own(at)
        context = self._around(work, at, kind)
        if len(raw) == 1:
            self.on_text(work, at, raw)
        return _BEGINS[kind] + context + _RS + self.elements[tags].body(raw, written)

    def _link(self, work: Work, at: int, kind: int) -> bytes:
        tags, raw, _ = work.texts.own(at)
        context = self._around(work, at, kind)
        content = raw[0] if raw else b""
        if _is_blank(content):
            node = Skeleton(tags, None).root
            self.on_link(work, at, node)
            body = shortened(link_body(node).encode())
            return _BEGINS[LINK] + context + _RS + body
        work.kinds[at] = ATTACHMENT
        digest, size, decoded = _decoded(content)
        if decoded is not None and size <= EXAMINED_BYTES:
            self.on_attachment(work, at, decoded)
        body = shortened(attachment_body(self.links[tags].root, digest, size).encode())
        return _BEGINS[ATTACHMENT] + context + _RS + body

    @staticmethod
    def _around(work: Work, at: int, kind: int) -> bytes:
        """The context of a unit; records it, and the transaction around the unit."""
        up = work.parents[at]
        if up < 0 or kind == TRANSACTION:
            context = _FOLDER
        elif work.kinds[up] == ITEM and kind in (ITEM, HEADING):
            context = work.contexts[up]  # counts as if it were beside it
        else:
            context = work.inner.get(up, work.contexts[up])
        work.contexts.append(context)
        work.told.append(work.told[up] if up >= 0 else None)
        return context


def _hex_digest(form: bytes) -> bytes:
    return hashlib.sha256(form).hexdigest().encode()


def _is_blank(content: bytes) -> bool:
    content = content.strip(_WHITE)
    return not content or (content.startswith(b"&") and not text_of(content).strip(_WHITE.decode()))


def _strict_base64(content: bytes) -> bytes:
    """The decoded bytes; empty if anything is not base64, including white space."""
    try:
        return pybase64.b64decode(content, validate=True)
    except binascii.Error:
        return b""


def _decoded(content: bytes) -> tuple[str, int, bytes | None]:
    """Digest and size of an attachment's bytes, equal to those of `AttachmentDigest`, and the bytes if they are valid."""
    decoded = _strict_base64(content) or _strict_base64(content.translate(None, _WHITE))
    if decoded:
        return hashlib.sha256(decoded).hexdigest(), len(decoded), decoded
    general = AttachmentDigest(examine=True)
    general.feed(text_of(content))
    general.close()
    return *general.result(), general.content()
