"""Forgetting a person: the copies in proof folders first, then the sealed record with its key and salts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vault.lease import list_runs
from vault.ledger_store import load_log_key
from vault.proof_folder import (
    drop_former,
    place_folder,
    seal_files,
    take_former_back,
    without_authorisation,
)
from vault.register import owners_without_lease
from vault.site import Site
from vault.subjects import Subjects

Issued = Callable[[str, bytes], object]
"""Records in the ledger that a run's proof folder is issued with this manifest."""


def forget_subject(home: Path, site: Site, subject_id: str, issued: Issued) -> None:
    """Destroy a person's record and every copy of what they signed. Again: finishes what a crash cut short."""
    leased = [lease.run_id for lease in list_runs(home) if lease.subject_id == subject_id]
    leaseless = [run_id for run_id, owner in owners_without_lease(home).items() if owner == subject_id]
    for run_id in (*leased, *leaseless):
        _strip_proof(home, site, run_id, issued)
    Subjects(home).erase(subject_id)


def _strip_proof(home: Path, site: Site, run_id: str, issued: Issued) -> None:
    """Sign the run's proof folder anew without what names the doctor; entries, statements, certificate stay."""
    folder = home / "runs" / run_id / "proof"
    take_former_back(folder)
    if (folder / "authorisation").is_dir():
        sealed = seal_files(without_authorisation(folder), origin=site.origin, key=load_log_key(home))
        issued(run_id, sealed["manifest.json"])
        place_folder(folder, sealed)
    drop_former(folder)  # it holds what was just taken out
