"""The elements of a KMEHR tree during the walk: which are units, which are places, what each holds when it ends."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable

from connectors.inventory.facts.attachments import EXAMINED_BYTES, MESSAGE_BYTES, AttachmentDigest
from connectors.inventory.facts.markers import message_mark
from connectors.inventory.facts.normal_form import ITSELF, Node, canons
from connectors.inventory.facts.originals import Original, Originals
from connectors.inventory.facts.tiles import FOLDER_HEAD, MESSAGE_HEADER, Tiles
from connectors.inventory.facts.units import CountedRow, Unit
from connectors.inventory.kmehr._frames import STRUCTURAL, Frame, Role, role_of, takes_no_text
from connectors.inventory.kmehr._loose import Loose
from connectors.inventory.kmehr._senders import MESSAGE, Messages
from connectors.inventory.kmehr.embedded import EmbeddedMessages
from connectors.inventory.kmehr.findings import Findings
from schemas.disposition import UnitKind
from schemas.errors import LimitExceededError

_IGNORED = {
    Role.HEADER: MESSAGE_HEADER,
    Role.HEADER_PART: MESSAGE_HEADER,
    Role.SENDER: MESSAGE_HEADER,
    Role.FOLDER_HEAD: FOLDER_HEAD,
}

_PEOPLE = frozenset({"folder", "patient"})
"""Elements that describe a patient; inside another's folder, and only there, they are not structure."""


class Folder:
    """A patient's folder, during and after reading."""

    def __init__(self, patient: int, path: str) -> None:
        self.patient = patient
        self.path = path
        self.last_seen: str | None = None
        self.several = False
        self.embedded = EmbeddedMessages()
        self._stated: list[str | None] = []

    def note_number(self, inss: str | None) -> None:
        """Record what a patient element states."""
        if inss not in self._stated:
            self._stated.append(inss)

    def row(self) -> tuple[int, str, str | None, str | None]:
        """Patient, unit, national number, last seen; the owner of a folder with several people is unknown."""
        if self.several or len(self._stated) > 1:
            return self.patient, self.path, None, None
        return self.patient, self.path, next(iter(self._stated), None), self.last_seen


