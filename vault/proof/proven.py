"""Stores the evidence that was checked before a run, sealed and unchanged, because the ledger commits to each of its files.

The register has only the latest evidence of an instruction, which a later use replaces. The copy that a run has never changes.
"""

from __future__ import annotations

from vault import verify
from vault.authorisation.check import evidence_of
from vault.authorisation.register import SIGNERS, InstructionRegister
from vault.home_folder import Home
from vault.runs.lease import Lease

_NAME = "proven"


def keep_proven(home: Home, lease: Lease) -> dict[str, bytes]:
    """Store the present evidence for the run, under the keys of all persons whom it concerns. Return the files by name."""
    evidence = evidence_of(home, lease.authorisation_id)
    InstructionRegister(home, None, lease.authorisation_id).put(_NAME, evidence, lease.run_id)
    return evidence


def proven_by(home: Home, lease: Lease) -> dict[str, bytes] | None:
    """Return the files that `keep_proven` stored; None if they were erased, or if the run began under version 1 of the proof."""
    return InstructionRegister(home, None, lease.authorisation_id).get(_NAME, lease.run_id)


def evidence_before_version_2(home: Home, lease: Lease) -> dict[str, bytes]:
    """Return the evidence for a run that has no copy, without the files to which its ledger entry does not commit."""
    evidence = evidence_of(home, lease.authorisation_id)
    return {name: data for name, data in evidence.items() if name != SIGNERS}


def in_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files under their names in a proof folder."""
    return {f"{verify.FOLDER}{name}": data for name, data in files.items()}


def listing_of(files: dict[str, bytes]) -> bytes:
    """Return the listing of these files to which the ledger commits (`vault.verify.listing`)."""
    held = in_folder(files)
    return verify.listing(held, list(held))
