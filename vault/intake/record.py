"""Intakes: one-time age recipients, each bound to an authorisation and to the one run that uses it.

The practice seals its export to the recipient. Nobody who transports or stores the sealed file can read it. The identity is
destroyed with the key of the run that used the intake, or when the intake expires.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256
from pathlib import Path

from schemas.errors import IntakeError
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.intake.identity_store import PROVIDERS, identity_store
from vault.keys.provider import KeyRef, KeyState
from vault.runs.lease import Lease
from vault.system.clock import Clock, parse_utc
from vault.system.deadline import seconds_left
from vault.system.files import sync_folder, write_durably
from vault.system.locks import lock_intakes

GROUPS_OF_DIGITS = 5
RECORD = "intake.json"


class Intake(Record, frozen=True):
    """The record of an intake. It holds no personal data and no secret."""

    id: str
    authorisation_id: str
    provider: str  # keyring | file
    opened: str  # RFC 3339 Z
    expires: str
    recipient: str = ""
    key_ref: KeyRef | None = None
    run_id: str | None = None  # the run that used it
    only_key: bool | None = None  # whether that run's source was sealed only to this recipient
    closed: str | None = None  # with_run | closed | expired | withdrawn | key_gone
    boot_id: str = ""  # the boot in which it was opened
    boot_expires: float = 0.0  # its expiry in seconds of that boot's clock, which nobody can set

    @classmethod
    def load(cls, home: Home, intake_id: str) -> Intake:
        """Read a record. Raises IntakeError: intake_unknown, intake_unreadable."""
        path = home.intakes / intake_id / RECORD
        if not intake_id.isalnum() or not path.is_file():
            raise IntakeError("intake_unknown")
        intake = load(cls, path.read_bytes(), IntakeError, "intake_unreadable")
        with contextlib.suppress(ValueError):
            parse_utc(intake.opened)
            parse_utc(intake.expires)
            if intake.id == intake_id and intake.provider in PROVIDERS:
                return intake
        raise IntakeError("intake_unreadable")

    def save(self, home: Home) -> None:
        """Write the record durably."""
        folder = home.intakes / self.id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)
        write_durably(folder / RECORD, dump(self))

    def ref(self, home: Home) -> KeyRef | None:
        """Return the location of the identity, found by its name if a crash came before the record was complete; or None."""
        return self.key_ref or identity_store(home, self.provider).find(self.id)

    def key_state(self, home: Home) -> KeyState:
        """Return the state of the identity."""
        ref = self.ref(home)
        return identity_store(home, self.provider).state(ref) if ref else KeyState.ABSENT

    def seconds_left(self, clock: Clock) -> int:
        """Return the seconds until the intake expires, computed by `vault.system.deadline`."""
        return seconds_left(
            clock,
            created=parse_utc(self.opened),
            deadline=parse_utc(self.expires),
            boot_id=self.boot_id,
            boot_deadline=self.boot_expires,
            this_machine=False,  # after another boot only the wall clock decides
        )

    def expired(self, clock: Clock) -> bool:
        """Return whether the intake expired before a run used it."""
        return self.run_id is None and self.seconds_left(clock) <= 0

    def state(self, home: Home, clock: Clock) -> str:
        """Return the state of the intake: open | in_use | spent (its run has ended) | closed | expired | withdrawn | key_gone."""
        if self.closed is not None:
            return "spent" if self.run_id else self.closed
        if self.expired(clock):
            return "expired"
        if self.key_state(home) is not KeyState.PRESENT:
            return "key_gone"
        return "in_use" if self.run_id else "open"


def check_number(recipient: str) -> str:
    """Return the number that people compare by telephone: 66 bits of SHA-256 of the recipient, as five groups of four digits."""
    digits = str(int.from_bytes(sha256(recipient.encode()).digest(), "big") % 10 ** (4 * GROUPS_OF_DIGITS))
    digits = digits.zfill(4 * GROUPS_OF_DIGITS)
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def list_intakes(home: Home) -> list[Intake]:
    """Return the readable intakes of a home, oldest first. See also `unreadable_intakes` and `intakes_out_of_reach`."""
    loaded = (_load_or_none(home, name) for name in _names(home))
    return sorted((i for i in loaded if i is not None), key=lambda intake: (intake.opened, intake.id))


def unreadable_intakes(home: Home) -> list[str]:
    """Return the ids of damaged records, without those that cannot be read from disk (`intakes_out_of_reach`)."""
    out_of_reach = intakes_out_of_reach(home)
    return [name for name in _names(home) if name not in out_of_reach and _load_or_none(home, name) is None]


def intakes_out_of_reach(home: Home) -> list[str]:
    """Return the ids of the records that cannot be read from disk. They may be undamaged."""
    return [name for name in _names(home) if not _is_on_disk(home.intakes / name / RECORD)]


def _is_on_disk(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def give_up(home: Home, intake_id: str) -> None:
    """Destroy the identity of an intake with a damaged record, found by its name, and rename the record."""
    for name in PROVIDERS:
        store = identity_store(home, name)
        ref = store.find(intake_id)
        if ref is not None:
            store.destroy(ref)
    folder = home.intakes / intake_id
    (folder / RECORD).rename(folder / "intake.unreadable")
    sync_folder(folder)


def _names(home: Home) -> list[str]:
    folder = home.intakes
    return sorted(p.name for p in folder.iterdir() if os.path.lexists(p / RECORD)) if folder.is_dir() else []


def _load_or_none(home: Home, name: str) -> Intake | None:
    try:
        return Intake.load(home, name)
    except (IntakeError, OSError):
        return None


def refusal(
    home: Home, intake: Intake, authorisation_id: str, run_id: str | None, clock: Clock
) -> str | None:
    """Return why this run may not use the intake: intake_of_another | intake_spent | intake_key_gone; None if it may."""
    if intake.authorisation_id != authorisation_id:
        return "intake_of_another"
    if intake.run_id is not None and intake.run_id != run_id:
        return "intake_spent"
    if intake.closed or intake.expired(clock) or intake.key_state(home) is not KeyState.PRESENT:
        return "intake_key_gone"
    return None


def refuse_unusable_intake(home: Home, authorisation_id: str, wanted: str | None, clock: Clock) -> None:
    """Refuse a sealed source if, according to the records, no open intake can open it.

    Raises IntakeError: intake_unknown (none was opened), intake_of_another, intake_spent, intake_key_gone.
    """
    own = [i for i in list_intakes(home) if i.authorisation_id == authorisation_id]
    candidates = [Intake.load(home, wanted)] if wanted else own
    codes = {refusal(home, intake, authorisation_id, None, clock) for intake in candidates}
    if None not in codes:
        raise IntakeError(most_specific(codes))


def most_specific(codes: set[str | None]) -> str:
    """Return the most informative of these codes; intake_unknown if there are none."""
    order = ("intake_of_another", "intake_spent", "intake_key_gone")
    return next((code for code in order if code in codes), "intake_unknown")


def claim(home: Home, intake_id: str, lease: Lease, *, only_key: bool, clock: Clock) -> None:
    """Bind an intake to a run. `only_key` states whether the source is sealed only to the intake's recipient.

    Once it was false for the run, it stays false. A key in the kernel gets the run's deadline as its timeout, so that it does not
    remain longer than the run. Raises IntakeError.
    """
    with lock_intakes(home.locks):
        intake = Intake.load(home, intake_id)
        code = refusal(home, intake, lease.authorisation_id, lease.run_id, clock)
        if code is not None:
            raise IntakeError(code)
        sole_key = only_key and intake.only_key is not False
        intake.changed(run_id=lease.run_id, only_key=sole_key).save(home)
    store, ref = identity_store(home, intake.provider), intake.ref(home)
    if ref is not None:
        store.rearm(ref, lease.seconds_left(clock))


def close(home: Home, intake_id: str, cause: str, *, run_is_over: bool = False) -> KeyState:
    """Destroy the identity of an intake that no run uses, record why, and return the identity's state.

    Raises IntakeError: intake_in_use.
    """
    with lock_intakes(home.locks):
        intake = Intake.load(home, intake_id)
        if intake.run_id is not None and intake.closed is None and not run_is_over:
            raise IntakeError("intake_in_use")
        state = destroy_identity(home, intake)
        if intake.closed is None:
            intake.changed(closed=cause).save(home)
    return state


def destroy_identity(home: Home, intake: Intake) -> KeyState:
    """Destroy the identity of an intake. Return the state in which it is found afterwards. It can be repeated."""
    ref = intake.ref(home)
    if ref is not None:
        identity_store(home, intake.provider).destroy(ref)
    return intake.key_state(home)


def rearm_identity(home: Home, intake: Intake, seconds: int) -> None:
    """Set the timeout of an intake's identity again, if the identity is in the kernel's keyring."""
    ref = intake.ref(home)
    if intake.closed is None and ref is not None and intake.key_state(home) is KeyState.PRESENT:
        identity_store(home, intake.provider).rearm(ref, seconds)


def intake_of(home: Home, lease: Lease) -> Intake | None:
    """Return the intake whose identity must be destroyed with this run: the intake that it used, unless another run claimed it.

    Return None also if the record of the intake is damaged or was not restored with the home.
    """
    intake = _load_or_none(home, lease.intake_id) if lease.intake_id else None
    if intake is None:
        return None
    return intake if intake.run_id in (None, lease.run_id) else None


def mark_used(home: Home, intake: Intake, run_id: str) -> None:
    """Record that an intake's identity was destroyed with the run that used the intake."""
    with lock_intakes(home.locks):
        Intake.load(home, intake.id).changed(run_id=run_id, closed="with_run").save(home)
