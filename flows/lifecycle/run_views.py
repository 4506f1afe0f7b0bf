"""The state and result of runs, for callers outside a run: the state, the outcome and the counts of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from flows.lifecycle.confirmation import ImportState
from flows.lifecycle.package_place import place_of
from flows.session.control import Control
from schemas.errors import IntegrityError, UnreadableSourceError
from schemas.outcome import Cause
from schemas.public_formats import Fate
from schemas.record import Record, load
from schemas.steps import Counts
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.runs.facts import Failure, read_fact
from vault.runs.lease import Lease, find_lease, owner_alive, readable_runs
from vault.runs.lease import list_runs as leases_of
from vault.runs.outcome_words import RunView
from vault.runs.state import RunState


class StepDone(Record, frozen=True):
    """A completed step of a run."""

    step: str
    at: str
    counts: Counts


class RunStatus(RunView, frozen=True):
    """All fields of one run."""

    key_provider: str = msgspec.field(name="keys")
    failure: Failure | None  # the error with which it last stopped
    journal: list[StepDone]
    counts: dict[str, Counts]  # by step
    ended: str | None
    package: str | None  # the folder, or the address on a server, of a published package
    import_state: ImportState | None = msgspec.field(name="import")
    source_fate: Fate | None = msgspec.field(name="source")
    package_fate: Fate | None = msgspec.field(name="copy")
    proof: str | None


class Fates(msgspec.Struct, frozen=True):
    """Holder, date and destruction of export and package (docs/formats/proof.md)."""

    source: Fate | None = None
    package: Fate | None = None


class _Certificate(msgspec.Struct, frozen=True):
    """The part of a certificate that is read here."""

    fate: Fates = Fates()


def short_name(run: str) -> str:
    """Return the short id of a run, as pages show it and as its flow run is named and tagged."""
    return run[:8]


def list_runs(home: Home) -> list[RunView]:
    """List every run of the home: its state and, if it has ended, its outcome."""
    return seen_runs(Control.open_to_look(home))


def seen_runs(control: Control) -> list[RunView]:
    """Return what `list_runs` returns, for a home that is open."""
    ends = _ends(control)
    return [_view(control, lease, ends.get(lease.run_id)) for lease in leases_of(control.home)]


def status(home: Home, run: str) -> RunStatus:
    """Return all fields of one run: its steps with their counts; for an ended run also outcome, package and proof.

    Raises UnreadableSourceError (no_such_run), IntegrityError.
    """
    control = Control.open_to_look(home)
    lease = find_lease(control.home, run)
    return describe_run(control, lease, [body for _, body in control.run(lease).entries()])


def describe_run(control: Control, lease: Lease, entries: list[dict[str, Any]]) -> RunStatus:
    """Return what `status` returns, for a home that is open, from the run's ledger entries. Raises IntegrityError."""
    home, recorded = control.home, control.run(lease)
    journal = recorded.journal.read()
    counts = {entry.step: entry.counts for entry in journal if entry.step != "control"}
    end = _end_in(entries)
    began = any(body["type"] == EntryType.RUN_STARTED for body in entries)
    view = _seen(lease, recorded.state_if(began=began), end)
    confirmed = [ImportState(e["code"]) for e in entries if e["type"] == EntryType.IMPORT_CONFIRMED]
    proof = home.proof(lease.run_id)
    fates = fates_of(proof) if recorded.ended else Fates()
    return RunStatus(
        **{name: getattr(view, name) for name in view.__struct_fields__},
        key_provider=lease.provider,
        failure=read_fact(home, lease.run_id, Failure),
        journal=[StepDone(entry.step, entry.at, entry.counts) for entry in journal],
        counts=counts,
        ended=end.at if end else None,
        package=place_of(home, lease, counts["publish"]) if "publish" in counts else None,
        import_state=confirmed[-1] if confirmed else None,
        source_fate=fates.source,
        package_fate=fates.package,
        proof=str(proof) if recorded.ended else None,
    )


def _end_in(entries: list[dict[str, Any]]) -> _Entry | None:
    ends = [body for body in entries if body["type"] == EntryType.DESTRUCTION_COMPLETED]
    return msgspec.convert(ends[-1], _Entry) if ends else None


def fates_of(proof: Path) -> Fates:
    """Return the fate of export and package from a certificate; empty without one.

    Raises IntegrityError (run_record_unreadable).
    """
    path = proof / "certificate.json"
    if not path.is_file():
        return Fates()
    damaged = (IntegrityError, "run_record_unreadable")
    return load(_Certificate, path.read_bytes(), *damaged, run=proof.parent.name).fate


def source_of(home: Home, run: str) -> str | None:
    """Return the path of an unfinished run's export; None if the run does not exist or its order is removed."""
    try:
        return Control.open_to_look(home).order_of(find_lease(home, run)).source
    except (IntegrityError, UnreadableSourceError):
        return None


class _Entry(msgspec.Struct, frozen=True):
    """The part of a ledger entry that is read here."""

    type: str
    runId: str | None  # noqa: N815 - docs/formats/proof.md
    at: str
    code: str


def _entries(control: Control) -> Iterator[_Entry]:
    store = control.ledger.store
    return (msgspec.json.decode(entry, type=_Entry) for entry in store.read(0, store.head().size))


def _ends(control: Control) -> dict[str | None, _Entry]:
    """Return the log entries of completed destructions, by run."""
    return {e.runId: e for e in _entries(control) if e.type == EntryType.DESTRUCTION_COMPLETED}


def _view(control: Control, lease: Lease, end: _Entry | None) -> RunView:
    return _seen(lease, control.run(lease).state, end)


def _seen(lease: Lease, state: RunState, end: _Entry | None) -> RunView:
    code = end.code if end is not None and state is RunState.CERTIFIED else None
    cause = Cause(code) if code in set(Cause) else None
    return RunView(
        run_id=lease.run_id,
        state=state,
        outcome=cause.outcome if cause else None,
        cause=cause,
        use=lease.use,
        created=lease.created,
        deadline=lease.deadline,
    )


def run_of_order(home: Home, order_id: str) -> RunView | None:
    """Return the run that an order began, with its state and outcome; None if there is no run."""
    return _last_view(home, [lease for lease in readable_runs(home)[0] if lease.order_id == order_id])


def run_of_this_process(home: Home) -> RunView | None:
    """Return the run that this process runs, or ran last, with its state.

    Raises IntegrityError if a lease is damaged.
    """
    pid = os.getpid()
    own = [lease for lease in readable_runs(home)[0] if lease.owner_pid == pid and owner_alive(lease)]
    return _last_view(home, own)


def _last_view(home: Home, leases: list[Lease]) -> RunView | None:
    if not leases:
        return None
    control = Control.open_to_look(home)
    return _view(control, leases[-1], _ends(control).get(leases[-1].run_id))
