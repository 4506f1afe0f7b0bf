"""The evidence checked before a run, stored sealed as it was at that moment, because the ledger commits to every file of it.

The register keeps only the latest evidence of an instruction, which a later use replaces; a run's own copy does not change.
"""

from __future__ import annotations

from vault import verify
from vault.authorisation.check import evidence_of
from vault.authorisation.register import SIGNERS, InstructionRegister
from vault.home_folder import Home
from vault.runs.lease import Lease

_NAME = "proven"


def keep_proven(home: Home, lease: Lease) -> dict[str, bytes]:
    """Store the run's evidence as it is now, under the keys of all persons whom it concerns. Returns it by file name."""
    evidence = evidence_of(home, lease.authorisation_id)
    InstructionRegister(home, None, lease.authorisation_id).put(_NAME, evidence, lease.run_id)
    return evidence


def proven_by(home: Home, lease: Lease) -> dict[str, bytes] | None:
    """Returns what `keep_proven` stored; None for a run begun under version 1 of the proof, or if the evidence was erased."""
    return InstructionRegister(home, None, lease.authorisation_id).get(_NAME, lease.run_id)


def evidence_before_version_2(home: Home, lease: Lease) -> dict[str, bytes]:
    """Returns the evidence for a run without its own copy, without files that its ledger entry does not commit to."""
    evidence = evidence_of(home, lease.authorisation_id)
    return {name: data for name, data in evidence.items() if name != SIGNERS}


def in_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    """Returns the files under their names in a proof folder."""
    return {f"{verify.FOLDER}{name}": data for name, data in files.items()}


def listing_of(files: dict[str, bytes]) -> bytes:
    """Returns the listing of these files to which the ledger commits (`vault.verify.listing`)."""
    held = in_folder(files)
    return verify.listing(held, list(held))
