"""What waits for a second person: doctors and mandates that one operator enrolled, pages signed by hand that one recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flows.session.control import Control
from vault.authorisation.handwritten import attestations_of
from vault.authorisation.register import InstructionRegister
from vault.records.subjects import Subjects

_DOCTOR, _MANDATE, _PAGE = "doctor", "mandate", "page"


@dataclass(frozen=True)
class Proposal:
    """One act that is half done: opaque ids and codes; `first` is the operator who proposed it."""

    id: str  # of the doctor, the mandate, or the instruction
    kind: str  # doctor, mandate, page
    person: str
    first: str
    at: str
    how: tuple[str, ...]  # what the first person was shown

    def facts(self, record: dict[str, Any]) -> list[tuple[str, str]]:
        """Returns what is to be attested, of the person's record: names of fields with their values."""
        if self.kind == _PAGE:
            return []
        pending = _pending_of(record, self.id)
        numbers = pending.get("nihii") or pending.get("numbers") or []
        found = [
            ("name", pending.get("name", "")),
            ("inss", record.get("inss", "")),
            ("nihii", ", ".join(numbers)),
        ]
        found += [(name, pending[name]) for name in ("role", "until") if name in pending]
        return [(name, str(value)) for name, value in found]


def proposals(control: Control) -> list[Proposal]:
    """Returns what waits, oldest first."""
    found = [*_people(control), *_pages(control)]
    return sorted(found, key=lambda one: (one.at, one.id))


def _people(control: Control) -> list[Proposal]:
    found, subjects = [], Subjects(control.home)
    for person in subjects.ids():
        record = subjects.read(person) or {}
        if "pending" in record:
            found.append(_made(person, _DOCTOR, person, record["pending"]["attestations"]))
        for ordinal, mandate in record.get("mandates", {}).items():
            if "ended" not in mandate and len(mandate["attestations"]) == 1:
                found.append(_made(f"{person}.{ordinal}", _MANDATE, person, mandate["attestations"]))
    return found


def _pages(control: Control) -> list[Proposal]:
    folder, found = control.home.authorisations, []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        register = InstructionRegister(control.home, None, path.name)
        if register.state["pending"]:
            found.append(_made(path.name, _PAGE, register.subject, attestations_of(register.pending())))
    return found


def _made(name: str, kind: str, person: str, attestations: list[dict[str, Any]]) -> Proposal:
    first = attestations[0]
    return Proposal(name, kind, person, str(first["operator"]), str(first["at"]), tuple(first["how"]))


def _pending_of(record: dict[str, Any], name: str) -> dict[str, Any]:
    _, _, ordinal = name.partition(".")
    return dict(record.get("mandates", {}).get(ordinal, {}) if ordinal else record.get("pending", {}))
