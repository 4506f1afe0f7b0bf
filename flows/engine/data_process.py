"""The data process of one run: inventory to publish; the only process that holds the run key.

The control process (`flows.engine.run`) starts it. Both exchange JSON lines: orders on stdin, findings on stdout. Findings are
codes, counts and ordinals. It writes nothing to stderr: an unforeseen error is reported by its place in Reprise's code, never by
its text. `flows.engine._events` lists the permitted messages.
"""

from __future__ import annotations

import gc
import os
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from connectors.base import Limits
from flows.engine import _events as events
from flows.engine._left_out import hide_modules
from flows.steps.check import check
from flows.steps.context import DataContext
from flows.steps.deliver import deliver
from flows.steps.extract import extract
from flows.steps.headers import check_headers
from flows.steps.inventory import count_source
from flows.steps.match import match
from flows.steps.open_files import open_files
from flows.steps.plan import plan
from flows.steps.publish import publish
from flows.steps.reconcile import reconcile
from flows.steps.transform import transform
from flows.steps.values import (
    Checked,
    Delivery,
    Drafts,
    Inventory,
    Matched,
    Plan,
    Published,
    Reconciliation,
    Rehearsed,
    Staged,
)
from flows.transport.destination import open_destination, package_place
from schemas.errors import IntegrityError, RefusedError, RepriseError
from schemas.record import dump, load
from schemas.steps import STEPS
from vault.authorisation.check import Authorisation, reopen
from vault.home_folder import Home
from vault.keys.provider import KeyRef
from vault.keys.registry import provider
from vault.runs.lease import Lease, parts_folder
from vault.system.clock import SystemClock
from vault.system.files import FULL
from vault.system.hardening import die_with_parent, harden_process
from vault.system.liveness import announce

VALUE = pa.schema([("value", pa.string())])
_KINDS: dict[str, type[Any]] = {
    "inventory": Inventory,
    "extract": Staged,
    "check": Checked,
    "match": Matched,
    "transform": Drafts,
    "plan": Plan,
    "deliver": Delivery,
    "reconcile": Reconciliation,
    "publish": Published,
    "rehearse": Rehearsed,
}
_CONTROL_SEGMENTS = 12
_NEW_OBJECTS = 200_000  # a search for reference cycles begins after so many more


class Stopped(RefusedError):
    """The run was stopped at a step."""

    exit_code = 19
    advice = "`reprise resume RUN` goes on, `reprise abandon RUN --yes` destroys the staging."


class Pipe:
    """The pipe to the control process."""

    def __init__(self, orders: TextIO, findings: TextIO) -> None:
        self._orders = orders
        self._findings = findings
        self._last = 0.0

    def send(self, event: events.Event) -> None:
        """Send an event."""
        self._findings.write(dump(event).decode() + "\n")
        self._findings.flush()

    def ask(self, event: events.Event) -> None:
        """Send an event and wait for `go`. A closed pipe means that the control process died: stop."""
        self.send(event)
        if self._orders.readline().strip() != "go":
            raise Stopped("stopped_at_step")

    def progress(self, step: str, done: int, total: int) -> None:
        """Send the progress of a step, at most five times a second."""
        now = time.monotonic()
        if now - self._last > 0.2 or (total and done == total):
            self._last = now
            self.send(events.Progress(step, done, total))


def run(order: events.StartOrder, pipe: Pipe) -> None:
    """Do the remaining steps of a run, up to the last step of its use."""
    home = Home(Path(order.home))
    lease = Lease.load(home, order.run)
    authorisation = reopen(home, lease.authorisation_id, order.use)
    run_key = _key(lease, pipe)
    context = _context(order, lease, authorisation, run_key, pipe)
    _walk(context, order.use, _resumed_after(order, lease), pipe)
    opened = context.positive_control(_CONTROL_SEGMENTS)
    pipe.ask(events.Control(opened))


def _key(lease: Lease, pipe: Pipe) -> bytes:
    keys = provider(lease.provider)
    if lease.key_ref is not None:
        return keys.open(lease.key_ref)
    ref: KeyRef = keys.create(lease.run_id, lease.seconds_left(SystemClock()))
    pipe.ask(events.Key(ref))
    return keys.open(ref)


def _context(
    order: events.StartOrder, lease: Lease, authorisation: Authorisation, run_key: bytes, pipe: Pipe
) -> DataContext:
    limits = Limits(**order.limits)
    home, place = Home(Path(order.home)), order.destination
    files = open_files(
        home,
        lease,
        Path(order.source),
        order.intake,
        limits,
        lambda intake, only_key: pipe.ask(events.Source(intake, only_key)),
    )
    return DataContext(
        run_id=lease.run_id,
        authorisation=authorisation,
        files=files,
        limits=limits,
        staging=Path(lease.staging),
        parts=parts_folder(Path(lease.staging)),
        destination=open_destination(home, place, lease.run_id),
        package=package_place(place, lease.run_id),
        run_key=run_key,
        report=pipe.progress,
        leave=partial(pipe.ask, events.Leave()),
    )


def _resumed_after(order: events.StartOrder, lease: Lease) -> str | None:
    """Return the last completed step. Parts that an earlier release wrote beside the destination are sealed again, in staging."""
    done = order.after
    return "plan" if lease.grew_outside and done in ("deliver", "reconcile") else done


