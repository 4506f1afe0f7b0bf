"""Carry a leased run through its data process: journal each arrow, judge the contracts, tell who watches."""

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
from flows.session.observer import Watch
from flows.steps.order import ARROWS, JUDGED_BEFORE
from vault.keys.provider import KeyRef
from vault.runs.journal import Journal
from vault.runs.lease import Lease
from vault.system.clock import Clock


class Carried:
    """What the control process learnt: counts an arrow, and how many segments the key opened at the end."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, Any]] = {}
        self.opened = 0

    @classmethod
    def from_journal(cls, journal: Journal) -> Carried:
        """What the journal remembers."""
        carried = cls()
        for entry in journal.read():
            if entry.arrow == "control":
                carried.opened = int(entry.counts["opened"])
            else:
                carried.counts[entry.arrow] = entry.counts
        return carried


@contextmanager
def judging(use: str, journal: Journal | None = None) -> Iterator[ContractJudge | None]:
    """The process that judges the contracts of a run of this use, None where that lies behind or is not asked.

    It loads for seconds: an order that begins starts it first of all.
    """
    behind = {} if journal is None else {entry.arrow: entry.counts for entry in journal.read()}
    if JUDGED_BEFORE not in ARROWS[use] or JUDGED_BEFORE in behind:
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
    watch: Watch,
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
                _handle(home, lease, order, event, link, journal, watch, judge)
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
    watch: Watch,
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
            watch.progress(event["arrow"], event["done"], event["total"])
        case "arrow":
            arrow, counts = event["arrow"], event["counts"]
            if judge and arrow == "check":
                judge.ask(counts["violations"])
            if judge and arrow == JUDGED_BEFORE:
                counts["contracts"] = judge.verdicts()
            if arrow == "publish":
                counts = keep_place(home, lease, counts)
            journal.append(arrow, counts)
            watch.arrow(arrow, counts)
            link.go()
        case "leave":
            link.go()
        case "control":
            journal.append("control", {"opened": int(event["opened"])})
            link.go()
