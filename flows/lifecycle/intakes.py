"""Intakes in the control process: open, bind to a run, close; each act is a ledger entry. The identity never enters it."""

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
    """An intake, with what the practice needs to use it."""

    intake: Intake
    language: str

    @property
    def number(self) -> str:
        """The number that is compared by telephone."""
        return check_number(self.intake.recipient)

    @property
    def page(self) -> bytes:
        """The HTML page on which the practice seals."""
        return fill_page(self.intake.recipient, self.intake.expires, self.language).encode()


MAX_HOURS = 10_000
"""Longer than any instruction, whose end also bounds an intake."""


def open_intake(control: Control, reference: str, provider: str, hours: int | None) -> OpenedIntake:
    """Make a one-time recipient for an authorisation, until the instruction ends or for so many hours.

    The instruction is checked as for a run; no use is spent. A refusal is a ledger entry. Raises RefusedError,
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
        if hours is not None and not 1 <= hours <= MAX_HOURS:
            raise DeadlineError("hours_out_of_range", limit=MAX_HOURS)
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
    """Write the record before the identity is made, so that every identity is on record."""
    intake.save(control.home)
    seconds = int((parse_utc(intake.expires) - control.clock.now()).total_seconds())
    ref, recipient = mint(control.home, intake.provider, intake.id, max(seconds, 1))
    made = intake.changed(key_ref=ref, recipient=recipient)
    made.save(control.home)
    control.record(EntryType.INTAKE_OPENED, None, intake.provider, {"seconds": seconds})
    return made


def page_of(control: Control, intake_id: str) -> str | None:
    """Return the page on which the practice seals, of an open intake; None if there is none of this id."""
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
    """Close every intake that expired unused, whose instruction was withdrawn, or whose run or identity is gone.

    Also close every intake whose record is damaged.
    """
    closed = 0
    for intake_id in unreadable_intakes(control.home):
        give_up(control.home, intake_id)
        control.record(EntryType.INTAKE_CLOSED, None, "unreadable")
        closed += 1
    intakes = list_intakes(
        control.home
    )  # read before the runs: an intake claimed in between still counts as unclaimed here
    living = {lease.run_id for lease in live_runs(control.home) if lease.seconds_left(control.clock) > 0}
    living.update(readable_runs(control.home)[1])
    for intake in intakes:
        cause = None if intake.closed or intake.run_id in living else _cause(control, intake)
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

    A clear source where a sealed one is `wanted` is recorded too: after that the export does not count as always encrypted.
    Raises IntakeError: source_not_sealed; source_changed (a run that began on a clear source must continue on one).
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
    """Describe every intake of the home, for a list."""
    return [describe(control, intake) for intake in list_intakes(control.home)]


def describe(control: Control, intake: Intake) -> dict[str, str | None]:
    """Describe one intake, for a list."""
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