def _walk(context: DataContext, use: str, done: str | None, pipe: Pipe) -> None:
    steps = STEPS[use]
    start = steps.index(done) + 1 if done in steps else 0
    value = _load(context, steps[start - 1]) if start else None
    for step in steps[start:]:
        value = _STEPS[step](context, value)
        _finish(context, step, value, pipe)


def _count(context: DataContext, _nothing: None) -> Inventory:
    return count_source(context, check_headers(context))


_STEPS: dict[str, Callable[[DataContext, Any], Any]] = {
    "inventory": _count,
    "extract": extract,
    "check": check,
    "match": match,
    "transform": transform,
    "plan": plan,
    "deliver": deliver,
    "reconcile": reconcile,
    "publish": publish,
    "rehearse": lambda _, reconciliation: Rehearsed(reconciliation),
}


def _finish(context: DataContext, step: str, value: object, pipe: Pipe) -> None:
    """Seal the result of a step, so that a resumed run can continue from here; then report it and wait."""
    writer = context.writer(f"value-{step}")
    writer.write("value", pa.record_batch([pa.array([dump(value).decode()])], schema=VALUE))
    writer.close()
    pipe.ask(events.Step(step, summarise(value)))


def _load(context: DataContext, step: str) -> Any:
    for batch in context.reader(f"value-{step}").batches("value"):
        return load(_KINDS[step], batch["value"][0].as_py(), IntegrityError, "value_unreadable", step=step)
    raise IntegrityError("value_missing", step=step)


def summarise(value: object) -> dict[str, Any]:  # noqa: PLR0911 - one return per kind of value
    """Return what the control process may know of a value: counts and opaque names."""
    match value:
        case Inventory():
            return {
                "files": len(value.files),
                "damaged_files": sum(1 for f in value.files if f.damaged and f.holds_records),
                "patients": value.patients,
                "bytes": value.bytes_total,
                "unit_bytes": value.unit_bytes,
                "structural_bytes": value.structural_bytes,
                "ignored_bytes": value.ignored_bytes,
                "units": value.units,
                "repaired": value.repaired,
                "excluded": value.excluded,
                "reasons": value.reasons,
                "years": list(value.years),
                "software": value.software,
            }
        case Staged():
            return {"rows": value.rows, "rejects": value.rejects}
        case Checked():
            return {"violations": value.violations, "quarantined": value.quarantined}
        case Matched():
            return {
                "charts": value.charts,
                "joined": value.joined,
                "review": value.review,
                "notices": value.notices,
            }
        case Drafts():
            return {"codes": value.codes}
        case Plan():
            return {"profile": value.profile, "parts": len(value.parts), "digest": value.digest}
        case Delivery():
            return {
                "delivered_units": value.delivered_units,
                "filled": value.filled,
                "derived": value.derived,
                "problems": value.problems,
                "parts": len(value.parts),
            }
        case Rehearsed():
            return summarise(value.reconciliation)
        case Reconciliation():
            return {
                "dispositions": value.dispositions,
                "by_kind": value.by_kind,
                "reasons": value.reasons,
            }
        case Published():
            return {
                "folder": value.folder,
                "findings": value.findings,
                "parts": [[p.name, p.size, p.sha256] for p in value.files],
            }
    return {}


def _place(error: BaseException) -> str:
    """Return where in Reprise's code a foreign error arose: module and line, nothing of its text."""
    frames = traceback.extract_tb(error.__traceback__)
    root = str(Path(__file__).resolve().parents[2])
    ours = [f for f in frames if f.filename.startswith(root) and "/.venv/" not in f.filename]
    frame = ours[-1] if ours else frames[-1]
    return f"{Path(frame.filename).stem}:{frame.lineno}"


def _end(error: BaseException, pipe: Pipe) -> int:
    """Send the error, reduced to what may leave the process; return the exit code."""
    if isinstance(error, RepriseError):
        failure = events.Failure(type(error).__name__, error.code, error.exit_code, error.facts)
    elif isinstance(error, OSError) and error.errno in FULL:
        failure = events.Failure("StorageFullError", "disk_full", 41, {"code": _place(error)})
    else:
        facts: dict[str, int | str] = {"case": type(error).__name__, "code": _place(error)}
        failure = events.Failure("RepriseError", "internal", 1, facts)
    pipe.send(failure)
    return failure.exit


def _search_rarely() -> None:
    """Search rarely for reference cycles: the many rows and trees of a run have none, and a search walks all of them."""
    gc.set_threshold(_NEW_OBJECTS)


def main() -> int:
    """Read the order, do the steps, send events. The exit code is the one of the error class."""
    harden_process()
    die_with_parent(int(sys.argv[1]))
    announce(int(sys.argv[2]))
    findings = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    hide_modules("pandas")  # pyarrow would import it with its first array: 0.2 s of CPU and 60 MiB
    _search_rarely()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    pipe = Pipe(sys.stdin, findings)
    try:
        run(load(events.StartOrder, sys.stdin.readline(), IntegrityError, "event_unreadable"), pipe)
    except BaseException as error:  # noqa: BLE001 - the last line of defence: nothing may print a value
        return _end(error, pipe)
    pipe.send(events.End())
    return 0


if __name__ == "__main__":
    sys.exit(main())
