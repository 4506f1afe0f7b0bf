"""Carry a leased run through its data process: journal each arrow, judge the contracts, tell who watches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.data_link import DataLink
from flows.steps.check_contracts import validate_counts
from flows.watch import Watch
from vault.journal import Journal
from vault.keys import KeyRef
from vault.lease import Lease


class Carried:
    """What the control process learnt: counts an arrow, and how many segments the key opened at the end."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, Any]] = {}
        self.opened = 0


def carry(home: Path, lease: Lease, order: dict[str, Any], journal: Journal, watch: Watch) -> Carried:
    """Run the data process from where the journal stands. Raises what it reports, or that it died."""
    carried = Carried()
    for entry in journal.read():
        carried.counts[entry.arrow] = entry.counts
    link = DataLink({**order, "home": str(home), "run": lease.run_id, "after": _last(journal)})
    lease = lease.update(home, data_pid=link.pid)
    try:
        for event in link.events():
            _handle(home, lease, event, link, journal, watch, carried)
    except BaseException:
        link.stop()
        raise
    return carried


def _last(journal: Journal) -> str | None:
    arrows = [entry.arrow for entry in journal.read()]
    return arrows[-1] if arrows else None


def _handle(
    home: Path,
    lease: Lease,
    event: dict[str, Any],
    link: DataLink,
    journal: Journal,
    watch: Watch,
    carried: Carried,
) -> None:
    match event["event"]:
        case "key":
            lease.update(home, key_ref=KeyRef.from_json(event["ref"]))
            link.go()
        case "progress":
            watch.progress(event["arrow"], event["done"], event["total"])
        case "arrow":
            arrow, counts = event["arrow"], event["counts"]
            if arrow == "check":
                counts["contracts"] = [v.__dict__ for v in validate_counts(counts["violations"])]
            journal.append(arrow, counts)
            carried.counts[arrow] = counts
            watch.arrow(arrow, counts)
            link.go()
        case "control":
            carried.opened = int(event["opened"])
            link.go()
