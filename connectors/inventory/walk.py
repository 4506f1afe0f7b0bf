"""Walk through KMEHR documents, token by token, and give each unit as soon as it is complete.

The same walk reads a source and a delivered chart. It holds the path from the root to the present element,
and the units of the transaction or patient being read; nothing else.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable

from connectors.inventory.attachments import AttachmentDigest
from connectors.inventory.findings import Findings
from connectors.inventory.frames import STRUCTURAL, Frame, Role, role_of, takes_no_text
from connectors.inventory.markers import message_mark
from connectors.inventory.names import local_attributes, local_name
from connectors.inventory.normal_form import ITSELF, Node, canons
from connectors.inventory.senders import MESSAGE, Messages
from connectors.inventory.snippets import OPENING, snippet_element
from connectors.inventory.tiles import (
    COMMENT,
    FILLED,
    FOLDER_HEAD,
    INSTRUCTION,
    MESSAGE_HEADER,
    STRAY_ELEMENT,
    STRAY_TEXT,
    Span,
    Tiles,
)
from connectors.inventory.units import CountedRow, Unit, rows
from schemas.disposition import UnitKind
from schemas.errors import LimitExceededError

_IGNORED = {
    Role.HEADER: MESSAGE_HEADER,
    Role.HEADER_PART: MESSAGE_HEADER,
    Role.SENDER: MESSAGE_HEADER,
    Role.FOLDER_HEAD: FOLDER_HEAD,
}
_SNIPPET_OWNERS = (UnitKind.TRANSACTION, UnitKind.HEADING, UnitKind.ITEM)


class Folder:
    """A patient's folder, while and after it is read."""

    def __init__(self, patient: int, path: str) -> None:
        self.patient = patient
        self.path = path
        self.inss: str | None = None
        self.last_seen: str | None = None


