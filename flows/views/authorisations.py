"""The instructions of a home for those who watch: their state, the uses that are left, their runs, and what they order.

Rows and sheets hold codes, dates and opaque ids. What names a person, a place or a key stands apart, in `Wording`, so that a page
shows it to those alone who may read it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flows.session.control import Control
from flows.views.index import RunIndex
from schemas.errors import UnreadableSourceError
from vault.authorisation.register import InstructionRegister, Use, all_registers, registers_of
from vault.instruction.document import Custody, Instruction, parse
from vault.instruction.fields import CARRIED
from vault.records.known_numbers import also_known_as
from vault.records.recipients import recipients
from vault.runs.facts import is_ended
from vault.system.clock import format_utc


class AuthorisationState(StrEnum):
    """Where an instruction stands; drafted and merely signed ones are no part of a home until they are recorded."""

    SIGNED = "signed"  # by hand; a second operator has not attested it yet
    RECORDED = "recorded"  # checked and kept; no use was spent
    IN_USE = "in_use"  # some uses are spent, some are left
    USED = "used"  # no use is left
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ERASED = "erased"  # a person whom it concerned is erased: it can no longer be read


_COLOURS = {
    AuthorisationState.SIGNED: "warn",
    AuthorisationState.RECORDED: "live",
    AuthorisationState.IN_USE: "live",
}


@dataclass(frozen=True)
class UseRow:
    """How often a use may happen, and how often it still may."""

    use: str
    allowed: int
    left: int


@dataclass(frozen=True)
class AuthorisationRow:
    """One instruction in a list."""

    id: str
    state: AuthorisationState
    persons: tuple[str, ...]  # opaque ids
    uses: tuple[UseRow, ...]
    valid_from: str | None
    valid_until: str | None
    signature: str | None
    runs: tuple[str, ...]  # oldest first

    @property
    def colour(self) -> str:
        """Amber for what waits for a person; nothing is green, since nothing is proved yet."""
        return _COLOURS.get(self.state, "plain")


@dataclass(frozen=True)
class RecipientRow:
    """A key to which the package is sealed, and when its holder proved to have it."""

    key: str
    role: str
    proven: str | None


@dataclass(frozen=True)
class Wording:
    """What names persons, places and keys."""

    text: str  # what was signed, in the doctor's language
    language: str
    destination: str
    processor: str
    recipients: tuple[RecipientRow, ...]


@dataclass(frozen=True)
class AuthorisationSheet:
    """One instruction in full."""

    row: AuthorisationRow
    signed_as: tuple[str, ...]
    kinds: tuple[str, ...]
    patients: str
    responsible: str
    source_system: str
    hours: int
    degraded_permille: int
    quarantined_permille: int
    source_custody: Custody | None
    package_custody: Custody | None
    roles: tuple[str, ...]  # of the recipients
    wording: Wording


def authorisation_rows(control: Control, doctor: str | None = None) -> list[AuthorisationRow]:
    """Returns the instructions, those that are valid longest first; those of one doctor if one is given."""
    registers = _registers(control, doctor)
    runs = _runs_by_instruction(control, [register.id for register in registers])
    rows = [_row(control, register, runs[register.id]) for register in registers]
    return sorted(rows, key=lambda row: (row.valid_until or "", row.id), reverse=True)


def waiting_for_signature(control: Control, doctor: str | None = None) -> list[str]:
    """Returns the instructions that a second operator has not attested yet."""
    return [register.id for register in _registers(control, doctor) if register.state["pending"]]


def authorisation_sheet(
    control: Control, authorisation: str, doctor: str | None = None
) -> tuple[AuthorisationRow, AuthorisationSheet | None]:
    """Returns one instruction; its sheet is None when it can no longer be read.

    Raises UnreadableSourceError (no_such_authorisation), also for one that does not concern the doctor.
    """
    found = [one for one in _registers(control, doctor) if one.id == authorisation]
    if not found:
        raise UnreadableSourceError("no_such_authorisation")
    row = _row(control, found[0], _runs_by_instruction(control, [authorisation])[authorisation])
    instruction = _instruction(found[0])
    return row, None if instruction is None else _sheet(control, row, found[0], instruction)


def recipients_of(control: Control, doctor: str) -> list[RecipientRow]:
    """Returns the keys that the doctor's instructions name, each once."""
    found: dict[str, RecipientRow] = {}
    for register in _registers(control, doctor):
        instruction = _instruction(register)
        if instruction is not None:
            found |= {one.key: one for one in _recipients(control, instruction)}
    return list(found.values())


def _registers(control: Control, doctor: str | None) -> list[InstructionRegister]:
    if doctor is None:
        return all_registers(control.home)
    return registers_of(control.home, also_known_as(control.home, doctor))


