"""The place of an element in a KMEHR tree determines whether it is a unit (docs/formats/facts.md, "Units")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from connectors.inventory.facts.attachments import AttachmentDigest
from connectors.inventory.facts.normal_form import Node, is_position_id
from connectors.inventory.facts.originals import Original
from connectors.inventory.facts.tiles import Span
from connectors.inventory.facts.units import Unit
from schemas.disposition import UnitKind

_ENCRYPTED = frozenset({"EncryptedData", "Base64EncryptedData"})
_RECORDS = frozenset({"folder", "kmehrmessage"})
"""Inside a record their owner is unknown. Each is one unit, with everything in it."""
_HEADS = {
    "transaction": UnitKind.TRANSACTION,
    "heading": UnitKind.HEADING,
    "item": UnitKind.ITEM,
}
_TEXTS = frozenset({"text", "text-with-layout"})
_OF_A_FOLDER = frozenset({*_HEADS, *_TEXTS, "lnk", "patient"})
"""Inside a message but outside a folder they have no place."""
_ITEMISED = frozenset(_HEADS.values())
_HOLDERS = (UnitKind.TRANSACTION, UnitKind.HEADING)


def takes_no_text(kind: UnitKind | None) -> bool:
    """Whether text directly in such a unit belongs to nothing (facts.md counts only its children)."""
    return kind in _ITEMISED


class Role(Enum):
    """What an element is to the counter."""

    OUTSIDE = auto()  # envelope and message
    HEADER = auto()
    HEADER_PART = auto()
    SENDER = auto()  # below the header: kept to compare a filled author with it
    FOLDER = auto()
    FOLDER_HEAD = auto()  # the position of a folder: its ID-KMEHR
    LOOSE = auto()  # an element without a place, with all in it
    PATIENT = auto()
    UNIT = auto()
    PART = auto()  # of a unit, and not a unit itself


_HEADER_PARTS = frozenset(
    [
        "standard",
        "id",
        "date",
        "time",
        "expirationdate",
        "recipient",
        "urgency",
        "acknowledgment",
        "version",
    ]
)
TEXTLESS = frozenset({Role.OUTSIDE, Role.FOLDER, Role.PATIENT, Role.HEADER})
"""They hold only elements: their text and attributes are loose."""
STRUCTURAL = frozenset({Role.OUTSIDE, Role.FOLDER, Role.PATIENT})


@dataclass(slots=True)
class Frame:
    """An element that is open."""

    name: str
    role: Role
    ordinal: int
    owner: list[Span]
    node: Node
    unit: Unit | None  # the innermost one around or at this element
    kind: UnitKind | None  # if the element is a unit
    gather: Callable[[str], None] | None  # receives its text; None: text has no place here
    path: str | None = None
    children: int = 0
    pieces: list[str] = field(default_factory=list)
    attachment: AttachmentDigest | None = None
    original: Original | None = None  # the original for which it stands

    def close_run(self) -> None:
        """Join the text up to a child element, or to the end, into one run."""
        if self.pieces:
            self.node.texts.append("".join(self.pieces))
            self.pieces.clear()


def role_of(
    name: str, attributes: dict[str, str], parent: Frame | None, *, in_message: bool
) -> tuple[Role, UnitKind | None]:
    """The role of an element below its parent, and the kind of unit if it is one."""
    if parent is None or parent.role is Role.OUTSIDE:
        return _outside(name, in_message=in_message)
    if parent.role in (Role.LOOSE, Role.FOLDER_HEAD):
        return Role.LOOSE, None
    if parent.role is Role.HEADER:
        return _in_header(name), None
    if parent.role in (Role.HEADER_PART, Role.SENDER):
        return parent.role, None
    if parent.role in (Role.UNIT, Role.PART):
        return _in_unit(name, parent)
    return _in_folder(name, attributes, parent.role)


def _in_header(name: str) -> Role:
    if name == "sender":
        return Role.SENDER
    return Role.HEADER_PART if name in _HEADER_PARTS else Role.LOOSE


def _outside(name: str, *, in_message: bool) -> tuple[Role, UnitKind | None]:
    if name in _ENCRYPTED:
        return Role.UNIT, UnitKind.FILE
    if in_message and name in _OF_A_FOLDER:
        return Role.LOOSE, None
    return {"folder": Role.FOLDER, "header": Role.HEADER}.get(name, Role.OUTSIDE), None


def _in_folder(name: str, attributes: dict[str, str], around: Role) -> tuple[Role, UnitKind | None]:
    if around is Role.PATIENT:
        return Role.UNIT, UnitKind.PATIENT_FIELD
    return _child_of_folder(name, attributes)


def _child_of_folder(name: str, attributes: dict[str, str]) -> tuple[Role, UnitKind | None]:
    if name == "patient":
        return Role.PATIENT, None
    if name in _ENCRYPTED or name in _RECORDS:
        return Role.UNIT, UnitKind.FILE
    if name == "id":
        return (Role.FOLDER_HEAD if is_position_id(name, attributes) else Role.LOOSE), None
    # Confidentiality, and elements unknown to the format, are kept like a text.
    return Role.UNIT, _HEADS.get(name) or (UnitKind.LINK if name == "lnk" else UnitKind.TEXT)


def _in_unit(name: str, parent: Frame) -> tuple[Role, UnitKind | None]:
    around = parent.unit.kind if parent.unit else None
    if around in (UnitKind.PATIENT_FIELD, UnitKind.FILE, UnitKind.LINK):
        return Role.PART, None
    if name in _RECORDS:
        return Role.UNIT, UnitKind.FILE
    if name in _HEADS:
        return Role.UNIT, _HEADS[name]
    if name == "lnk":
        return Role.UNIT, UnitKind.LINK
    if name in _TEXTS and parent.role is Role.UNIT and around in _HOLDERS:
        return Role.UNIT, UnitKind.TEXT
    return Role.PART, None
