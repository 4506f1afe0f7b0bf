"""Intakes: one-time age recipients, each bound to an authorisation and to the one run that uses it.

The practice seals its export to the recipient; those who transport or store the sealed file cannot read it. The identity is
destroyed with the key of the run that used it, or at its expiry.
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

GROUPS = 5
RECORD = "intake.json"


class Intake(Record, frozen=True):
    """The record of an intake. No personal data; never the identity."""

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
    boot_id: str = ""  # the boot that opened it, and its end by that boot's clock, which no one can set
    boot_expires: float = 0.0

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
        """Returns where the identity is, searched by name if a crash came before the record was complete."""
        return self.key_ref or identity_store(home, self.provider).find(self.id)

    def key_state(self, home: Home) -> KeyState:
        """Whether the identity can be read."""
        ref = self.ref(home)
        return identity_store(home, self.provider).state(ref) if ref else KeyState.ABSENT

    def seconds_left(self, clock: Clock) -> int:
        """Returns the seconds until it expires (`vault.system.deadline` explains by which clock)."""
        return seconds_left(
            clock,
            created=parse_utc(self.opened),
            deadline=parse_utc(self.expires),
            boot_id=self.boot_id,
            boot_deadline=self.boot_expires,
            this_machine=False,  # after another boot only the wall clock decides
        )

    def expired(self, clock: Clock) -> bool:
        """Whether it expired unused."""
        return self.run_id is None and self.seconds_left(clock) <= 0

    def state(self, home: Home, clock: Clock) -> str:
        """Returns one of open | in_use | spent | closed | expired | withdrawn | key_gone."""
        if self.closed is not None:
            return "spent" if self.run_id else self.closed
        if self.expired(clock):
            return "expired"
        if self.key_state(home) is not KeyState.PRESENT:
            return "key_gone"
        return "in_use" if self.run_id else "open"


def check_number(recipient: str) -> str:
    """Returns what people compare by telephone: 66 bits of SHA-256 of the recipient, in groups of four digits."""
    digits = str(int.from_bytes(sha256(recipient.encode()).digest(), "big") % 10 ** (4 * GROUPS))
    digits = digits.zfill(4 * GROUPS)
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def list_intakes(home: Home) -> list[Intake]:
    """Returns all readable intakes of a home, oldest first; for others see `unreadable_intakes` and `intakes_out_of_reach`."""
    found = (_load_or_none(home, name) for name in _names(home))
    return sorted((i for i in found if i is not None), key=lambda intake: (intake.opened, intake.id))


def unreadable_intakes(home: Home) -> list[str]:
    """Returns the ids of damaged records. Records that cannot be read from disk may be sound (`intakes_out_of_reach`)."""
    out_of_reach = intakes_out_of_reach(home)
    return [name for name in _names(home) if name not in out_of_reach and _load_or_none(home, name) is None]


def intakes_out_of_reach(home: Home) -> list[str]:
    """Returns the ids of the records that cannot be read from disk."""
    return [name for name in _names(home) if not _is_given(home.intakes / name / RECORD)]


def _is_given(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def give_up(home: Home, intake_id: str) -> None:
    """Destroy the identity of a damaged record by its name, and set the record aside."""
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
    """Returns why this run may not use the intake, else None: intake_of_another | intake_spent | intake_key_gone."""
    if intake.authorisation_id != authorisation_id:
        return "intake_of_another"
    if intake.run_id is not None and intake.run_id != run_id:
        return "intake_spent"
    if intake.closed or intake.expired(clock) or intake.key_state(home) is not KeyState.PRESENT:
        return "intake_key_gone"
    return None


def refuse_unusable_intake(home: Home, authorisation_id: str, wanted: str | None, clock: Clock) -> None:
    """Refuse a sealed source that no open intake can fit, judged only by the records.

    Raises IntakeError: intake_unknown (none was opened), intake_of_another, intake_spent, intake_key_gone.
    """
    ours = [i for i in list_intakes(home) if i.authorisation_id == authorisation_id]
    tried = [Intake.load(home, wanted)] if wanted else ours
    codes = {refusal(home, intake, authorisation_id, None, clock) for intake in tried}
    if None not in codes:
        raise IntakeError(most_specific(codes))


def most_specific(codes: set[str | None]) -> str:
    """Returns the most informative code."""
    order = ("intake_of_another", "intake_spent", "intake_key_gone")
    return next((code for code in order if code in codes), "intake_unknown")


def claim(home: Home, intake_id: str, lease: Lease, *, only_key: bool, clock: Clock) -> None:
    """Bind an intake to the run. Repeating it for the same run can only record that more keys may have opened its source.

    From then on the identity lives no longer than the run: a kernel key gets the run's own deadline. Raises IntakeError.
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
    """Destroy the identity of an intake that no run uses, and record why. Raises IntakeError: intake_in_use."""
    with lock_intakes(home.locks):
        intake = Intake.load(home, intake_id)
        if intake.run_id is not None and intake.closed is None and not run_is_over:
            raise IntakeError("intake_in_use")
        state = destroy_identity(home, intake)
        if intake.closed is None:
            intake.changed(closed=cause).save(home)
    return state


def destroy_identity(home: Home, intake: Intake) -> KeyState:
    """Destroy the identity. Returns its observed state afterwards. Idempotent."""
    ref = intake.ref(home)
    if ref is not None:
        identity_store(home, intake.provider).destroy(ref)
    return intake.key_state(home)


def rearm_identity(home: Home, intake: Intake, seconds: int) -> None:
    """Reset the timeout of its identity, if it is in the kernel's keyring."""
    ref = intake.ref(home)
    if intake.closed is None and ref is not None and intake.key_state(home) is KeyState.PRESENT:
        identity_store(home, intake.provider).rearm(ref, seconds)


def intake_of(home: Home, lease: Lease) -> Intake | None:
    """Returns the intake whose identity must be destroyed with this run: the one it used, unless another run claimed it since.

    Also None where its record is damaged or was not restored with the home: then nothing is claimed about it.
    """
    intake = _load_or_none(home, lease.intake_id) if lease.intake_id else None
    if intake is None:
        return None
    return intake if intake.run_id in (None, lease.run_id) else None


def spend(home: Home, intake: Intake, run_id: str) -> None:
    """Record that the run that used it has ended, and the identity with it."""
    with lock_intakes(home.locks):
        Intake.load(home, intake.id).changed(run_id=run_id, closed="with_run").save(home)
