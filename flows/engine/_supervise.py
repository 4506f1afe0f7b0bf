"""The control process's part while the steps run: journal each step, have the contracts validated, report to observers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.engine import _events as events
from flows.engine._contracts import ContractJudge, outcomes_in
from flows.engine._dialect import compare_dialect
from flows.engine._events import StartOrder
from flows.engine._ipc import DataLink
from flows.engine._watchdog import RunGuard
from flows.lifecycle.intakes import note_source
from flows.lifecycle.mapping_drafts import write_drafts
from flows.lifecycle.package_place import keep_place
from flows.session.observer import Observer
from schemas.steps import JUDGED_BEFORE, STEPS
from vault.home_folder import Home
from vault.runs.journal import Journal
from vault.runs.lease import Lease
from vault.system.clock import Clock


class StepResults:
    """What the control process knows: counts per step, and how many segments the key opened at the end."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, Any]] = {}
        self.opened = 0

    @classmethod
    def from_journal(cls, journal: Journal) -> StepResults:
        """Read the results from the journal."""
        results = cls()
        for entry in journal.read():
            if entry.step == "control":
                results.opened = int(entry.counts["opened"])
            else:
                results.counts[entry.step] = entry.counts
        return results


@contextmanager
def judging(use: str, journal: Journal | None = None) -> Iterator[ContractJudge | None]:
    """Start the process that validates the contracts of a run; None if that step is done or not part of the use.

    It takes seconds to load, so a new order starts it before anything else.
    """
    journalled = {} if journal is None else {entry.step: entry.counts for entry in journal.read()}
    if JUDGED_BEFORE not in STEPS[use] or JUDGED_BEFORE in journalled:
        yield None
        return
    with ContractJudge() as judge:
        if "check" in journalled:
            judge.ask(outcomes_in(journalled["check"]))
        yield judge


def supervise(
    home: Home,
    lease: Lease,
    order: StartOrder,
    journal: Journal,
    observer: Observer,
    clock: Clock,
    judge: ContractJudge | None,
) -> None:
    """Run the data process from the journal's last step. Raises what it reports, or an error if it died."""
    link = DataLink(order)
    try:
        lease = lease.update(home, data_pid=link.pid)
        with RunGuard(home, lease, link, clock) as guard:
            for event in link.events():
                if isinstance(event, events.Leave):
                    guard.allow_publication()
                _handle(home, lease, order, event, journal, observer, judge)
                if not isinstance(event, events.Progress | events.End):
                    link.go()
    except BaseException:
        link.stop()
        raise


def _handle(
    home: Home,
    lease: Lease,
    order: StartOrder,
    event: events.Event,
    journal: Journal,
    observer: Observer,
    judge: ContractJudge | None,
) -> None:
    """Record what the event reports."""
    match event:
        case events.Key(ref):
            lease.update(home, key_ref=ref)
        case events.Source(intake, only_key):
            note_source(home, lease.reload(home), intake, only_key=only_key, wanted=order.intake is not None)
        case events.Shared(processes):
            held = max(lease.reload(home).data_processes, processes)
            lease.update(home, data_processes=held)
        case events.Progress(step, done, total):
            observer.progress(step, done, total)
        case events.Profiles(tables, _) if order.draft is not None:
            write_drafts(Path(order.draft), tables)
        case events.Step(step, counts):
            if judge and step == "check":
                judge.ask(outcomes_in(counts))
            if judge and step == JUDGED_BEFORE:
                counts["contracts"] = judge.verdicts()
            if step == "inventory":
                counts = compare_dialect(home, lease, counts)
            if step == "publish":
                counts = keep_place(home, lease, counts)
            journal.append(step, counts)
            observer.step(step, counts)
        case events.Control(opened):
            journal.append("control", {"opened": opened})
