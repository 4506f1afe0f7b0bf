"""Points that the practice must look at, dangers first. They go only into the sealed report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from connectors.sources.flat.message import Message
from connectors.targets.chart import Unit, stated_kind
from connectors.targets.tree import Node, walk
from schemas.disposition import HELD_AGAINST_NOTHING, Disposition, UnitKind

_RANKS = {
    "allergy": 1,
    "adr": 1,
    "medication": 2,
    "patientwill": 2,
    "ntbr": 2,
    "vaccine": 3,
    "healthcareelement": 4,
    "problem": 4,
    "risk": 4,
    "lab": 5,
}
_NAMES = {
    0: "identity",
    1: "allergy",
    2: "medication",
    3: "vaccine",
    4: "problem",
    5: "result",
    6: "record",
    7: "document",
    8: "administrative",
}


_TECHNICAL = frozenset({"id", "cd", "iscomplete", "isvalidated", "isrelevant", "lifecycle", "time"})
_LONGEST = 300  # characters of an excerpt


@dataclass(frozen=True)
class Finding:
    """One point of the work list. `excerpt` quotes the record: only for sealed storage."""

    rank: int
    kind: str
    unit: str
    reason: str
    excerpt: str
    file: str = ""

    @property
    def rank_name(self) -> str:
        """The rank as a word."""
        return _NAMES[self.rank]

    def to_json(self) -> str:
        """Encode for sealed staging."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str, file: str) -> Finding:
        """Decode from sealed staging; `file` is the name of the patient's file in the package."""
        return Finding(**{**json.loads(text), "file": file})


def find(unit: Unit) -> list[Finding]:
    """The points of one unit that is degraded or confidential."""
    found = []
    if unit.disposition is Disposition.DEGRADED:
        found.append(Finding(_rank(unit), _kind(unit), unit.path, str(unit.reason), _excerpt(unit)))
    if unit.kind is UnitKind.LINK and _is_empty_document(unit.children[0]):
        found.append(Finding(7, "attachment", unit.path, "empty_document", _excerpt(unit)))
    if _is_confidential(unit):
        found.append(Finding(6, _kind(unit), unit.path, "confidential", _excerpt(unit)))
    return found


def _is_confidential(unit: Unit) -> bool:
    if unit.kind is UnitKind.TEXT:
        return unit.name == "confidentiality"
    return unit.holds("confidentiality")


def kept_back(unit: str, kind: str, reason: str, member: str, name: str = "") -> Finding:
    """The point of a unit handed over sealed: `member` of the report holds it, `name` is the original file name."""
    if kind == UnitKind.REMARK or reason in HELD_AGAINST_NOTHING:
        rank = 8
    elif kind in (UnitKind.ATTACHMENT, UnitKind.FILE):
        rank = 7
    else:
        rank = 6
    return Finding(rank, kind, unit, reason, name, member)


def doubtful(chart: str, other: str, why: str, people: str) -> Finding:
    """The point of two charts that may belong to one patient; `people` quotes the person that each describes."""
    return Finding(0, "patient", other, why, people, chart)


def contradictory(chart: str, folder: str, why: str, person: str) -> Finding:
    """The point of a chart whose source contradicts itself about the patient's identity."""
    return Finding(0, "identity", folder, why, person, chart)


def _is_empty_document(link: Node) -> bool:
    """Whether a `lnk` claims to hold a file, but neither holds nor names one."""
    says = link.attributes.get("TYPE") == "multimedia" or "MEDIATYPE" in link.attributes
    return says and not link.attributes.get("URL", "").strip() and not link.children


def foreign_message(unit: Unit, message: Message) -> Finding:
    """The point of a laboratory message that names another person than its chart."""
    who = message.identity
    identity = ", ".join(part for part in (who.family_name, who.first_name, who.birth, who.inss) if part)
    return Finding(0, _kind(unit), unit.path, "message_of_another", identity)


def _kind(unit: Unit) -> str:
    return str(stated_kind(unit) or unit.name or unit.kind.value)


def _rank(unit: Unit) -> int:
    if unit.kind is UnitKind.ITEM:
        return _RANKS.get(_kind(unit), 6)
    if unit.kind is UnitKind.ATTACHMENT:
        return 7
    return 8 if unit.kind is UnitKind.PATIENT_FIELD else 6


def _excerpt(unit: Unit) -> str:
    """The text that stands for it or for parts of it, after its name; otherwise its content, without identifiers."""
    if unit.prose:
        names = [
            text
            for text in _texts(unit, frozenset({"content"}))
            if not any(text in said for said in unit.prose)
        ]
        return " · ".join([*names[:1], *unit.prose])[:_LONGEST]
    return " · ".join(_texts(unit, frozenset({child.name for child in unit.children}) - _TECHNICAL))[
        :_LONGEST
    ]


def _texts(unit: Unit, names: frozenset[str]) -> list[str]:
    """The texts in its children of these names, each once."""
    nodes = (node for child in unit.children if child.name in names for node in walk(child))
    return list(dict.fromkeys(node.text.strip() for node in nodes if node.text.strip()))
