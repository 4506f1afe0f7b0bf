"""Walk through a KMEHR document: which element begins a unit, which belongs to one, which is structure.

The rules are those of docs/formats/facts.md. Only the small tree of the open unit is held.
"""

from __future__ import annotations

from connectors.sources.kmehr._header import OpenMessage
from connectors.sources.kmehr._loose import HEADER_PARTS, says_something
from connectors.sources.kmehr._names import (
    CONTAINERS,
    ENCRYPTED,
    HEADS,
    IDENTITY,
    IDENTITY_FIELDS,
    MAY_LEAVE,
    MESSAGE,
    NESTED,
    OF_A_FOLDER,
    POSITION_VALUE,
    RECORDS,
    TEXTS,
)
from connectors.sources.kmehr._open import (
    ATTRIBUTE_WEIGHT,
    FOLDER,
    HEADER,
    INSIDE,
    LNK,
    PART,
    PATIENT,
    PLACES_OF_NONE,
    POSITION,
    STRUCTURE,
    TAG_WEIGHT,
    UNIT,
    OpenUnits,
    Unit,
)
from connectors.sources.kmehr._raw import RawUnit
from connectors.sources.kmehr._runs import Piece
from connectors.sources.kmehr._whole import WholeFolder, link_element
from connectors.sources.kmehr.tree import SPACE, Element, escape_text, local, own_attributes, start_tag
from schemas.disposition import Reason, UnitKind


