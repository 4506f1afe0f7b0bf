"""The way through a KMEHR document: which element begins a unit, which belongs to one, which is structure.

The rules are those of docs/formats/facts.md. Of what is open only the unit's own small tree is held.
"""

from __future__ import annotations

from connectors.base import Admission, Limits, Reject
from connectors.sources.attachments import Attachment, sniff_media_type, sniff_message_format
from connectors.sources.kmehr_header import HeaderListener, OpenMessage
from connectors.sources.kmehr_raw import RawUnit
from connectors.sources.kmehr_rows import Rows
from connectors.sources.kmehr_tree import SPACE, Element, local, own_attributes, to_xml
from schemas.disposition import Reason, UnitKind
from schemas.errors import LimitExceededError
from schemas.sensitive import Sensitive

STRUCTURE, FOLDER, PATIENT, UNIT, PART, LNK, HEADER = range(7)
MESSAGE = "kmehrmessage"
ENCRYPTED = frozenset({"EncryptedData", "Base64EncryptedData"})
TEXTS = frozenset({"text", "text-with-layout"})
NESTED = {"transaction": UnitKind.TRANSACTION, "heading": UnitKind.HEADING, "item": UnitKind.ITEM}
INSIDE = frozenset({UNIT, PART})
MAY_LEAVE = frozenset({*NESTED, *TEXTS, "lnk"})  # may be units of their own inside another
CONTAINERS = frozenset({UnitKind.TRANSACTION, UnitKind.HEADING})
HEADS = CONTAINERS | {UnitKind.ITEM}
FOLDER_HEAD = frozenset({"id", "confidentiality"})
LABELS = frozenset({"TYPE", "URL", "SIZE", "MEDIATYPE", "L"})
IDENTITY = frozenset({"id", "firstname", "familyname", "birthdate", "deathdate", "sex", "usuallanguage"})
IDENTITY_FIELDS = 1000
TAG_WEIGHT = 5  # bytes of a tag pair beside twice its name
ATTRIBUTE_WEIGHT = 6  # bytes of an attribute beside its value, about
MAX_ELEMENTS = 250_000  # of one unit: a bound on memory that bytes alone do not give


class Unit:
    """An open unit: its tree, its path, what it weighs."""

    __slots__ = ("attachment", "element", "elements", "kind", "path", "sequence", "size")

    def __init__(self, kind: UnitKind, path: str, element: Element) -> None:
        self.kind, self.path, self.element = kind, path, element
        self.size = self.elements = self.sequence = 0
        self.attachment: Attachment | None = None


