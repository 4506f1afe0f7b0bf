"""Erases a person: first the copies in run and proof folders, then the sealed records with their keys and salts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vault.accounts.account import Accounts
from vault.authorisation.register import persons_of, persons_without_lease, registers_of
from vault.home_folder import Home
from vault.ledger.home_log import load_log_key
from vault.proof.folder import drop_former, place_folder, seal_files, take_former_back, without_authorisation
from vault.records.known_numbers import also_known_as
from vault.records.mandates import forget_numbers
from vault.records.shared_records import SharedRecords
from vault.records.subjects import Subjects
from vault.runs.facts import is_ended
from vault.runs.journal import Journal
from vault.runs.lease import UNREADABLE, Lease, list_runs, parts_folder
from vault.system.files import write_durably
from vault.system.locks import lock_folder

Issued = Callable[[str, bytes], object]
"""Records in the ledger that a run's proof folder is issued with this manifest."""


def forget_subject(home: Home, subject_id: str, issued: Issued) -> None:
    """Destroy a person's records and every copy that names the person, with the documents that they signed with others.

    A second call finishes an erasure that a crash interrupted.
    """
    persons = also_known_as(home, subject_id)
    for run_id in runs_without_lease(home, persons):
        _strip_proof(home, run_id, issued)
        write_durably(home.run(run_id) / UNREADABLE, b"")  # an empty file: the lease was damaged
    runs = runs_of(home, persons)
    for lease in runs:
        _strip_proof(home, lease.run_id, issued)
        _strip_paths(home, lease)
    for register in registers_of(home, persons):
        register.forget_former([lease.run_id for lease in runs if lease.authorisation_id == register.id])
    forget_numbers(home, persons)
    Accounts(home).erase_of(persons | {subject_id})
    SharedRecords(home).erase(persons)
    with lock_folder(home.subjects):  # every change of a record holds this lock
        for person in sorted(persons - {subject_id}):
            Subjects(home).erase(person)
        Subjects(home).erase(subject_id)  # last: only this record links to the ids from before enrolment
    SharedRecords(home).erase(persons)  # files sealed in between, under keys that are now gone


def runs_of(home: Home, persons: frozenset[str]) -> list[Lease]:
    """Return the leases of the runs that concern one of these persons, oldest first."""
    return [lease for lease in list_runs(home) if persons_of(home, lease) & persons]


def runs_without_lease(home: Home, persons: frozenset[str], damaged: list[str] | None = None) -> list[str]:
    """Return the same for runs whose damaged lease was set aside; `damaged` are those, by whoever knows them already."""
    found = persons_without_lease(home, damaged)
    return [run for run, whom in found.items() if whom is not None and whom & persons]


def _strip_paths(home: Home, lease: Lease) -> None:
    """Remove the destination's path, which may name a doctor, from lease and journal (written by the first release)."""
    if is_ended(home, lease.run_id):
        Journal(home, lease.run_id).drop_places()
        inside = parts_folder(Path(lease.staging))
        if lease.partial != str(inside):
            lease.changed(partial=str(inside)).save(home)


def _strip_proof(home: Home, run_id: str, issued: Issued) -> None:
    """Issue the run's proof folder again without the files that name the doctor; entries, statements and certificate stay."""
    folder = home.proof(run_id)
    take_former_back(folder)
    if (folder / "authorisation").is_dir():
        sealed = seal_files(without_authorisation(folder), origin=home.site.origin, key=load_log_key(home))
        issued(run_id, sealed["manifest.json"])
        place_folder(folder, sealed)
    drop_former(folder)  # the former folder contains the removed files
