"""The data process of one run: inventory to publish; it and its workers are the only processes that hold the run key.

The control process (`flows.engine.run`) starts it. Both exchange JSON lines: orders on stdin, findings on stdout. Findings are
codes, counts and ordinals. It writes nothing to stderr: an unforeseen error is reported by its place in Reprise's code, never by
its text. `flows.engine._events` lists the permitted messages.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from connectors.base import Limits, SiteRules
from connectors.inventory.delimited.profile import profile_table
from flows.engine import _events as events
from flows.engine._failures import reduce_error
from flows.engine._left_out import hide_modules
from flows.engine._workers import Workers
from flows.steps.check import check
from flows.steps.context import DataContext, Report
from flows.steps.deliver import Delivering, deliver
from flows.steps.extract import Extracting, extract
from flows.steps.headers import check_headers
from flows.steps.inventory import count_source
from flows.steps.match import match
from flows.steps.open_files import open_files
from flows.steps.plan import plan
from flows.steps.publish import publish
from flows.steps.ranges import DividedStep
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
from schemas.errors import IntegrityError, KeyDestroyedError, RefusedError
from schemas.mapping_files import Mappings
from schemas.record import dump, load
from schemas.site_codes import load_site_codes
from schemas.steps import STEPS
from vault.authorisation.check import Authorisation, reopen
from vault.home_folder import Home
from vault.keys.provider import KeyRef
from vault.keys.registry import provider
from vault.runs.lease import Lease, parts_folder
from vault.system.clock import SystemClock
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
        self.progress = events.Reporter(self.send).progress

    def fileno(self) -> int:
        """Return the descriptor of the findings."""
        return self._findings.fileno()

    def send(self, event: events.Event) -> None:
        """Send an event."""
        self._findings.write(dump(event).decode() + "\n")
        self._findings.flush()

    def ask(self, event: events.Event) -> None:
        """Send an event and wait for `go`. A closed pipe means that the control process died: stop."""
        self.send(event)
        if self._orders.readline().strip() != "go":
            raise Stopped("stopped_at_step")


def run(order: events.StartOrder, pipe: Pipe) -> None:
    """Do the remaining steps of a run, up to the last step of its use."""
    with _fork_workers(order, pipe) as workers:
        home = Home(Path(order.home))
        lease = Lease.load(home, order.run)
        authorisation = reopen(home, lease.authorisation_id, order.use)
        context = _context(order, lease, authorisation, _key(lease, pipe), _hooks(pipe))
        context.workers = workers
        _walk(context, order.use, _resumed_after(order, lease), pipe)
    opened = context.positive_control(_CONTROL_SEGMENTS)
    pipe.ask(events.Control(opened))


def _fork_workers(order: events.StartOrder, pipe: Pipe) -> Workers:
    """Fork workers if a step is still to be done that they can share."""
    steps = STEPS[order.use]
    remaining = steps[steps.index(order.after) + 1 if order.after in steps else 0 :]
    count = order.workers if order.workers > 1 and any(step in _DIVIDED for step in remaining) else 0
    return Workers(
        count, partial(_open_step, order), (pipe.fileno(),), lambda held: pipe.ask(events.Shared(held))
    )


def _open_step(order: events.StartOrder, step: str, report: Report) -> DividedStep:
    """In a worker: open key, source and staging by what is on record, as a resumed run does, and the value before the step."""
    home = Home(Path(order.home))
    lease = Lease.load(home, order.run)
    authorisation = reopen(home, lease.authorisation_id, order.use)
    if lease.key_ref is None:
        raise KeyDestroyedError("key_gone")
    run_key = provider(lease.provider).open(lease.key_ref)
    context = _context(order, lease, authorisation, run_key, _Hooks(lambda *_: None, report, lambda: None))
    steps = STEPS[order.use]
    return _DIVIDED[step](context, _load(context, steps[steps.index(step) - 1]))


def _key(lease: Lease, pipe: Pipe) -> bytes:
    keys = provider(lease.provider)
    if lease.key_ref is not None:
        return keys.open(lease.key_ref)
    ref: KeyRef = keys.create(lease.run_id, lease.seconds_left(SystemClock()))
    pipe.ask(events.Key(ref))
    return keys.open(ref)


@dataclass(frozen=True)
class _Hooks:
    """What a context reports: how the source is sealed, the progress of a step, and that publication is next."""

    source: Callable[[str | None, bool], None]
    progress: Report
    leave: Callable[[], None]


def _hooks(pipe: Pipe) -> _Hooks:
    return _Hooks(
        lambda intake, only_key: pipe.ask(events.Source(intake, only_key)),
        pipe.progress,
        partial(pipe.ask, events.Leave()),
    )


def _context(
    order: events.StartOrder, lease: Lease, authorisation: Authorisation, run_key: bytes, hooks: _Hooks
) -> DataContext:
    limits = Limits(**order.limits)
    home, place = Home(Path(order.home)), order.destination
    return DataContext(
        run_id=lease.run_id,
        begun_at=lease.created,
        authorisation=authorisation,
        files=open_files(
            home, lease, Path(order.source), order.intake, limits, hooks.source, _rules(order, home)
        ),
        limits=limits,
        staging=Path(lease.staging),
        parts=parts_folder(Path(lease.staging)),
        destination=open_destination(home, place, lease.run_id),
        package=package_place(place, lease.run_id),
        run_key=run_key,
        report=hooks.progress,
        leave=hooks.leave,
        site_codes=load_site_codes(home.path),
        drafting=order.draft is not None,
    )


def _rules(order: events.StartOrder, home: Home) -> SiteRules:
    folder = home.site.mappings
    return SiteRules(order.document_paths, Mappings.of_site(None if folder is None else Path(folder)))


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
        if context.drafting and isinstance(value, Inventory):
            _report_tables(context, value, pipe)
        if step == _LAST_DIVIDED and context.workers:
            context.workers.end()
        _finish(context, step, value, pipe)


def _count(context: DataContext, _nothing: None) -> Inventory:
    return count_source(context, check_headers(context))


def _report_tables(context: DataContext, inventory: Inventory, pipe: Pipe) -> None:
    """Report a profile of each table that no connector knows."""
    unknown = {file.ordinal for file in inventory.files if file.format is None}
    found = [profile_table(file) for file in context.files if file.ordinal in unknown]
    tables = tuple(table for table in found if table is not None)
    pipe.ask(events.Profiles(tables, len(found) - len(tables)))


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


_DIVIDED: dict[str, Callable[[DataContext, Any], DividedStep]] = {
    "extract": Extracting,
    "deliver": Delivering,
}
_LAST_DIVIDED = "deliver"


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
                "dialect": {"names": value.dialect.names, "rare": value.dialect.rare},
            }
        case Staged():
            return {"rows": value.rows, "rejects": value.rejects}
        case Checked():
            return {key: getattr(value, key) for key in ("outcomes", "quarantined", "to_resolve")}
        case Matched():
            return {
                "charts": value.charts,
                "joined": value.joined,
                "review": value.review,
                "notices": value.notices,
            }
        case Drafts():
            return {"codes": value.codes, "coverage": value.coverage}
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
        failure = reduce_error(error)
        pipe.send(failure)
        return failure.exit
    pipe.send(events.End())
    return 0


if __name__ == "__main__":
    sys.exit(main())
