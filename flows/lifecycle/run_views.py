"""The state and result of runs for callers outside a run: where each is, how it ended, what it counted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from flows.lifecycle.confirmation import states_of
from flows.lifecycle.package_place import place_of
from flows.session.control import Control
from schemas.errors import IntegrityError, UnreadableSourceError
from schemas.outcome import Cause
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.runs.facts import RunFile, read_run_file
from vault.runs.journal import Journal
from vault.runs.lease import Lease, find_lease, owner_alive, readable_runs
from vault.runs.lease import list_runs as leases_of


def list_runs(home: Home) -> list[dict[str, Any]]:
    """List every run of the home: its state and, once it has ended, how it ended."""
    return seen_runs(Control.open_to_look(home))


def seen_runs(control: Control) -> list[dict[str, Any]]:
    """Like `list_runs`, for an open home."""
    ends = _ends(control)
    return [_brief(control, lease, ends.get(lease.run_id)) for lease in leases_of(control.home)]


def status(home: Home, run: str) -> dict[str, Any]:
    """Describe one run, step by step, with its counts; for an ended run also how it ended, and where package and proof are.

    Raises UnreadableSourceError (no_such_run), IntegrityError.
    """
    control = Control.open_to_look(home)
    lease = find_lease(control.home, run)
    journal = Journal(home, lease.run_id).read()
    counts = {entry.step: entry.counts for entry in journal if entry.step != "control"}
    end = _ends(control).get(lease.run_id)
    confirmed = states_of(control, lease)
    proof = home.proof(lease.run_id)
    fates = fates_of(proof) if control.run(lease).ended else {}
    return {
        **_brief(control, lease, end),
        "keys": lease.provider,
        "failure": read_run_file(home, lease.run_id, RunFile.FAILURE),
        "journal": [{"step": entry.step, "at": entry.at, "counts": entry.counts} for entry in journal],
        "counts": counts,
        "ended": end["at"] if end else None,
        "package": place_of(home, lease, counts["publish"]) if "publish" in counts else None,
        "import": confirmed[-1].value if confirmed else None,
        "source": fates.get("source"),
        "copy": fates.get("package"),
        "proof": str(proof) if control.run(lease).ended else None,
    }


def fates_of(proof: Path) -> dict[str, dict[str, Any]]:
    """Return a certificate's `source` and `package`: who holds it until when, and how it ended (formats/proof.md)."""
    path = proof / "certificate.json"
    fates = json.loads(path.read_bytes()).get("fate", {}) if path.is_file() else {}
    return {copy: dict(fates[copy]) for copy in ("source", "package") if isinstance(fates.get(copy), dict)}


def source_of(home: Home, run: str) -> str | None:
    """Return where the export of a live run is; None if the run does not exist or its order is gone."""
    try:
        return Control.open_to_look(home).order_of(find_lease(home, run)).source
    except (IntegrityError, UnreadableSourceError):
        return None


def _ends(control: Control) -> dict[str, dict[str, Any]]:
    """Return the log entries of completed destructions, by run."""
    store = control.ledger.store
    entries = (json.loads(entry) for entry in store.read(0, store.head().size))
    return {e["runId"]: e for e in entries if e["type"] == EntryType.DESTRUCTION_COMPLETED}


def _brief(control: Control, lease: Lease, end: dict[str, Any] | None) -> dict[str, Any]:
    state = control.run(lease).state
    code = end["code"] if end is not None and state == "certified" else None
    cause = Cause(code) if code in set(Cause) else None
    return {
        "run": lease.run_id,
        "state": state,
        "outcome": cause.outcome if cause else None,
        "cause": cause,
        "use": lease.use,
        "created": lease.created,
        "deadline": lease.deadline,
    }


def run_of_order(home: Home, order_id: str) -> dict[str, Any] | None:
    """Return the run that an order began, with its state or end; None if there is no run."""
    ours = [lease for lease in readable_runs(home)[0] if lease.order_id == order_id]
    if not ours:
        return None
    control = Control.open_to_look(home)
    return _brief(control, ours[-1], _ends(control).get(ours[-1].run_id))


def run_of_this_process(home: Home) -> dict[str, Any] | None:
    """Return the run that this process runs, or ran last, with its state.

    Raises IntegrityError if a lease is damaged.
    """
    control = Control.open_to_look(home)
    ours = [
        lease for lease in readable_runs(home)[0] if lease.owner_pid == os.getpid() and owner_alive(lease)
    ]
    return {"run": ours[-1].run_id, "state": control.run(ours[-1]).state} if ours else None
