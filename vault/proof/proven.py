"""What was checked before a run: kept sealed as it was at that moment, for the ledger commits to every file of it.

The register keeps one state of an instruction's evidence, and a later use replaces it; a run's own does not change.
"""

from __future__ import annotations

from pathlib import Path

from vault import verify
from vault.authorisation.check import evidence_of
from vault.authorisation.register import SIGNERS, InstructionRegister
from vault.runs.lease import Lease

_NAME = "proven"


def keep_proven(home: Path, lease: Lease) -> dict[str, bytes]:
    """Keep the evidence of the run's instruction as it is now, under the keys of all whom it concerns; gives it by file name."""
    evidence = evidence_of(home, lease.authorisation_id)
    InstructionRegister(home, None, lease.authorisation_id).put(_NAME, evidence, lease.run_id)
    return evidence


def proven_by(home: Path, lease: Lease) -> dict[str, bytes] | None:
    """What `keep_proven` kept; None for a run that began under version 1 of the proof, or whose evidence was erased."""
    return InstructionRegister(home, None, lease.authorisation_id).get(_NAME, lease.run_id)


def evidence_before_version_2(home: Path, lease: Lease) -> dict[str, bytes]:
    """The evidence of a run that kept none of its own, without what its ledger entry does not commit to."""
    evidence = evidence_of(home, lease.authorisation_id)
    return {name: data for name, data in evidence.items() if name != SIGNERS}


def in_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files under the names that they have in a proof folder."""
    return {f"{verify.FOLDER}{name}": data for name, data in files.items()}


def listing_of(files: dict[str, bytes]) -> bytes:
    """What the ledger commits to of these files (`vault.verify.listing`)."""
    held = in_folder(files)
    return verify.listing(held, list(held))
