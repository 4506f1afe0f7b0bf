"""Carry a leased run through its data process: journal each step, judge the contracts, tell who watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.engine._contracts import ContractJudge
from flows.engine._ipc import DataLink
from flows.engine._watchdog import RunGuard
from flows.lifecycle.intakes import note_source
from flows.lifecycle.package_place import keep_place
from flows.session.observer import Observer
from schemas.steps import JUDGED_BEFORE, STEPS
from vault.keys.provider import KeyRef
from vault.runs.journal import Journal
from vault.runs.lease import Lease
from vault.system.clock import Clock


class StepResults:
    """What the control process learnt: counts a step, and how many segments the key opened at the end."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, Any]] = {}
        self.opened = 0

    @classmethod
    def from_journal(cls, journal: Journal) -> StepResults:
        """What the journal remembers."""
        results = cls()
        for entry in journal.read():
            if entry.step == "control":
                results.opened = int(entry.counts["opened"])
            else:
                results.counts[entry.step] = entry.counts
        return results


@contextmanager
def judging(use: str, journal: Journal | None = None) -> Iterator[ContractJudge | None]:
    """The process that judges the contracts of a run of this use, None where that lies behind or is not asked.

    It loads for seconds: an order that begins starts it first of all.
    """
    behind = {} if journal is None else {entry.step: entry.counts for entry in journal.read()}
    if JUDGED_BEFORE not in STEPS[use] or JUDGED_BEFORE in behind:
        yield None
        return
    with ContractJudge() as judge:
        if "check" in behind:
            judge.ask(behind["check"]["violations"])
        yield judge


def carry(
    home: Path,
    lease: Lease,
    order: dict[str, Any],
    journal: Journal,
    observer: Observer,
    clock: Clock,
    judge: ContractJudge | None,
) -> None:
    """Run the data process from where the journal stands. Raises what it reports, or that it died."""
    link = DataLink({**order, "home": str(home), "run": lease.run_id, "after": journal.last()})
    try:
        lease = lease.update(home, data_pid=link.pid)
        with RunGuard(home, lease, link, clock) as guard:
            for event in link.events():
                if event["event"] == "leave":
                    guard.allow_publication()
                _handle(home, lease, order, event, link, journal, observer, judge)
    except BaseException:
        link.stop()
        raise


def _handle(
    home: Path,
    lease: Lease,
    order: dict[str, Any],
    event: dict[str, Any],
    link: DataLink,
    journal: Journal,
    observer: Observer,
    judge: ContractJudge | None,
) -> None:
    match event["event"]:
        case "key":
            lease.update(home, key_ref=KeyRef.from_json(event["ref"]))
            link.go()
        case "source":
            wanted = order.get("intake") is not None
            note_source(
                home, lease.reload(home), event["intake"], only_key=bool(event["only_key"]), wanted=wanted
            )
            link.go()
        case "progress":
            observer.progress(event["step"], event["done"], event["total"])
        case "step":
            step, counts = event["step"], event["counts"]
            if judge and step == "check":
                judge.ask(counts["violations"])
            if judge and step == JUDGED_BEFORE:
                counts["contracts"] = judge.verdicts()
            if step == "publish":
                counts = keep_place(home, lease, counts)
            journal.append(step, counts)
            observer.step(step, counts)
            link.go()
        case "leave":
            link.go()
        case "control":
            journal.append("control", {"opened": int(event["opened"])})
            link.go()
