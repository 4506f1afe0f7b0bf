"""What a home shows to those who watch over it: its runs as rows, one run in full, and what needs attention today.

Every function takes the doctor to whom the answer is limited; None limits it to nobody. Names are no part of an answer: a person
is an opaque id, which `name_of` opens one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flows.admin.status import HomeState, home_state
from flows.lifecycle.confirmation import ImportState
from flows.lifecycle.run_views import RunStatus, StepDone, ends_and_imports, seen_runs, status
from flows.session.control import Control
from schemas.errors import UnreadableSourceError
from schemas.outcome import Outcome
from schemas.person_records import Doctor, EnrolledOperator
from schemas.steps import STEPS, Counts
from vault.authorisation.register import persons_of
from vault.destruction.held_copies import Custody
from vault.records.known_numbers import also_known_as
from vault.records.subjects import Subjects
from vault.runs.facts import Failure, read_fact
from vault.runs.lease import Lease, find_lease, list_runs
from vault.runs.outcome_words import RunView
from vault.runs.state import RunState
from vault.system.clock import parse_utc

UNCONFIRMED_AMBER_DAYS, UNCONFIRMED_RED_DAYS = 3, 8
"""How long a delivered package may wait for a word about its import before it is shown in these colours."""


@dataclass(frozen=True)
class RunRow:
    """One run, as lists show it."""

    run: str
    doctor: str  # opaque id
    use: str
    state: RunState
    outcome: Outcome | None
    created: str
    deadline: str
    seconds_left: int
    lifetime: int  # seconds from its lease to its deadline
    failure: str | None

    @property
    def ended(self) -> bool:
        """Whether its staging is destroyed, checked and certified."""
        return self.state is RunState.CERTIFIED

    @property
    def word(self) -> str:
        """How it ended, or where it stands: a code of `dashboard.run.is`."""
        return self.outcome.value if self.outcome else self.state.value

    @property
    def colour(self) -> str:
        """Green for a run that is certified and delivered, and for nothing else."""
        if self.outcome is Outcome.DELIVERED:
            return "good"
        if self.state in (RunState.FAILED, RunState.INCOMPLETE) or (
            not self.ended and self.seconds_left <= 0
        ):
            return "bad"
        if self.state in (RunState.INTERRUPTED, RunState.GIVEN_UP):
            return "warn"
        return "plain" if self.ended else "live"


@dataclass(frozen=True)
class StepRow:
    """One step of a run: `done`, `now`, `failed` or `ahead`."""

    name: str
    state: str
    at: str | None


@dataclass(frozen=True)
class RunSheet:
    """One run in full: no name, no place, no value of a record."""

    row: RunRow
    steps: tuple[StepRow, ...]
    status: RunStatus
    entries: tuple[dict[str, Any], ...]

    def _reconciled(self) -> Counts:
        return self.status.counts.get("reconcile", {})

    @property
    def balance(self) -> dict[str, dict[str, int]]:
        """Units by kind, then by how they ended; empty before the run was reconciled."""
        return dict(self._reconciled().get("by_kind", {}))

    @property
    def reasons(self) -> list[tuple[str, str, int]]:
        """How units ended, why, and how many, for those that were not delivered whole."""
        found = self._reconciled().get("reasons", {})
        return [
            (disposition, reason, sum(kinds.values()))
            for disposition, reasons in found.items()
            for reason, kinds in reasons.items()
        ]


@dataclass(frozen=True)
class Unconfirmed:
    """A delivered package of which the practice has not said that it is imported."""

    row: RunRow
    days: int
    colour: str


@dataclass(frozen=True)
class HeldRow:
    """A copy that the operator still holds."""

    kind: str
    run: str | None
    until: str
    bytes: int
    overdue: bool


@dataclass(frozen=True)
class Today:
    """What needs attention."""

    staged: tuple[RunRow, ...]  # most urgent first
    failed: tuple[RunRow, ...]
    unconfirmed: tuple[Unconfirmed, ...]
    held: tuple[HeldRow, ...]
    home: HomeState

    @property
    def overdue(self) -> tuple[RunRow, ...]:
        """The runs whose staging should be gone."""
        return tuple(row for row in self.staged if row.seconds_left <= 0)


def run_rows(control: Control, doctor: str | None = None) -> list[RunRow]:
    """Returns the runs, newest first."""
    leases = _leases(control, doctor)
    rows = [_row(control, leases[one.run_id], one) for one in seen_runs(control) if one.run_id in leases]
    return rows[::-1]


def run_sheet(control: Control, run: str, doctor: str | None = None) -> RunSheet:
    """Returns one run. Raises UnreadableSourceError (no_such_run), also for a run that does not concern the doctor."""
    leases = _leases(control, doctor)
    if run not in leases:
        raise UnreadableSourceError("no_such_run")
    found = status(control.home, run)
    row = _row(control, leases[run], found)
    entries = tuple(body for _, body in control.run(leases[run]).entries())
    return RunSheet(row, steps_of(row, found.journal), found, entries)


def progress_of(control: Control, run: str) -> tuple[str, int]:
    """Returns what changes while a run goes on: its state and the number of its steps. Raises UnreadableSourceError."""
    found = control.run(find_lease(control.home, run))
    return found.state.value, len(found.journal.read())


def steps_of(row: RunRow, journal: list[StepDone]) -> tuple[StepRow, ...]:
    """Returns the steps of a run's use, with destruction and certificate, and how far it has come."""
    at = {entry.step: entry.at for entry in journal}
    names = (*STEPS[row.use], "destroy", "certify")
    if row.ended:
        at["destroy"] = at["certify"] = ""
    steps: list[StepRow] = []
    reached = False
    for name in names:
        if name in at:
            steps.append(StepRow(name, "done", at[name] or None))
        elif row.ended:
            steps.append(StepRow(name, "skipped", None))
        elif not reached:
            reached = True
            stopped = row.state in (RunState.FAILED, RunState.INTERRUPTED, RunState.INCOMPLETE)
            steps.append(StepRow(name, "failed" if stopped else "now", None))
        else:
            steps.append(StepRow(name, "ahead", None))
    return tuple(steps)