@dataclass(frozen=True)
class _Ran:
    """A run of an instruction."""

    run: str
    use: str
    certified: bool


def _runs_by_instruction(control: Control, instructions: list[str]) -> dict[str, list[_Ran]]:
    """Returns the runs of some instructions, oldest first."""
    found: dict[str, list[_Ran]] = defaultdict(list)
    with RunIndex.of(control) as index:
        ended = index.query(
            "SELECT authorisation, run, use, created, ledger_start FROM settled"
            " WHERE authorisation IN (SELECT value FROM json_each(?))",
            json.dumps(instructions),
        )
        alive = [lease for lease in index.live() if lease.authorisation_id in instructions]
    rows = [(created, start, run, of, use, True) for of, run, use, created, start in ended] + [
        (
            one.created,
            one.ledger_start,
            one.run_id,
            one.authorisation_id,
            one.use,
            is_ended(control.home, one.run_id),
        )
        for one in alive
    ]
    for _, _, run, of, use, certified in sorted(rows):
        found[of].append(_Ran(run, use, certified))
    return found


def certified_runs(control: Control, instruction: str, use: str) -> list[str]:
    """Returns the runs with a certificate that had this use of an instruction."""
    with RunIndex.of(control) as index:
        rows = index.query("SELECT run FROM settled WHERE authorisation = ? AND use = ?", instruction, use)
    return [run for (run,) in rows]


def _instruction(register: InstructionRegister) -> Instruction | None:
    kept = register.get("evidence") or register.get("pending")
    return None if kept is None else parse(kept["instruction.json"])


def _row(control: Control, register: InstructionRegister, runs: list[_Ran]) -> AuthorisationRow:
    instruction = _instruction(register)
    uses = () if instruction is None else tuple(_uses(register, instruction, runs))
    return AuthorisationRow(
        id=register.id,
        state=_state(control, register, instruction, uses),
        persons=register.persons,
        uses=uses,
        valid_from=format_utc(instruction.valid_from) if instruction else None,
        valid_until=format_utc(instruction.valid_until) if instruction else None,
        signature=register.signing.get("signature"),
        runs=tuple(one.run for one in runs),
    )


def _uses(register: InstructionRegister, instruction: Instruction, runs: list[_Ran]) -> list[UseRow]:
    allowed = [(use, instruction.uses[use]) for use in CARRIED if instruction.uses[use]]
    ended = {use: [one.run for one in runs if one.certified and one.use == use] for use, _ in allowed}
    return [UseRow(use, count, register.left(instruction, Use(use), ended[use])) for use, count in allowed]


def _state(
    control: Control, register: InstructionRegister, instruction: Instruction | None, uses: tuple[UseRow, ...]
) -> AuthorisationState:
    ranked = (
        (register.withdrawn, AuthorisationState.WITHDRAWN),
        (instruction is None, AuthorisationState.ERASED),
        (register.state["pending"], AuthorisationState.SIGNED),
        (all(use.left == 0 for use in uses), AuthorisationState.USED),
        (
            instruction is not None and instruction.valid_until < control.clock.now(),
            AuthorisationState.EXPIRED,
        ),
        (any(use.left < use.allowed for use in uses), AuthorisationState.IN_USE),
    )
    return next((state for holds, state in ranked if holds), AuthorisationState.RECORDED)


def _sheet(
    control: Control, row: AuthorisationRow, register: InstructionRegister, instruction: Instruction
) -> AuthorisationSheet:
    return AuthorisationSheet(
        row=row,
        signed_as=tuple(register.signing.get("signedAs", ())),
        kinds=tuple(sorted(instruction.kinds)),
        patients=_mode(instruction.patients),
        responsible=_mode(instruction.responsible),
        source_system=instruction.source_system,
        hours=instruction.staging_deadline_hours,
        degraded_permille=instruction.degraded_permille,
        quarantined_permille=instruction.quarantined_permille,
        source_custody=instruction.source_custody,
        package_custody=instruction.package_custody,
        roles=instruction.recipient_roles,
        wording=Wording(
            instruction.shown,
            instruction.language,
            instruction.destination,
            instruction.processor,
            tuple(_recipients(control, instruction)),
        ),
    )


def _mode(rule: dict[str, Any]) -> str:
    return str(rule["mode"])


def _recipients(control: Control, instruction: Instruction) -> list[RecipientRow]:
    proven = {one.key: one.proven_at for one in recipients(control.home)}
    pairs = zip(instruction.recipients, instruction.recipient_roles, strict=True)
    return [RecipientRow(key, role, proven.get(key)) for key, role in pairs]
