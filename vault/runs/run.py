"""One run of a home: its lease, facts, journal and ledger entries, and the state derived from them."""

from __future__ import annotations

import json

from schemas.outcome import Cause
from schemas.steps import DONE, STEPS
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.ledger.log import LedgerStore
from vault.runs.facts import Fact, Failure, GivenUp, Intent, Verification, has_fact, is_ended, read_fact
from vault.runs.journal import Journal
from vault.runs.lease import Lease, owner_alive
from vault.runs.state import RunRecord, RunState, derive_state
from vault.verify import Entries


class Run:
    """The record of one run. Nothing is cached: each method and property reads the disk."""

    def __init__(self, home: Home, lease: Lease, ledger: LedgerStore) -> None:
        self.home = home
        self.lease = lease
        self._ledger = ledger

    @property
    def run_id(self) -> str:
        """The run's random id."""
        return self.lease.run_id

    @property
    def journal(self) -> Journal:
        """The completed steps."""
        return Journal(self.home, self.run_id)

    @property
    def all_steps_done(self) -> bool:
        """Return whether the journal holds the last step of the run's use."""
        return self.journal.last() == STEPS[self.lease.use][-1]

    def has(self, kind: type[Fact]) -> bool:
        """Return whether a fact of this kind is recorded."""
        return has_fact(self.home, self.run_id, kind)

    def entries(self) -> Entries:
        """Return the run's ledger entries with their indexes; all come after its lease."""
        return entries_of(self._ledger, self.run_id, self.lease.ledger_start)

    def has_recorded(self, entry_type: EntryType) -> bool:
        """Return whether the ledger has an entry of this type for the run."""
        return any(body["type"] == entry_type.value for _, body in self.entries())

    @property
    def began(self) -> bool:
        """Return whether the run's start is in the ledger; before that, nothing was read."""
        return self.has_recorded(EntryType.RUN_STARTED)

    @property
    def ended(self) -> bool:
        """Return whether the run has its certificate."""
        return is_ended(self.home, self.run_id)

    @property
    def destruction_began(self) -> bool:
        """Return whether the run's destruction began, and the run has no certificate yet."""
        return not self.ended and self.has(Intent)

    @property
    def state(self) -> RunState:
        """Return the run's state."""
        return self.state_if(began=None)

    def state_if(self, *, began: bool | None) -> RunState:
        """Return the run's state. `began` states whether the ledger has the run's start; if it is None, the ledger is read."""
        if self.ended:  # the most frequent case; it needs no other file
            return RunState.CERTIFIED
        return derive_state(
            RunRecord(
                began=self.began if began is None else began,
                delivered=self.lease.use == "migration" and self.all_steps_done,
                failed=self.has(Failure),
                given_up=self.has(GivenUp),
                destruction_began=self.has(Intent),
                incomplete=self.has(Verification),
                certified=False,
                owner_lives=owner_alive(self.lease),
            )
        )

    @property
    def cause(self) -> Cause:
        """Return why the run ends: the cause in `Intent` or `GivenUp`, otherwise the cause of a run whose steps are all done.

        Raises IntegrityError (run_record_unreadable).
        """
        kinds: tuple[type[Intent | GivenUp], ...] = (Intent, GivenUp)
        facts = (read_fact(self.home, self.run_id, kind) for kind in kinds)
        return next((fact.cause for fact in facts if fact is not None), DONE[self.lease.use])


def entries_of(ledger: LedgerStore, run_id: str, start: int) -> Entries:
    """Return the entries of a run, with their indexes, from the index `start` of the log onwards."""
    parsed = ((i, json.loads(e)) for i, e in enumerate(ledger.read(start, ledger.head().size), start))
    return [(i, body) for i, body in parsed if body["runId"] == run_id]
