"""The runs of a home as rows, and one run in full.

Every function takes the doctor to whom the answer is limited; None limits it to nobody. Names are no part of an answer: a person
is an opaque id, which `flows.views.names` opens one at a time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any

from flows.lifecycle.run_views import RunStatus, StepDone, describe_run
from flows.session.control import Control
from flows.views.index import RunIndex, Settled, whose_runs
from schemas.errors import UnreadableSourceError
from schemas.outcome import Cause, Outcome
from schemas.steps import STEPS, Counts
from vault.authorisation.register import persons_of
from vault.records.known_numbers import also_known_as
from vault.runs.facts import Failure, read_fact
from vault.runs.lease import Lease, find_lease, has_lease
from vault.runs.state import RunState
from vault.system.clock import parse_utc


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
    ledger_start: int = 0  # size of the log when its lease was made

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
class Wanted:
    """Which runs are wanted: an empty field wants all. `since` and `before` are moments, or days of UTC."""

    doctor: str = ""
    word: str = ""  # `RunRow.word`
    use: str = ""
    since: str = ""
    before: str = ""

    def fits(self, row: RunRow) -> bool:
        """Whether this run is wanted."""
        return (
            self.doctor in ("", row.doctor)
            and self.word in ("", row.word)
            and self.use in ("", row.use)
            and self.since <= row.created
            and (not self.before or row.created < self.before)
        )

    def condition(self) -> tuple[str, tuple[str, ...]]:
        """Returns the same for the index's runs with a certificate."""
        causes = [cause.value for cause in Cause if cause.outcome == self.word]
        parts = {
            "s.doctor = ?": (self.doctor,),
            f"s.cause IN ({', '.join('?' * len(causes))})": tuple(causes) if self.word else ("",),
            "s.use = ?": (self.use,),
            "s.created >= ?": (self.since,),
            "s.created < ?": (self.before,),
        }
        asked = {sql: values for sql, values in parts.items() if values != ("",)}
        return " AND ".join(asked) or "1", tuple(value for values in asked.values() for value in values)


EVERY = Wanted()


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


def unended_rows(control: Control) -> list[RunRow]:
    """Returns the runs without a certificate, newest first."""
    with RunIndex.of(control) as index:
        return [row for row in live_rows(control, index, None) if not row.ended]


def run_rows(control: Control, doctor: str | None = None) -> list[RunRow]:
    """Returns the runs, newest first."""
    with RunIndex.of(control) as index:
        known = known_as(control, doctor)
        settled = (settled_row(control, one) for one in index.settled(known))
        return list(merge(live_rows(control, index, known), settled, key=_order, reverse=True))


def run_page(
    control: Control, doctor: str | None = None, wanted: Wanted = EVERY, limit: int = 50, offset: int = 0
) -> tuple[list[RunRow], int]:
    """Returns one page of the runs that are wanted, newest first, and how many there are; costs what one page costs."""
    with RunIndex.of(control) as index:
        known = known_as(control, doctor)
        living = [row for row in live_rows(control, index, known) if wanted.fits(row)]
        return page_of(index, control, known, wanted, living, limit, offset)


def page_of(
    index: RunIndex,
    control: Control,
    known: frozenset[str] | None,
    wanted: Wanted,
    living: list[RunRow],
    limit: int,
    offset: int,
) -> tuple[list[RunRow], int]:
    """The same, for an open index, the ids of a doctor, and the wanted runs without a certificate."""
    where, values = wanted.condition()
    total = len(living) + index.count_settled(known, where, values)
    skipped = max(
        offset - len(living), 0
    )  # of those with a certificate, so many at least come before the page
    shown = slice(offset - skipped, offset - skipped + limit)
    found = index.settled(known, where, values, limit=shown.stop, offset=skipped)
    rows = merge(living, (settled_row(control, one) for one in found), key=_order, reverse=True)
    return list(islice(rows, shown.start, shown.stop)), total


def rows_of(control: Control, runs: tuple[str, ...], doctor: str | None = None) -> list[RunRow]:
    """Returns these runs, newest first; those alone that concern a doctor if one is given."""
    with RunIndex.of(control) as index:
        known = known_as(control, doctor)
        living = [row for row in live_rows(control, index, known) if row.run in runs]
        found = index.settled(known, "s.run IN (SELECT value FROM json_each(?))", (json.dumps(runs),))
        return sorted([*living, *(settled_row(control, one) for one in found)], key=_order, reverse=True)