class Elements:
    """The open elements, and the units of the transaction or patient being read; nothing else is held."""

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
        token: str | None = None,
        originals: Originals | None = None,
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
        self._token = token  # token of the run that made a delivered chart; None for a source
        self._originals = originals or Originals()
        self._loose = Loose(file, key, tiles, position)
        self._prefixes = {"xsi"}
        self._document = 0
        self._stack: list[Frame] = []
        self._folder: Folder | None = None
        self._ready: list[Unit] = []  # complete except for where their last token ends
        self._closing = False
        self._replaying = 0

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
        role, kind = role_of(name, attributes, parent, in_message=self.messages.is_open)
        node = Node(name, attributes, made=self._token is not None and attributes.get("SV") == self._token)
        unit = parent.unit if parent else None
        frame = Frame(name, role, ordinal, [], node, unit, kind, None, path)
        self._stack.append(frame)
        self._place_frame(frame, parent)
        return frame

    def _place_frame(self, frame: Frame, parent: Frame | None) -> None:
        """Set the frame's owner of bytes, its place for text, its unit."""
        if self._folder is not None and frame.name.casefold() in _PEOPLE and frame.role not in STRUCTURAL:
            self._folder.several = True
        if frame.kind is not None:
            self._open_unit(frame)
        elif frame.role in STRUCTURAL:
            frame.owner = self._tiles.structural
            if frame.role is Role.FOLDER:
                self._open_folder()
            elif frame.name == MESSAGE:
                self.messages.begin(self._path())
            if self._is_place(frame, parent):
                self._loose.begin(self._path(), 0)
        elif frame.role is Role.LOOSE:
            frame.owner = self._tiles.loose
            frame.gather = _discard
        elif frame.role is Role.PART:
            frame.owner = parent.owner if parent else []
            frame.gather = frame.pieces.append
            self._weigh(frame)
        else:
            frame.owner = self._tiles.ignored[_IGNORED[frame.role]]
            frame.gather = frame.pieces.append if frame.role is Role.SENDER else _discard

    def _weigh(self, frame: Frame) -> None:
        pairs = frame.node.attributes.items()
        if frame.unit and not self._fits(frame.unit, 4 + sum(len(n) + len(v) for n, v in pairs)):
            spill(frame.unit, "\x1e".join([frame.name, *map("=".join, pairs)]))

    def _fits(self, unit: Unit, characters: int) -> bool:
        unit.weight += characters
        return unit.weight <= self._max_unit

    def _open_folder(self) -> None:
        self.messages.meet("folder")
        self._folder = Folder(self._first_patient + self.patients, self._path())
        self._loose.begin(self._folder.path, self._folder.patient)
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
            most = MESSAGE_BYTES if self._in_message() else EXAMINED_BYTES
            examine = self._findings.examine or most == MESSAGE_BYTES
            frame.attachment = AttachmentDigest(examine=examine, most=most)
            frame.gather = frame.attachment.feed
        elif kind is UnitKind.FILE:
            unit.weight = self._max_unit
            spill(unit, frame.name)
        if kind is UnitKind.TRANSACTION:
            self._loose.begin(unit.path, self._folder.patient if self._folder else 0)
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
        # The document element's ordinal is that of the document.
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
        if self._is_place(frame, self._stack[-1] if self._stack else None):
            self._leave_place()
        parent = self._stack[-1] if self._stack else None
        if frame.role is Role.UNIT:
            self._close_unit(frame, parent)
        elif frame.role in (Role.PART, Role.SENDER):
            self._close_part(frame, parent)
        elif frame.role is Role.PATIENT:
            self._findings.patient(self._ready, self._folder)
        elif frame.role is Role.FOLDER and self._folder is not None:
            self._close_folder(self._folder)

    @staticmethod
    def _is_place(frame: Frame, parent: Frame | None) -> bool:
        return frame.role is Role.OUTSIDE and (parent is None or frame.name == MESSAGE)

    def _leave_place(self) -> None:
        row = self._loose.end()
        if row is not None:
            self.units[row.kind] += 1
            self.rows.append(row)

    def _close_folder(self, folder: Folder) -> None:
        self._leave_place()
        for row in folder.embedded.rows(folder.patient):
            self.units[row.kind] += 1
            self.rows.append(row)
        folder.embedded = EmbeddedMessages()
        self.folders.append(folder)
        self._folder = None

    def _close_part(self, frame: Frame, parent: Frame | None) -> None:
        if parent is None:
            return
        if frame.role is Role.SENDER and parent.role is Role.HEADER:
            self._findings.sender |= frozenset(canons(frame.node.children))
        if frame.unit is not None and frame.name == "text" and not frame.node.mixed:
            self._note_original(frame)
        if frame.original is not None:
            self._replay(frame, parent, None, frame.original)
        elif frame.unit is None or frame.unit.overflow is None:
            parent.node.children.append(frame.node)

    def _note_original(self, frame: Frame) -> None:
        """Record that a text stands for an element, and with it the unit's direct child around it or the whole patient field."""
        original = self._originals.take("".join(frame.node.texts))
        if original is None:
            return
        holder = frame
        for around in reversed(self._stack):
            if around.role is Role.UNIT:
                holder = around if around.kind is UnitKind.PATIENT_FIELD else holder
                break
            holder = around
        holder.original = original
        frame.node.texts.clear()  # the holder's other content is a copy of parts

    def _close_unit(self, frame: Frame, parent: Frame | None) -> None:
        unit = frame.unit
        if unit is None:
            return
        if frame.kind is UnitKind.TRANSACTION:
            self._leave_place()
        if frame.name == "text" and not frame.node.mixed:
            frame.original = self._originals.take("".join(frame.node.texts))
            frame.node.texts = frame.node.texts if frame.original is None else []
        if frame.original is not None and parent is not None:
            self._replay(frame, parent, unit, frame.original)
            return
        self._findings.close(frame, unit, self._key)
        if unit.transaction is not None and self._folder is not None:
            self._findings.see(frame.node, self._folder)
        if parent is None or parent.unit is None:
            self._ready.append(unit)

    # --- originals ---

    def _replay(self, frame: Frame, parent: Frame, unit: Unit | None, original: Original) -> None:
        """Count the original in the place of its prose; drop the copies of its parts, which must not state more."""
        self._drop_copy(frame, parent, original)
        if unit is not None and parent.unit is not None:
            parent.unit.children.pop()  # it is the last one
        parent.children -= 1
        self._replaying += 1
        path = self._path() + f".{frame.ordinal}"
        taken = self._replay_element(original.element, frame.path or path)
        self._replaying -= 1
        if taken is None and parent.unit is not None:
            parent.unit.degraded = True

    def _drop_copy(self, frame: Frame, parent: Frame, original: Original) -> None:
        copies = [frame.node]
        if original.copy is not None:
            named = [node for node in parent.node.children if node.name == original.copy]
            copies += named[-1:]
            if not named:
                self._originals.problems.append("copy_missing")
            parent.node.children = [
                node for node in parent.node.children if not named or node is not named[-1]
            ]
        if any(map(original.lacks, copies)):
            self._originals.problems.append("copy_differs")

    def _replay_element(self, element: Node, path: str | None) -> Unit | None:
        """Walk the nodes of an original; returns the unit of its root, if the root is one."""
        if element.name == ITSELF and takes_no_text(self._stack[-1].kind):
            self._restore_own(element, self._stack[-1])
            return None
        frame = self._open(element.name, element.attributes, path)
        if frame.attachment is not None:
            frame.attachment.feed("".join(element.texts))
        else:
            frame.node.texts.extend(element.texts)
        for child in element.children:
            self._replay_element(child, None)
        frame.node.mixed = frame.node.mixed or element.mixed
        self._close()
        return frame.unit if frame.kind is not None else None

    @staticmethod
    def _restore_own(element: Node, owner: Frame) -> None:
        """Restore an owner's own attributes and text, for which the target has no place."""
        owner.children += 1
        owner.close_run()
        owner.node.attributes |= element.attributes
        owner.node.texts += element.texts


def spill(unit: Unit, data: str) -> None:
    """Hash the data of a unit above the limit instead of holding it: the unit is not delivered anyway."""
    if unit.overflow is None:
        unit.overflow = hashlib.sha256()
    unit.overflow.update(data.encode("utf-8", "surrogatepass"))


def _discard(_data: str) -> None:
    """Discard text that is not needed."""
