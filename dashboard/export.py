"""Static pages about the ledger: every run, its authorisation, its deletion proof. They contain no patient data."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from connectors.destinations.held_folder import HeldFolder
from flows.admin.ledger import policy
from flows.lifecycle.run_views import seen_runs
from flows.session.control import Control
from schemas.errors import TargetRefusedError
from vault.home_folder import Home
from vault.ledger.log import FileLedger
from vault.runs.outcome_words import RunView


def write_pages(control: Control, folder: Path) -> int:
    """Write static pages about every run; return their number."""
    return export_pages(folder, control.home, seen_runs(control), control.ledger.store, policy(control))


def export_pages(out: Path, home: Home, runs: list[RunView], store: FileLedger, trust: str) -> int:
    """Write `index.html` and a copy of each run's certificate page; return the number of pages.

    Raises TargetRefusedError: destination_not_private, if the folder is a link, belongs to another user or is writable by
    others.
    """
    out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    parent = HeldFolder.at(out.parent)
    folder = _own(parent, out.name) if parent.has(out.name) else parent.make(out.name)
    return _write_pages(folder, home, runs, store, trust)


def _own(parent: HeldFolder, name: str) -> HeldFolder:
    try:
        found = parent.enter_own(name)
    except OSError:  # a link, or not a folder
        found = None
    if found is None:
        raise TargetRefusedError("destination_not_private")
    return found


def _write_pages(folder: HeldFolder, home: Home, runs: list[RunView], store: FileLedger, trust: str) -> int:
    head = store.head()
    entries = [json.loads(entry) for entry in store.read(0, head.size)]
    views = [_view(folder, home, run, entries) for run in runs]
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("export.html").render(
        runs=views,
        head=head,
        root=b64encode(head.root).decode(),
        policy=trust,
        refusals=_refusals(entries),
        trial=home.site.trial,
    )
    _replace(folder, "index.html", page.encode())
    return 1 + sum(1 for view in views if view["certificate"])


def _view(folder: HeldFolder, home: Home, run: RunView, entries: list[dict[str, Any]]) -> dict[str, Any]:
    mine = [entry for entry in entries if entry["runId"] == run.run_id]
    times = {entry["type"]: entry["at"] for entry in mine}
    page = home.proof(run.run_id) / "certificate.html"
    name = f"{run.run_id}.html"
    if page.is_file():
        _replace(folder, name, page.read_bytes())
    return {
        "view": run,
        "authorised": times.get("authorisation.checked", ""),
        "destroyed": times.get("destruction.completed", ""),
        "entries": mine,
        "certificate": name if page.is_file() else "",
    }


def _replace(folder: HeldFolder, name: str, data: bytes) -> None:
    folder.unlink(name)
    with folder.create(name) as stream:
        stream.write(data)


def _refusals(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["type"] == "authorisation.refused"]
