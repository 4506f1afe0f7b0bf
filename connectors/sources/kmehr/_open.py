"""The state of reading a KMEHR document: open elements and units; attachments and units too large to hold."""

from __future__ import annotations

from connectors.base import Admission, Limits, Reject
from connectors.media_types import sniff_media_type
from connectors.sources.kmehr._attachments import Attachment
from connectors.sources.kmehr._cut import FolderCut
from connectors.sources.kmehr._header import HeaderListener, OpenMessage
from connectors.sources.kmehr._loose import Loose
from connectors.sources.kmehr._names import CONTAINERS, LABELS
from connectors.sources.kmehr._raw import RawUnit
from connectors.sources.kmehr._whole import WholeFolder
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import SPACE, Element, to_xml
from connectors.sources.payloads import held_format
from schemas.disposition import Reason, UnitKind
from schemas.errors import LimitExceededError
from schemas.link_types import LINK_TYPES
from schemas.sensitive import Sensitive

STRUCTURE, FOLDER, PATIENT, UNIT, PART, LNK, HEADER, POSITION = range(8)
PLACES_OF_NONE = frozenset(
    {STRUCTURE, FOLDER, PATIENT, HEADER}
)  # hold only elements: text and attributes are loose
INSIDE = frozenset({UNIT, PART})
TAG_WEIGHT = 5  # bytes of a tag pair besides twice its name
ATTRIBUTE_WEIGHT = 6  # bytes of an attribute besides its value, about
MAX_ELEMENTS = 250_000  # of one unit: a limit in bytes alone does not bound memory


class Unit:
    """An open unit: its tree, its path, its size."""

    __slots__ = ("attachment", "element", "elements", "kind", "path", "sequence", "size")

    def __init__(self, kind: UnitKind, path: str, element: Element) -> None:
        self.kind, self.path, self.element = kind, path, element
        self.size = self.elements = self.sequence = 0
        self.attachment: Attachment | None = None


class OpenUnits:
    """Handles attachments and units too large to hold; holds the state of the reading."""

    def __init__(
        self,
        rows: Rows,
        first_patient: int,
        admit: Admission,
        limits: Limits,
        listener: HeaderListener,
        cut: FolderCut[WholeFolder | None],
        wanted: range | None = None,
    ) -> None:
        self.wanted = wanted
        self.rows, self.admit, self.limits, self.cut = rows, admit, limits, cut
        self.rejects: list[Reject] = []
        self.loose = Loose(rows, admit, self.rejects)
        self.patient = first_patient - 1
        self._listener = listener
        self._file = rows.file
        self.open_document(0)

    def open_document(self, number: int) -> None:
        """Begin a document element."""
        self._ordinals = [number]  # of the open elements, document first
        self._counts: list[int] = []  # children seen so far, for each open element
        self._kinds: list[int] = []
        self._elements: list[Element] = []
        self._units: list[Unit] = []
        self._messages: list[OpenMessage] = []  # the open messages
        self._owners: list[str] = []  # paths of the open folder, transactions, headings and items
        self._skipped = 0  # depth inside content that is not to be staged
        self._captured = 0  # depth inside a loose element
        self._raw: RawUnit | None = None
        self._in_folder = self._patient_told = False
        self._xsi = {"xsi"}
        self._number = number

    def _path(self) -> str:
        return f"{self._file}/" + ".".join(map(str, self._ordinals))

    # -- attachments, and units too large to hold --------------------------------------------------------

    def _feed_attachment(self, unit: Unit, data: str) -> None:
        if unit.attachment is None:
            if not data.strip(SPACE):
                return
            unit.attachment = Attachment()
            if unit.element.children:
                unit.attachment.spoil()
        unit.attachment.feed(data)
        self._drain_attachment(unit, unit.attachment)

    def _drain_attachment(self, unit: Unit, attachment: Attachment, *, last: bool = False) -> None:
        for piece in attachment.take(last=last):
            self.rows.chunk(unit.path, self.patient, unit.sequence, piece)
            unit.sequence += 1

    def _weigh(self, size: int, elements: int) -> None:
        unit = self._units[-1]
        unit.size += size
        unit.elements += elements
        if unit.size <= self.limits.max_unit_bytes and unit.elements <= MAX_ELEMENTS:
            return
        if unit.kind in CONTAINERS or unit.kind in (UnitKind.MESSAGE_HEADER, UnitKind.LINK):
            limit = self.limits.max_unit_bytes
            raise LimitExceededError("unit_too_large", file=self._file, unit=unit.path, limit=limit)
        self._turn_raw(unit)

    def _turn_raw(self, unit: Unit) -> None:
        """Stop building the tree: write out what it holds, and all that follows, as it came."""
        self._raw = RawUnit(unit.path, unit.kind, Reason.UNIT_TOO_LARGE)
        at = self._elements.index(unit.element)
        self._raw.adopt(self._elements[at:])
        depth = len(self._elements) - at
        for stack in (self._elements, self._kinds, self._counts):
            del stack[-depth:]
        del self._ordinals[-depth:]
        self._units.pop()
        if unit.kind == UnitKind.ITEM:
            self._owners.pop()
        self._drain_raw()

    def _end_raw(self) -> None:
        raw = self._raw
        if raw is not None and raw.end():
            self._drain_raw(last=True)
            self._raw = None
            patient = self.patient if self._in_folder else 0
            self.rejects.append(Reject(raw.path, self._file, patient, raw.kind, raw.reason, Sensitive(b"")))

    def _drain_raw(self, *, last: bool = False) -> None:
        raw = self._raw
        if raw is not None:
            patient = self.patient if self._in_folder else 0
            for sequence, piece in raw.take(last=last):
                self.rows.chunk(raw.path, patient, sequence, piece)

    def _reject(self, path: str, kind: UnitKind, reason: Reason) -> None:
        self.rejects.append(Reject(path, self._file, self.patient, kind, reason, Sensitive(b"")))

    def _close_lnk(self, unit: Unit, owner: str) -> None:
        attachment = unit.attachment
        if attachment is None:
            self.rows.link(unit.path, self.patient, owner, unit.element)
            return
        attachment.close()
        self._drain_attachment(unit, attachment, last=True)
        reason = self._why_rejected(unit, attachment)
        if reason is not None:
            if unit.element.children or reason == Reason.NOT_IN_TARGET:
                xml = to_xml(unit.element).encode("utf-8")
                self.rows.chunk(unit.path, self.patient, unit.sequence, xml)
            self._reject(unit.path, UnitKind.ATTACHMENT, reason)
            return
        head = attachment.head
        content = (sniff_media_type(head), attachment.size, attachment.sha256, held_format(head))
        self.rows.document(unit.path, self.patient, owner, unit.element, content)

    def _why_rejected(self, unit: Unit, attachment: Attachment) -> Reason | None:
        if attachment.invalid:
            return Reason.BASE64_INVALID
        if attachment.size > self.limits.max_attachment_bytes:
            return Reason.ATTACHMENT_TOO_LARGE
        labels = unit.element.attributes
        fits = labels.keys() <= LABELS and labels.get("TYPE", "multimedia") in LINK_TYPES
        return None if fits else Reason.NOT_IN_TARGET
