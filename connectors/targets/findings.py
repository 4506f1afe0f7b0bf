"""Points that the practice must look at. They hold records: they go only into the sealed report."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.sources.flat.message import Message
from connectors.targets.chart import Unit, stated_kind
from connectors.targets.tree import Node
from schemas.disposition import HELD_AGAINST_NOTHING, Disposition, UnitKind
from schemas.practice_documents import Danger

_DANGERS = {
    "allergy": Danger.ALLERGY,
    "adr": Danger.ALLERGY,
    "medication": Danger.MEDICATION,
    "patientwill": Danger.MEDICATION,
    "ntbr": Danger.MEDICATION,
    "vaccine": Danger.VACCINE,
    "healthcareelement": Danger.PROBLEM,
    "problem": Danger.PROBLEM,
    "risk": Danger.PROBLEM,
    "lab": Danger.RESULT,
}


@dataclass(frozen=True)
class Finding:
    """One point. `excerpt` quotes the record; `about` is the unit in its chart, if it is in one."""

    danger: Danger
    kind: str
    unit: str
    reason: str
    excerpt: str = ""
    about: Unit | None = None


def find(unit: Unit) -> list[Finding]:
    """The points of one unit that is degraded or confidential."""
    found = []
    if unit.disposition is Disposition.DEGRADED:
        found.append(Finding(_danger(unit), _kind(unit), unit.path, str(unit.reason), about=unit))
    if unit.kind is UnitKind.LINK and _is_empty_document(unit.children[0]):
        found.append(Finding(Danger.DOCUMENT, UnitKind.ATTACHMENT, unit.path, "empty_document", about=unit))
    if _is_confidential(unit):
        found.append(Finding(Danger.RECORD, _kind(unit), unit.path, "confidential", about=unit))
    return found


def implausible(unit: Unit, reason: str) -> Finding:
    """The point of a unit that breaks a contract which a person is to resolve; it is delivered as it came."""
    return Finding(_danger(unit), _kind(unit), unit.path, reason, about=unit)


def implausible_person(folder: str, reason: str) -> Finding:
    """The same about what a folder says of its patient."""
    return Finding(Danger.IDENTITY, "patient", folder, reason)


def _is_confidential(unit: Unit) -> bool:
    if unit.kind is UnitKind.TEXT:
        return unit.name == "confidentiality"
    return unit.holds("confidentiality")


def kept_back(unit: str, kind: str, reason: str, excerpt: str = "") -> Finding:
    """The point of a unit handed over sealed."""
    if kind == UnitKind.REMARK or reason in HELD_AGAINST_NOTHING:
        danger = Danger.ADMINISTRATIVE
    elif kind in (UnitKind.ATTACHMENT, UnitKind.FILE):
        danger = Danger.DOCUMENT
    else:
        danger = Danger.RECORD
    return Finding(danger, kind, unit, reason, excerpt)


def doubtful(other: str, why: str, people: str) -> Finding:
    """The point of two charts that may belong to one patient; `people` quotes the person that each describes."""
    return Finding(Danger.IDENTITY, "patient", other, why, people)


def contradictory(folder: str, why: str, person: str) -> Finding:
    """The point of a chart whose source contradicts itself about the patient's identity."""
    return Finding(Danger.IDENTITY, "identity", folder, why, person)


def foreign_message(unit: Unit, message: Message) -> Finding:
    """The point of a laboratory message that names another person than its chart."""
    who = message.identity
    identity = ", ".join(part for part in (who.family_name, who.first_name, who.birth, who.inss) if part)
    return Finding(Danger.IDENTITY, _kind(unit), unit.path, "message_of_another", identity, unit)


def _is_empty_document(link: Node) -> bool:
    """Whether a `lnk` claims to hold a file, but neither holds nor names one."""
    says = link.attributes.get("TYPE") == "multimedia" or "MEDIATYPE" in link.attributes
    return says and not link.attributes.get("URL", "").strip() and not link.children


def _kind(unit: Unit) -> str:
    return str(stated_kind(unit) or unit.kind.value)


def _danger(unit: Unit) -> Danger:
    if unit.kind is UnitKind.ITEM:
        return _DANGERS.get(_kind(unit), Danger.RECORD)
    if unit.kind is UnitKind.ATTACHMENT:
        return Danger.DOCUMENT
    return Danger.ADMINISTRATIVE if unit.kind is UnitKind.PATIENT_FIELD else Danger.RECORD
