"""The locks of a run. There is one run at a time for each doctor and each instruction."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.errors import BusyError
from vault.home_folder import Home
from vault.runs.facts import is_ended
from vault.runs.lease import readable_runs
from vault.system.locks import HeldLock, hold


def lock_run(home: Home, names: Iterable[str], wait_seconds: float = 0) -> HeldLock:
    """Take the locks of an instruction and of all persons whom it concerns (by opaque ids), all or none.

    The locks are always taken in the same order, so that two runs never wait for each other. Raises BusyError (doctor_busy, with
    the id of the blocking run if there is one) if another process still holds one of the locks after `wait_seconds`.
    """
    names = set(names)
    try:
        return hold(home.locks, names, "doctor_busy", wait_seconds)
    except BusyError as error:
        busy = error
    holders = [
        r.run_id for r in readable_runs(home)[0] if names & set(r.locks) and not is_ended(home, r.run_id)
    ]
    if holders:
        busy.name_run(holders[-1])
    raise busy