class UnitReader(OpenUnits):
    """Handles the events of a file's documents; puts rows into `rows` and rejects into `rejects`."""

    # -- events ------------------------------------------------------------------------------------------

    def start(self, tag: str, raw_attributes: dict[str, str]) -> None:
        """Begin an element."""
        if self._skipped:
            self._skipped += 1
            return
        self.loose.stop()
        name = local(tag)
        if self._captured:
            self._captured += 1
            self.loose.tag(start_tag(name, raw_attributes))
            return
        aside: dict[str, str] = {}
        attributes = own_attributes(raw_attributes, self._xsi, aside) if raw_attributes else {}
        if self._raw is not None:
            self._raw.start(name, attributes)
            self._set_aside(name, aside)
            return
        self._start_element(Element(name, attributes, self._enter()), raw_attributes, aside)

    def _start_element(self, element: Element, raw_attributes: dict[str, str], aside: dict[str, str]) -> None:
        """Begin an element that is neither skipped nor written whole as it arrives."""
        name, attributes = element.name, element.attributes
        if self._kinds and self._kinds[-1] in INSIDE and name not in MAY_LEAVE:  # the most frequent case
            self._elements[-1].append(element)
            kind = PART
        else:
            kind = self._begin(element)
            if self._captured:
                self.loose.element()
                self.loose.tag(start_tag(name, raw_attributes))
            if self._skipped or self._captured or self._raw is not None:
                self._ordinals.pop()
                if self._raw is not None:
                    self._set_aside(name, aside)
                return
            if kind in PLACES_OF_NONE and (kind != HEADER or HEADER not in self._kinds):
                self.loose.attributes(name, attributes, UnitKind.LOOSE_TEXT)
        if aside:
            self._set_aside(name, aside)
        self._counts.append(0)
        self._kinds.append(kind)
        self._elements.append(element)
        if kind in (UNIT, PART, HEADER) and self._units:
            weight = 2 * len(name) + TAG_WEIGHT
            if attributes:
                weight += sum(map(len, attributes.values())) + ATTRIBUTE_WEIGHT * len(attributes)
            self._weigh(weight, 1)

    def end(self, tag: str) -> None:
        """End an element."""
        if self._skipped:
            self._skipped -= 1
            return
        self.loose.stop()
        if self._captured:
            self._captured -= 1
            self.loose.tag(f"</{local(tag)}>")
            return
        if self._raw is not None:
            self._end_raw()
            return
        kind, element = self._kinds.pop(), self._elements.pop()
        if kind == STRUCTURE:
            self._close_structure(element)
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

    @property
    def depth(self) -> int:
        """The number of open elements."""
        return len(self._kinds)

    def is_between(self) -> bool:
        """Whether a folder that begins now is one of the file, and not inside an element that is written whole."""
        busy = self._skipped or self._captured or self._raw is not None or self._in_folder
        return not busy and (not self._kinds or self._kinds[-1] == STRUCTURE)

    def text(self, data: str) -> None:
        """Text, in pieces."""
        if self._skipped:
            return
        if self._captured:
            self.loose.tag(escape_text(data))
            return
        if self._raw is not None:
            self._raw.text(data)
            self._drain_raw()
            return
        if not self._kinds:
            return
        kind = self._kinds[-1]
        if (kind in PLACES_OF_NONE and (kind != HEADER or self._kinds.count(HEADER) == 1)) or (
            kind == POSITION and not POSITION_VALUE.fullmatch(data)
        ):
            self.loose.text(self._elements[-1].name, data)
        elif kind == LNK:
            self._feed_attachment(self._units[-1], data)
        elif kind in (PART, HEADER) or (kind == UNIT and self._is_content(data)):
            self._elements[-1].parts.append(data)
            self._weigh(len(data), 0)

    def comment(self, data: str) -> None:
        """A comment or an instruction, with its delimiters."""
        if not self._skipped:
            self.loose.note(data)

    def between(self, data: str) -> None:
        """Text between documents."""
        self.loose.text("", data)

    def finish(self) -> None:
        """End the file."""
        self.loose.close()

    def _set_aside(self, name: str, aside: dict[str, str]) -> None:
        told = {key: value for key, value in aside.items() if says_something(key, value)}
        self.loose.attributes(name, told, UnitKind.REMARK)

    def _is_content(self, data: str) -> bool:
        """Whether text counts: white space between the children of a transaction, heading or item does not."""
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
        if parent == POSITION:
            return self._capture()
        return self._begin_structure(element)

    def _begin_structure(self, element: Element) -> int:
        name = element.name
        if name in ENCRYPTED:
            return self._begin_raw(element, Reason.ENCRYPTED_FOLDER)
        if not self._in_folder:
            if name == "folder":
                return self._begin_folder(element)
            if name == "header":
                return self._begin_header(element)
            if name in OF_A_FOLDER and self._messages:
                return self._capture()
            if name == MESSAGE:
                self._messages.append(OpenMessage(self._path()))
            if name == MESSAGE or not self._kinds:
                self.loose.open(self._path(), 0)
            return STRUCTURE
        return self._begin_in_folder(element)

    def _begin_in_folder(self, element: Element) -> int:
        name = element.name
        if name in RECORDS:
            return self._begin_raw(element, Reason.FOLDER_IN_FOLDER)
        if name in NESTED:
            return self._begin_nested(element)
        if name == "patient":
            return PATIENT
        if name == "lnk":
            return self._open_unit(UnitKind.LINK, element, LNK)
        if name == "id":
            labels = element.attributes
            is_plain = labels.keys() <= {"S", "SV"} and labels.get("S") == "ID-KMEHR"
            is_position = is_plain and POSITION_VALUE.fullmatch(labels.get("SV", ""))
            return POSITION if is_position else self._capture()
        # A text, confidentiality, or an element unknown to the format: also verbatim.
        return self._open_unit(UnitKind.TEXT, element, UNIT)

    def _begin_folder(self, element: Element) -> int:
        cut = self.cut.take() if element.attributes.pop(self.cut.name, None) is not None else None
        self.patient += 1
        if self._messages:
            self._messages[-1].has_folder = True
        path = self._path()
        is_wanted = self.wanted is None or self.patient in self.wanted
        if not is_wanted or self.admit(path) is not None:
            self._skipped = 1
            return FOLDER
        self._in_folder, self._patient_told = True, False
        self._owners.append(path)
        self.loose.open(path, self.patient)
        if cut is not None:
            self._stage_whole(cut, path)
        return FOLDER

    def _stage_whole(self, whole: WholeFolder, path: str) -> None:
        """Add the rows of a folder that was read at once."""
        paths: dict[Piece, str] = {whole.pieces[0]: path}
        for piece, shape in zip(whole.pieces[1:], whole.shapes[1:], strict=True):
            owner = paths.get(piece.parent) if piece.parent is not None else None
            if owner is None:
                continue  # it is in a transaction out of scope
            own = f"{owner}.{piece.ordinal}"
            if piece.kind is UnitKind.TRANSACTION and self.admit(own) is not None:
                continue
            paths[piece] = own
            if shape is not None:
                told = (shape.name(piece.texts), *shape.told(piece.texts))
                columns = (*told, shape.shape, piece.texts)
                self.rows.staged(shape.kind, own, self.patient, owner, piece.ordinal, columns)
            elif piece.kind is UnitKind.LINK:
                self._stage_link(piece, own, owner)
        self.rows.patient(paths[whole.patient], self.patient, whole.identity())
        self._patient_told = True

    def _stage_link(self, piece: Piece, path: str, owner: str) -> None:
        unit = Unit(UnitKind.LINK, path, link_element(piece))
        for text in piece.texts:
            self._feed_attachment(unit, text)
        self._close_lnk(unit, owner)

    def _capture(self) -> int:
        self._captured = 1
        return STRUCTURE

    def _begin_header(self, element: Element) -> int:
        # The header is not a unit, but has the size limit of one.
        self._units.append(Unit(UnitKind.MESSAGE_HEADER, self._path(), element))
        return HEADER

    def _begin_header_part(self, element: Element) -> int:
        if self._kinds.count(HEADER) == 1 and element.name not in HEADER_PARTS:
            return self._capture()
        self._elements[-1].append(element)
        return HEADER

    def _begin_field(self, element: Element) -> int:
        patient = self._elements[-1]
        if element.name in IDENTITY and len(patient.children) < IDENTITY_FIELDS:
            patient.append(element)
        return self._open_unit(UnitKind.PATIENT_FIELD, element, UNIT)

    def _begin_inside(self, element: Element) -> int:
        unit, name = self._units[-1], element.name
        if unit.kind not in (UnitKind.PATIENT_FIELD, UnitKind.LINK):
            if name in NESTED:
                self._elements[-1].detach()
                return self._begin_nested(element)
            if name in RECORDS:
                self._elements[-1].detach()
                return self._begin_raw(element, Reason.FOLDER_IN_FOLDER)
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

    def _begin_raw(self, element: Element, reason: Reason) -> int:
        """Begin to write an element whole as it arrives, for the doctor to look at."""
        self._raw = RawUnit(self._path(), UnitKind.FILE, reason)
        self._raw.start(element.name, element.attributes)
        return STRUCTURE

    def _open_unit(self, kind: UnitKind, element: Element, as_kind: int) -> int:
        path = self._path()
        self._units.append(Unit(kind, path, element))
        if kind in CONTAINERS or kind == UnitKind.ITEM:
            self._owners.append(path)
        if kind == UnitKind.TRANSACTION:
            self.loose.open(path, self.patient)
        return as_kind

    # -- endings -----------------------------------------------------------------------------------------

    def _close_unit(self) -> None:
        unit = self._units.pop()
        if unit.kind in CONTAINERS or unit.kind == UnitKind.ITEM:
            self._owners.pop()
        owner, element, patient = self._owners[-1], unit.element, self.patient
        if unit.kind is UnitKind.TRANSACTION:
            self.loose.close()
        if unit.kind is UnitKind.LINK:
            self._close_lnk(unit, owner)
            return
        owner = unit.path.rpartition(".")[0] if unit.kind is UnitKind.PATIENT_FIELD else owner
        self.rows.unit(unit.kind, unit.path, patient, owner, element)

    def _close_folder(self) -> None:
        if not self._patient_told:
            self.rows.patient(self._path(), self.patient, None)
        self._in_folder = False
        self._owners.pop()
        self.loose.close()

    def _close_header(self, header: Element) -> None:
        self._units.pop()
        if self._messages:
            self._messages[-1].has_header = True
        self._listener.on_header(header, self._path())

    def _close_structure(self, element: Element) -> None:
        if element.name == MESSAGE or not self._kinds:
            self.loose.close()
        if element.name != MESSAGE:
            return
        message = self._messages.pop()
        if message.has_folder and not message.has_header:
            self._listener.on_unheaded(message.path)