class Walk:
    """The listener of a DocumentStream. `rows`, `folders` are for the caller to take and to clear."""

    def __init__(
        self,
        *,
        file: int,
        key: bytes,
        first_patient: int,
        max_depth: int,
        max_unit: int,
        findings: Findings,
        position: Callable[[], int],
        tiles: Tiles,
    ) -> None:
        self.rows: list[CountedRow] = []
        self.folders: list[Folder] = []
        self.messages = Messages()
        self.units: Counter[str] = Counter()
        self.patients = 0
        self._file = file
        self._key = key
        self._first_patient = first_patient
        self._max_depth = max_depth
        self._max_unit = max_unit
        self._findings = findings
        self._position = position
        self._tiles = tiles
        self._document = 0
        self._stack: list[Frame] = []
        self._folder: Folder | None = None
        self._ready: list[Unit] = []  # complete but for where their last token ends
        self._closing = False
        self._replaying = 0

    # --- what the stream tells ---

    def on_document(self) -> None:
        """A document begins."""
        self._touch()
        self._document += 1
        self._findings.sender = frozenset()

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        """A start tag."""
        self._touch()
        frame = self._open(local_name(name), local_attributes(attributes))
        if frame.role is not Role.PART:
            self._tiles.switch(self._position(), frame.owner)

    def on_text(self, data: str) -> None:
        """Characters."""
        if self._closing:
            self._touch()
        frame = self._stack[-1]
        if frame.gather is not None:
            if takes_no_text(frame.kind) and not frame.pieces and not data.strip(" \t\r\n"):
                return  # white space between children
            unit = frame.unit
            if unit is None or frame.attachment is not None or self._fits(unit, len(data)):
                frame.gather(data)
            else:
                _spill(unit, data)
        elif data.strip(" \t\r\n"):
            self._tiles.switch(self._position(), self._tiles.ignored[STRAY_TEXT])
        elif frame.role in STRUCTURAL:
            self._tiles.switch(self._position(), frame.owner)

    def on_end(self) -> None:
        """An end tag. Where it ends is known with the next token."""
        self._touch()
        frame = self._stack[-1]
        if frame.role in STRUCTURAL:
            self._tiles.switch(self._position(), frame.owner)
        self._close()
        self._closing = frame.role is not Role.PART

    def on_comment(self, _data: str) -> None:
        """A comment: part of the unit around it, or left aside."""
        self._aside(COMMENT)

    def on_instruction(self, _data: str) -> None:
        """A processing instruction: likewise."""
        self._aside(INSTRUCTION)

    def on_filler(self) -> None:
        """White space, the XML declaration, the marks of a CDATA section."""
        self._touch()
        if not self._stack or self._stack[-1].role in STRUCTURAL:
            self._tiles.switch(self._position(), self._tiles.structural)

    def on_stray(self, _data: str) -> None:
        """Characters between documents."""
        self._aside(STRAY_TEXT)

    def finish(self, size: int) -> None:
        """The end of the file."""
        self._settle(size)
        self._tiles.switch(size, self._tiles.structural)
        self._tiles.settle([])

    # --- bytes ---

    def _aside(self, rule: str) -> None:
        self._touch()
        if not self._stack or self._stack[-1].role in STRUCTURAL:
            self._tiles.switch(self._position(), self._tiles.ignored[rule])

    def _touch(self) -> None:
        """At every token: what ended just before it ends here."""
        if self._closing:
            self._settle(self._position())

    def _settle(self, position: int) -> None:
        self._closing = False
        top = self._stack[-1] if self._stack else None
        self._tiles.switch(position, top.owner if top else self._tiles.structural)
        if self._ready and (top is None or top.unit is None) and not (top and top.role is Role.PATIENT):
            self._give()
        elif self._tiles.is_long() and not self._ready and (top is None or top.unit is None):
            self._tiles.settle([])

    def _give(self) -> None:
        """Hand out the units that are complete, once their bytes have been checked."""
        patient = self._folder.patient if self._folder else 0
        self._tiles.settle(self._flat_spans(self._ready))
        for unit in self._ready:
            context = "patient" if unit.kind is UnitKind.PATIENT_FIELD else "folder"
            for row in rows(unit, patient, self._key, context):
                self.units[row.kind] += 1
                self.rows.append(row)
        self._ready.clear()

    def _flat_spans(self, units: list[Unit]) -> list[Span]:
        """The byte ranges of the units and of all in them; those of a filled unit are left aside."""
        spans: list[Span] = []
        for unit in units:
            if unit.void:
                self._tiles.hand_over(unit.spans, self._tiles.ignored[FILLED])
            spans += unit.spans
            spans += self._flat_spans(unit.children)
        return spans

    # --- elements ---

    def _open(self, name: str, attributes: dict[str, str], path: str | None = None) -> Frame:
        parent = self._stack[-1] if self._stack else None
        ordinal = 1
        if parent is not None:
            parent.children += 1
            ordinal = parent.children
            parent.node.mixed = True
            parent.close_run()
        if len(self._stack) >= self._max_depth:
            raise LimitExceededError("too_deep", file=self._file, limit=self._max_depth)
        role, kind = role_of(name, parent)
        node = Node(name, attributes)
        unit = parent.unit if parent else None
        frame = Frame(name, role, ordinal, [], node, unit, kind, None, path)
        self._stack.append(frame)
        self._settle_in(frame, parent)
        return frame

    def _settle_in(self, frame: Frame, parent: Frame | None) -> None:
        """Give the new frame its owner of bytes, its place for text, its unit."""
        if frame.kind is not None:
            self._open_unit(frame)
        elif frame.role in STRUCTURAL:
            frame.owner = self._tiles.structural
            if frame.role is Role.FOLDER:
                self._open_folder()
            elif frame.name == MESSAGE:
                self.messages.begin(self._path())
        elif frame.role is Role.PART:
            frame.owner = parent.owner if parent else []
            frame.gather = frame.pieces.append
            self._weigh(frame)
        else:
            frame.owner = self._tiles.ignored[_IGNORED[frame.role]]
            frame.gather = frame.pieces.append if frame.role is Role.SENDER else _forget

    def _weigh(self, frame: Frame) -> None:
        pairs = frame.node.attributes.items()
        if frame.unit and not self._fits(frame.unit, 4 + sum(len(n) + len(v) for n, v in pairs)):
            _spill(frame.unit, "\x1e".join([frame.name, *map("=".join, pairs)]))

    def _fits(self, unit: Unit, characters: int) -> bool:
        unit.weight += characters
        return unit.weight <= self._max_unit

    def _open_folder(self) -> None:
        self.messages.meet("folder")
        self._folder = Folder(self._first_patient + self.patients, self._path())
        self.patients += 1

    def _open_unit(self, frame: Frame) -> None:
        kind = frame.kind or UnitKind.FILE
        unit = Unit(kind, frame.path or self._path(), node=frame.node)
        if frame.unit is not None:
            frame.unit.children.append(unit)
        frame.owner = unit.spans
        frame.unit = unit
        frame.path = unit.path
        frame.gather = frame.pieces.append
        if kind is UnitKind.LINK:
            frame.attachment = AttachmentDigest(examine=self._findings.examine or self._in_message())
            frame.gather = frame.attachment.feed
        elif kind is UnitKind.FILE:
            unit.weight = self._max_unit
            _spill(unit, frame.name)
        if self._replaying:
            unit.degraded = unit.moved = True

    def _in_message(self) -> bool:
        heads = (f.node.children for f in self._stack if f.kind is UnitKind.TRANSACTION)
        return any(message_mark(children) is not None for children in heads)

    def _path(self) -> str:
        ordinals: list[str] = []
        for frame in reversed(self._stack):
            if frame.path is not None:
                return ".".join([frame.path, *reversed(ordinals)])
            ordinals.append(str(frame.ordinal))
        # The document element's own ordinal is that of the document.
        return ".".join([f"{self._file}/{self._document}", *reversed(ordinals[:-1])])

    def _close(self) -> None:
        frame = self._stack[-1]
        frame.close_run()
        if frame.role is Role.HEADER:
            self.messages.meet("header")
            self.messages.header(self._path(), frame.node.children)
        elif frame.role is Role.OUTSIDE and frame.name == MESSAGE:
            self.messages.end()
        self._stack.pop()
        parent = self._stack[-1] if self._stack else None
        if frame.role is Role.UNIT:
            self._close_unit(frame, parent)
        elif frame.role in (Role.PART, Role.SENDER):
            self._close_part(frame, parent)
        elif frame.role is Role.PATIENT:
            self._findings.patient(self._ready, self._folder)
        elif frame.role is Role.FOLDER and self._folder is not None:
            self._close_folder(self._folder)

    def _close_folder(self, folder: Folder) -> None:
        self.folders.append(folder)
        self._folder = None

    def _close_part(self, frame: Frame, parent: Frame | None) -> None:
        if parent is None:
            return
        if frame.role is Role.SENDER and parent.role is Role.HEADER:
            self._findings.sender |= frozenset(canons(frame.node.children))
        if self._is_snippet_place(frame, parent) and self._replay(frame, parent, None):
            return
        elif frame.unit is None or frame.unit.overflow is None:
            parent.node.children.append(frame.node)

    @staticmethod
    def _is_snippet_place(frame: Frame, parent: Frame) -> bool:
        return frame.name == "text" and parent.role is Role.UNIT and parent.kind is UnitKind.ITEM

    def _close_unit(self, frame: Frame, parent: Frame | None) -> None:
        unit = frame.unit
        if unit is None:
            return
        if frame.name == "text" and self._replay(frame, parent, unit):
            return
        self._findings.close(frame, unit, self._key)
        if unit.transaction is not None and self._folder is not None:
            self._findings.see(frame.node, self._folder)
        if parent is None or parent.unit is None:
            self._ready.append(unit)

    # --- snippets ---

    def _replay(self, frame: Frame, parent: Frame | None, unit: Unit | None) -> bool:
        """Count the element that a text carries as if it stood there; False for any other text."""
        text = "".join(frame.node.runs)
        if frame.node.mixed or not text.startswith(OPENING) or parent is None:
            return False
        element = snippet_element(text, self._max_depth)
        if element is None:
            return False
        if unit is not None and parent.unit is not None:
            parent.unit.children.remove(unit)
        parent.children -= 1
        self._replaying += 1
        path = self._path() + f".{frame.ordinal}"
        taken = self._again(element, frame.path or path)
        self._replaying -= 1
        if unit is not None:
            aside = self._tiles.ignored[STRAY_ELEMENT] if parent.unit is None else parent.owner
            self._tiles.hand_over(unit.spans, taken.spans if taken else aside)
        if taken is None and parent.unit is not None:
            parent.unit.degraded = True
        return True

    def _again(self, element: Node, path: str | None) -> Unit | None:
        """Walk the nodes of a snippet; gives the unit that its root is, if it is one."""
        if element.name == ITSELF and takes_no_text(self._stack[-1].kind):
            self._itself(element, self._stack[-1])
            return None
        frame = self._open(element.name, element.attributes, path)
        if frame.attachment is not None:
            frame.attachment.feed("".join(element.runs))
        else:
            frame.node.runs.extend(element.runs)
        for child in element.children:
            self._again(child, None)
        frame.node.mixed = frame.node.mixed or element.mixed
        self._close()
        return frame.unit if frame.kind is not None else None

    @staticmethod
    def _itself(element: Node, owner: Frame) -> None:
        """What an owner's own attributes and text became where the target has no place for them."""
        owner.children += 1
        owner.close_run()
        owner.node.attributes |= element.attributes
        owner.node.runs += element.runs


def _spill(unit: Unit, data: str) -> None:
    """A unit above the limit is hashed as it passes by: it is not delivered anyway."""
    if unit.overflow is None:
        unit.overflow = hashlib.sha256()
    unit.overflow.update(data.encode("utf-8", "surrogatepass"))


def _forget(_data: str) -> None:
    """Text that nobody needs."""
