"""Opens intakes, binds them to runs and closes them, in the control process, which never holds an identity.

Opening and closing are ledger entries.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from flows.lifecycle.evidence import evidence
from flows.package.desk import fill_page
from flows.session.acts import recording_refusal
from flows.session.control import Control
from schemas.errors import DeadlineError, IntakeError, RefusedError, RepriseError
from vault.authorisation.check import any_use, check, is_withdrawn
from vault.destruction.due import live_runs
from vault.home_folder import Home
from vault.instruction.document import parse
from vault.intake.identity_store import KEYRING, PROVIDERS
from vault.intake.mint import mint
from vault.intake.record import (
    Intake,
    check_number,
    claim,
    close,
    give_up,
    intake_of,
    list_intakes,
    mark_used,
    unreadable_intakes,
)
from vault.ledger.entries import EntryType
from vault.runs.lease import Lease, readable_runs
from vault.system.clock import SystemClock, format_utc, parse_utc

__all__ = [
    "KEYRING",
    "OpenedIntake",
    "close_due",
    "close_intake",
    "close_with_run",
    "describe",
    "list_described",
    "note_source",
    "open_intake",
    "page_of",
]


@dataclass(frozen=True)
class OpenedIntake:
    """An open intake, with the number and the page that the practice needs."""

    intake: Intake
    language: str

    @property
    def number(self) -> str:
        """The number that people compare by telephone."""
        return check_number(self.intake.recipient)

    @property
    def page(self) -> bytes:
        """The HTML page with which the practice seals its export."""
        return fill_page(self.intake.recipient, self.intake.expires, self.language).encode()


MAX_INTAKE_HOURS = 10_000
"""More than an instruction can be valid. An intake never lasts longer than its instruction."""


def open_intake(control: Control, reference: str, provider: str, hours: int | None) -> OpenedIntake:
    """Open an intake for an instruction: a one-time recipient, valid until the instruction ends, or for `hours` if that is less.

    The instruction is checked as for a run; no use is consumed. A refusal is a ledger entry. Raises RefusedError,
    KeyUnavailableError.
    """
    if provider not in PROVIDERS:
        raise RefusedError("keys_keyring_or_file")
    with recording_refusal(control):
        signed = evidence(control.home, reference)
        instruction = parse(signed.document)
        checked = check(
            signed,
            home=control.home,
            use=any_use(instruction),
            destination=instruction.destination,
            operator=control.person,
            clock=control.clock,
        )
        if hours is not None and not 1 <= hours <= MAX_INTAKE_HOURS:
            raise DeadlineError("hours_out_of_range", limit=MAX_INTAKE_HOURS)
    now = control.clock.now()
    until = min(instruction.valid_until, now + timedelta(hours=hours)) if hours else instruction.valid_until
    intake = Intake(
        secrets.token_hex(8),
        checked.id,
        provider,
        format_utc(now),
        format_utc(until),
        boot_id=control.clock.boot_id(),
        boot_expires=control.clock.boot_seconds() + (until - now).total_seconds(),
    )
    return OpenedIntake(_make(control, intake), instruction.language)


def _make(control: Control, intake: Intake) -> Intake:
    """Save the record, then make the identity, so that every identity has a record. Return the complete record."""
    intake.save(control.home)
    seconds = int((parse_utc(intake.expires) - control.clock.now()).total_seconds())
    ref, recipient = mint(control.home, intake.provider, intake.id, max(seconds, 1))
    complete = intake.changed(key_ref=ref, recipient=recipient)
    complete.save(control.home)
    control.record(EntryType.INTAKE_OPENED, None, intake.provider, {"seconds": seconds})
    return complete


def page_of(control: Control, intake_id: str) -> str | None:
    """Return the page with which the practice seals its export to an intake; None if no open intake has this id."""
    for intake in list_intakes(control.home):
        if intake.id == intake_id and intake.state(control.home, control.clock) == "open":
            language = parse(evidence(control.home, intake.authorisation_id).document).language
            return fill_page(intake.recipient, intake.expires, language)
    return None


def close_intake(control: Control, intake_id: str) -> None:
    """Destroy the identity of an intake that no run uses. Raises IntakeError."""
    known = Intake.load(control.home, intake_id)
    close(control.home, intake_id, "closed")
    if known.closed is None:
        control.record(EntryType.INTAKE_CLOSED, None, "closed")


def close_with_run(control: Control, lease: Lease) -> None:
    """Record that the identity of the run's intake was destroyed with the run."""
    intake = intake_of(control.home, lease)
    if intake is None:
        return
    mark_used(control.home, intake, lease.run_id)
    if not control.run(lease).has_recorded(EntryType.INTAKE_CLOSED):
        control.record(EntryType.INTAKE_CLOSED, lease.run_id, "with_run")


def close_due(control: Control) -> int:
    """Close every intake that expired unused, has a withdrawn instruction, an ended run or no identity, or a damaged record.

    Return the number of closed intakes.
    """
    closed = 0
    for intake_id in unreadable_intakes(control.home):
        give_up(control.home, intake_id)
        control.record(EntryType.INTAKE_CLOSED, None, "unreadable")
        closed += 1
    # read before the runs, so that the run of an intake that is claimed meanwhile is not taken for ended
    intakes = list_intakes(control.home)
    unfinished = {lease.run_id for lease in live_runs(control.home) if lease.seconds_left(control.clock) > 0}
    unfinished.update(readable_runs(control.home)[1])
    for intake in intakes:
        cause = None if intake.closed or intake.run_id in unfinished else _cause(control, intake)
        if cause is not None:
            close(control.home, intake.id, cause, run_is_over=True)
            control.record(EntryType.INTAKE_CLOSED, None, cause)
            closed += 1
    return closed


def _cause(control: Control, intake: Intake) -> str | None:
    if intake.run_id is not None:
        return "run_over"
    try:
        if is_withdrawn(control.home, intake.authorisation_id):
            return "withdrawn"
    except (RepriseError, OSError, ValueError):
        return "unreadable"  # no run can be ordered under such an instruction
    state = intake.state(control.home, control.clock)
    return state if state in ("expired", "key_gone") else None


def note_source(home: Home, lease: Lease, intake_id: str | None, *, only_key: bool, wanted: bool) -> None:
    """Record whether the run's source is sealed, and bind the intake to the run.

    A clear source is recorded too if a sealed source is `wanted`; the export is then not certified as always encrypted. Raises
    IntakeError: source_not_sealed, source_changed (a run that began with a clear source must continue with a clear source).
    """
    if intake_id is None and (wanted or lease.sealed_source):
        lease.update(home, seen_clear=True)
        raise IntakeError("source_not_sealed")
    if intake_id is not None and lease.sealed_source is False:
        raise IntakeError("source_changed")
    lease = lease.update(home, sealed_source=intake_id is not None, intake_id=intake_id)
    if intake_id is not None:
        claim(home, intake_id, lease, only_key=only_key and not lease.seen_clear, clock=SystemClock())


def list_described(control: Control) -> list[dict[str, str | None]]:
    """Return the fields of every intake of the home, for a list."""
    return [describe(control, intake) for intake in list_intakes(control.home)]


def describe(control: Control, intake: Intake) -> dict[str, str | None]:
    """Return the fields of an intake, for a list."""
    return {
        "intake": intake.id,
        "authorisation": intake.authorisation_id,
        "state": intake.state(control.home, control.clock),
        "keys": intake.provider,
        "expires": intake.expires,
        "recipient": intake.recipient,
        "number": check_number(intake.recipient),
        "run": intake.run_id,
    }