class UnitReader:
    """Answers to the events of a file's documents; puts rows into `rows` and rejects into `rejects`."""

    def __init__(
        self, rows: Rows, first_patient: int, admit: Admission, limits: Limits, listener: HeaderListener
    ) -> None:
        self.rows, self.admit, self.limits = rows, admit, limits
        self.rejects: list[Reject] = []
        self.patient = first_patient - 1
        self._listener = listener
        self._file = rows.file
        self.open_document(0)

    def open_document(self, number: int) -> None:
        """A new document element is to come."""
        self._ordinals = [number]  # of the open elements, document first
        self._counts: list[int] = []  # children seen of each open element
        self._kinds: list[int] = []
        self._elements: list[Element] = []
        self._units: list[Unit] = []
        self._messages: list[OpenMessage] = []  # that are open
        self._owners: list[str] = []  # paths of the open folder, transactions, headings and items
        self._skipped = 0  # depth inside something not to be staged
        self._raw: RawUnit | None = None
        self._in_folder = self._patient_told = False
        self._xsi = {"xsi"}
        self._number = number

    # -- events ------------------------------------------------------------------------------------------

    def start(self, tag: str, raw_attributes: dict[str, str]) -> None:
        """An element begins."""
        if self._skipped:
            self._skipped += 1
            return
        name = local(tag)
        attributes = own_attributes(raw_attributes, self._xsi) if raw_attributes else {}
        if self._raw is not None:
            self._raw.start(name, attributes)
            return
        element = Element(name, attributes, self._enter())
        if self._kinds and self._kinds[-1] in INSIDE and name not in MAY_LEAVE:  # by far the most
            self._elements[-1].append(element)
            kind = PART
        else:
            kind = self._begin(element)
            if self._skipped or self._raw is not None:
                self._ordinals.pop()
                return
        self._counts.append(0)
        self._kinds.append(kind)
        self._elements.append(element)
        if kind in (UNIT, PART, HEADER) and self._units:
            weight = 2 * len(name) + TAG_WEIGHT
            if attributes:
                weight += sum(map(len, attributes.values())) + ATTRIBUTE_WEIGHT * len(attributes)
            self._weigh(weight, 1)

    def end(self, _tag: str) -> None:
        """An element ends."""
        if self._skipped:
            self._skipped -= 1
            return
        if self._raw is not None:
            self._end_raw()
            return
        kind, element = self._kinds.pop(), self._elements.pop()
        if kind == STRUCTURE and element.name == MESSAGE:
            self._close_message()
        self._counts.pop()
        if kind in (UNIT, LNK):
            self._close_unit()
        elif kind == PATIENT:
            self.rows.patient(self._path(), self.patient, element)
            self._patient_told = True
        elif kind == FOLDER and not any(each == FOLDER for each in self._kinds):
            self._close_folder()
        elif kind == HEADER and HEADER not in self._kinds:
            self._close_header(element)
        self._ordinals.pop()

    def text(self, data: str) -> None:
        """Text, in pieces."""
        if self._skipped or not self._kinds:
            return
        if self._raw is not None:
            self._raw.text(data)
            self._drain_raw()
            return
        kind = self._kinds[-1]
        if kind == LNK:
            self._feed_attachment(self._units[-1], data)
        elif kind in (PART, HEADER) or (kind == UNIT and self._is_content(data)):
            self._elements[-1].parts.append(data)
            self._weigh(len(data), 0)

    def _is_content(self, data: str) -> bool:
        """White space between the children of a transaction, heading or item is nothing; other text is kept."""
        parts = self._elements[-1].parts
        begun = bool(parts) and isinstance(parts[-1], str) and parts[-1] != ""
        return begun or self._units[-1].kind not in HEADS or bool(data.strip(SPACE))

    # -- beginnings --------------------------------------------------------------------------------------

    def _enter(self) -> int:
        if not self._counts:
            self._ordinals = [self._number]
            return self._number
        self._counts[-1] += 1
        self._ordinals.append(self._counts[-1])
        return self._counts[-1]

    def _path(self) -> str:
        return f"{self._file}/" + ".".join(map(str, self._ordinals))

    def _begin(self, element: Element) -> int:
        parent = self._kinds[-1] if self._kinds else STRUCTURE
        if parent == PATIENT:
            return self._begin_field(element)
        if parent in (UNIT, PART):
            return self._begin_inside(element)
        if parent == HEADER:
            return self._begin_header_part(element)
        if parent == LNK:
            return self._begin_in_lnk(element)
        return self._begin_structure(element)

    def _begin_structure(self, element: Element) -> int:
        name = element.name
        if name in ENCRYPTED:
            return self._begin_encrypted(element)
        if not self._in_folder:
            if name == "folder":
                return self._begin_folder()
            if name == MESSAGE:
                self._messages.append(OpenMessage(self._path()))
            return self._begin_header(element) if name == "header" else STRUCTURE
        return self._begin_in_folder(element)

    def _begin_in_folder(self, element: Element) -> int:
        name = element.name
        if name in NESTED:
            return self._begin_nested(element)
        if name == "patient":
            return PATIENT
        if name == "lnk":
            return self._open_unit(UnitKind.LINK, element, LNK)
        if name in FOLDER_HEAD:
            self._skipped = 1
            return STRUCTURE
        # A text, or what the format does not know: verbatim all the same.
        return self._open_unit(UnitKind.TEXT, element, UNIT)

    def _begin_folder(self) -> int:
        self.patient += 1
        if self._messages:
            self._messages[-1].has_folder = True
        path = self._path()
        if self.admit(path) is not None:
            self._skipped = 1
            return FOLDER
        self._in_folder, self._patient_told = True, False
        self._owners.append(path)
        return FOLDER

    def _begin_header(self, element: Element) -> int:
        # The header is no unit, but is held to the size of one.
        self._units.append(Unit(UnitKind.MESSAGE_HEADER, self._path(), element))
        return HEADER

    def _begin_header_part(self, element: Element) -> int:
        if element.name == "lnk":
            self._skipped = 1
        else:
            self._elements[-1].append(element)
        return HEADER

    def _begin_field(self, element: Element) -> int:
        patient = self._elements[-1]
        if element.name in IDENTITY and len(patient.children) < IDENTITY_FIELDS:
            patient.append(element)
        return self._open_unit(UnitKind.PATIENT_FIELD, element, UNIT)

    def _begin_inside(self, element: Element) -> int:
        unit, name = self._units[-1], element.name
        if unit.kind != UnitKind.PATIENT_FIELD:
            if name in NESTED:
                self._elements[-1].detach()
                return self._begin_nested(element)
            if name == "lnk":
                self._elements[-1].detach()
                return self._open_unit(UnitKind.LINK, element, LNK)
            if name in TEXTS and unit.kind in CONTAINERS and self._elements[-1] is unit.element:
                self._elements[-1].detach()
                return self._open_unit(UnitKind.TEXT, element, UNIT)
        self._elements[-1].append(element)
        return PART

    def _begin_nested(self, element: Element) -> int:
        if element.name == "transaction" and self.admit(self._path()) is not None:
            self._skipped = 1
            return UNIT
        return self._open_unit(NESTED[element.name], element, UNIT)

    def _begin_in_lnk(self, element: Element) -> int:
        unit = self._units[-1]
        if unit.attachment is not None:
            unit.attachment.spoil()
        self._elements[-1].append(element)
        return PART

    def _begin_encrypted(self, element: Element) -> int:
        self._raw = RawUnit(self._path(), UnitKind.FILE, Reason.ENCRYPTED_FOLDER)
        self._raw.start(element.name, element.attributes)
        return STRUCTURE

    def _open_unit(self, kind: UnitKind, element: Element, as_kind: int) -> int:
        path = self._path()
        self._units.append(Unit(kind, path, element))
        if kind in CONTAINERS or kind == UnitKind.ITEM:
            self._owners.append(path)
        return as_kind

    # -- endings -----------------------------------------------------------------------------------------

    def _close_unit(self) -> None:
        unit = self._units.pop()
        if unit.kind in CONTAINERS or unit.kind == UnitKind.ITEM:
            self._owners.pop()
        owner, element, patient = self._owners[-1], unit.element, self.patient
        match unit.kind:
            case UnitKind.TRANSACTION:
                self.rows.contact(unit.path, patient, owner, element, unit.size)
            case UnitKind.HEADING:
                self.rows.section(unit.path, patient, owner, element, unit.size)
            case UnitKind.ITEM:
                self.rows.item(unit.path, patient, owner, element, unit.size)
            case UnitKind.TEXT:
                self.rows.narrative(unit.path, patient, owner, element)
            case UnitKind.PATIENT_FIELD:
                chart = unit.path.rpartition(".")[0]
                self.rows.fragment(unit.path, patient, chart, element)
            case _:
                self._close_lnk(unit, owner)

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
        content = (sniff_media_type(head), attachment.size, attachment.sha256, sniff_message_format(head))
        self.rows.document(unit.path, self.patient, owner, unit.element, content)

    def _why_rejected(self, unit: Unit, attachment: Attachment) -> Reason | None:
        if attachment.invalid:
            return Reason.BASE64_INVALID
        if attachment.size > self.limits.max_attachment_bytes:
            return Reason.ATTACHMENT_TOO_LARGE
        return None if unit.element.attributes.keys() <= LABELS else Reason.NOT_IN_TARGET

    def _close_folder(self) -> None:
        if not self._patient_told:
            self.rows.patient(self._path(), self.patient, None)
        self._in_folder = False
        self._owners.pop()

    def _close_header(self, header: Element) -> None:
        self._units.pop()
        if self._messages:
            self._messages[-1].has_header = True
        self._listener.on_header(header, self._path())

    def _close_message(self) -> None:
        message = self._messages.pop()
        if message.has_folder and not message.has_header:
            self._listener.on_unheaded(message.path)

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
        """Stop building the tree: what there is of it, and all that follows, goes out as it came."""
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