def today(control: Control, doctor: str | None = None) -> Today:
    """Returns what needs attention."""
    rows = run_rows(control, doctor)
    alive = sorted((row for row in rows if not row.ended), key=lambda row: row.seconds_left)
    return Today(
        staged=tuple(alive),
        failed=tuple(row for row in alive if row.state in (RunState.FAILED, RunState.INTERRUPTED)),
        unconfirmed=tuple(_unconfirmed(control, rows)),
        held=tuple(_held(control, {row.run for row in rows} if doctor else None)),
        home=home_state(control.home, control.clock),
    )


def name_of(control: Control, person: str) -> str | None:
    """Returns a person's name, or None once they are erased. Whoever shows it notes that in the access log."""
    found = Subjects(control.home).read(person)
    return (found.name or None) if isinstance(found, Doctor | EnrolledOperator) else None


def doctors(control: Control) -> list[str]:
    """Returns the opaque ids of the enrolled doctors."""
    subjects = Subjects(control.home)
    records = ((one, subjects.read(one)) for one in subjects.ids())
    return [one for one, record in records if isinstance(record, Doctor)]


def _leases(control: Control, doctor: str | None) -> dict[str, Lease]:
    found = list_runs(control.home)
    if doctor is not None:
        known = also_known_as(control.home, doctor)
        found = [lease for lease in found if persons_of(control.home, lease) & known]
    return {lease.run_id: lease for lease in found}


def _row(control: Control, lease: Lease, seen: RunView) -> RunRow:
    created, deadline = parse_utc(lease.created), parse_utc(lease.deadline)
    failed = seen.state is RunState.FAILED
    failure = read_fact(control.home, lease.run_id, Failure) if failed else None
    return RunRow(
        run=lease.run_id,
        doctor=lease.subject_id,
        use=lease.use,
        state=seen.state,
        outcome=seen.outcome,
        created=lease.created,
        deadline=lease.deadline,
        seconds_left=lease.seconds_left(control.clock),
        lifetime=int((deadline - created).total_seconds()),
        failure=failure.code if failure else None,
    )


def _unconfirmed(control: Control, rows: list[RunRow]) -> list[Unconfirmed]:
    found = []
    known = ends_and_imports(control)
    for row in rows:
        if row.outcome is not Outcome.DELIVERED:
            continue
        ended, state = known[row.run]
        if state in (ImportState.IMPORTED, ImportState.ACCEPTED):
            continue
        days = (control.clock.now() - parse_utc(ended)).days
        late = (
            "bad" if days >= UNCONFIRMED_RED_DAYS else "warn" if days >= UNCONFIRMED_AMBER_DAYS else "plain"
        )
        found.append(Unconfirmed(row, days, late))
    return sorted(found, key=lambda one: -one.days)


def _held(control: Control, runs: set[str] | None) -> list[HeldRow]:
    now = control.clock.now()
    return [
        HeldRow(copy.kind.value, copy.run_id, copy.until, copy.size, parse_utc(copy.until) <= now)
        for copy in Custody(control.home).held()
        if runs is None or copy.run_id in runs
    ]