def runs_of_orders(control: Control, orders: list[str]) -> dict[str, str]:
    """Returns the run that each of these orders began; of an order without one, nothing."""
    with RunIndex.of(control) as index:
        return index.runs_of_orders(orders)


def words_of(index: RunIndex, known: frozenset[str] | None, live: list[RunRow]) -> set[str]:
    """Returns the words that the runs have: those of living ones, and of each cause for which any run ended."""
    found = {row.word for row in live}
    whose, persons = whose_runs(known)
    for cause in Cause:
        if cause.outcome.value not in found and index.query(
            f"SELECT 1 FROM settled s WHERE s.cause = ? AND {whose} LIMIT 1", cause.value, *persons
        ):
            found.add(cause.outcome.value)
    return found


def run_sheet(control: Control, run: str, doctor: str | None = None) -> RunSheet:
    """Returns one run. Raises UnreadableSourceError (no_such_run), also for a run that does not concern the doctor."""
    if not has_lease(control.home, run):
        raise UnreadableSourceError("no_such_run")
    lease, known = Lease.load(control.home, run), known_as(control, doctor)
    if known is not None and not persons_of(control.home, lease) & known:
        raise UnreadableSourceError("no_such_run")
    with RunIndex.of(control) as index:
        entries = tuple(body for _, body in index.entries_of(run))
    found = describe_run(control, lease, list(entries))
    row = _row(control, lease, found.state, found.cause)
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


def known_as(control: Control, doctor: str | None) -> frozenset[str] | None:
    """Returns the ids under which the doctor is known; None if the answer is limited to nobody."""
    return None if doctor is None else also_known_as(control.home, doctor)


def live_rows(control: Control, index: RunIndex, known: frozenset[str] | None) -> list[RunRow]:
    """Returns the runs without a certificate, newest first. One that got it just now is shown as what it is."""
    rows = []
    for lease in index.live(known):
        told = index.told(lease.run_id)
        rows.append(_row(control, lease, control.run(lease).state_if(began=told.began), _cause(told.cause)))
    return sorted(rows, key=_order, reverse=True)


def _order(row: RunRow) -> tuple[str, int, str]:
    return row.created, row.ledger_start, row.run


def _cause(code: str | None) -> Cause | None:
    return Cause(code) if code in set(Cause) else None


def _row(control: Control, lease: Lease, state: RunState, cause: Cause | None) -> RunRow:
    created, deadline = parse_utc(lease.created), parse_utc(lease.deadline)
    failed = state is RunState.FAILED
    failure = read_fact(control.home, lease.run_id, Failure) if failed else None
    return RunRow(
        run=lease.run_id,
        doctor=lease.subject_id,
        use=lease.use,
        state=state,
        outcome=cause.outcome if cause and state is RunState.CERTIFIED else None,
        created=lease.created,
        deadline=lease.deadline,
        seconds_left=lease.seconds_left(control.clock),
        lifetime=int((deadline - created).total_seconds()),
        failure=failure.code if failure else None,
        ledger_start=lease.ledger_start,
    )


def word_of(cause: str | None) -> tuple[str, str]:
    """Returns the word and the colour (`RunRow`) of a run with a certificate that ended for this cause."""
    known = _cause(cause)
    word = known.outcome.value if known else RunState.CERTIFIED.value
    return word, "good" if known is Cause.PUBLISHED else "plain"


def settled_row(control: Control, one: Settled) -> RunRow:
    """Returns a run with a certificate as a row."""
    created, deadline, cause = parse_utc(one.created), parse_utc(one.deadline), _cause(one.cause)
    return RunRow(
        run=one.run,
        doctor=one.doctor,
        use=one.use,
        state=RunState.CERTIFIED,
        outcome=cause.outcome if cause else None,
        created=one.created,
        deadline=one.deadline,
        seconds_left=int((deadline - control.clock.now()).total_seconds()),
        lifetime=int((deadline - created).total_seconds()),
        failure=None,
        ledger_start=one.ledger_start,
    )
