"""Records the states of a delivered package at the practice: opened, imported, accepted. Each state is a separate statement.

Earlier statements stay valid. The practice reports the first two states, and an operator records them. A controller signs the
acceptance, which is checked like the instruction. When the package is imported or accepted, the operator's copy is destroyed.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from flows.lifecycle.copies import destroy_package, make_package_due
from flows.lifecycle.proof import issue_proof
from flows.session.control import Control
from schemas.errors import AuthorisationError, UnreadableSourceError
from vault.authorisation.check import check_later_document, reopen
from vault.authorisation.register import InstructionRegister
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.instruction.acceptance import accepted_as_json, accepted_on_page, render_acceptance
from vault.ledger.entries import EntryType, commit
from vault.pki.signed_document import Signed
from vault.pki.trust_store import TrustStore
from vault.proof.proven import listing_of
from vault.runs.facts import Report, read_fact
from vault.runs.lease import Lease, find_lease
from vault.runs.run_lock import lock_run


class ImportState(StrEnum):
    """The states of a package at the practice, in order."""

    OPENED = "opened"
    IMPORTED = "imported"
    ACCEPTED = "accepted"


_ORDER = tuple(ImportState)


def draft_acceptance(home: Home, run: str) -> bytes:
    """Return the JSON, with run and digest of its sealed parts, that a controller signs with a detached signature."""
    lease, report = _delivered(home, run)
    return accepted_as_json(lease.run_id, report.run["parts"])


def draft_page(home: Home, run: str) -> bytes:
    """Return the page that a controller signs to accept a delivery. The package contains the same page."""
    return render_acceptance(_on_page(home, *_delivered(home, run)))


def _on_page(home: Home, lease: Lease, report: Report) -> bytes:
    instruction = reopen(home, lease.authorisation_id, lease.use).instruction
    return accepted_on_page(
        lease.run_id,
        report.run["parts"],
        processor=instruction.processor,
        language=instruction.language,
    )


def confirm(control: Control, run: str, state: ImportState, signed: Signed | None = None) -> Path:
    """Record a state, issue a new proof folder, and return its path. A state that is already recorded is not recorded again.

    Raises AuthorisationError (acceptance_not_signed, acceptance_of_another, wrong_signer, import_state_not_later), TrustError,
    UnreadableSourceError (no_such_run, nothing_delivered).
    """
    lease, report = _delivered(control.home, run)
    with lock_run(control.home, lease.locks):
        known = states_of(control, lease)
        if state not in known:
            if known and _ORDER.index(state) < _ORDER.index(known[-1]):
                raise AuthorisationError("import_state_not_later")
            accepted = state is ImportState.ACCEPTED
            signing = {"acceptance": _keep_acceptance(control, lease, report, signed)} if accepted else {}
            if state is not ImportState.OPENED:
                make_package_due(
                    control, lease.run_id
                )  # after a crash from here on, the sweep destroys the copy
            control.record(EntryType.IMPORT_CONFIRMED, lease.run_id, state.value, None, **signing)
        if state is not ImportState.OPENED:
            destroy_package(control, lease.run_id)
        return issue_proof(control, lease)


def states_of(control: Control, lease: Lease) -> list[ImportState]:
    """Return the confirmed states in order, from the ledger."""
    entries = control.run(lease).entries()
    return [ImportState(e["code"]) for _, e in entries if e["type"] == EntryType.IMPORT_CONFIRMED]


def _delivered(home: Home, run: str) -> tuple[Lease, Report]:
    lease = find_lease(home, run)
    report = read_fact(home, lease.run_id, Report)
    if report is None or not report.run["parts"] or report.destruction["cause"] != "published":
        raise UnreadableSourceError("nothing_delivered", run=lease.run_id)
    return lease, report


def _keep_acceptance(control: Control, lease: Lease, report: Report, signed: Signed | None) -> str:
    """Check a signed acceptance, and store it with its signer and the trust material. Return the ledger's commitment to them."""
    if signed is None or not signed.signatures:
        raise AuthorisationError("acceptance_not_signed")
    on_page = signed.pdf is not None
    home, parts = control.home, report.run["parts"]
    expected = _on_page(home, lease, report) if on_page else accepted_as_json(lease.run_id, parts)
    if signed.document != expected:
        raise AuthorisationError("acceptance_of_another")
    first = signed.signatures[0]
    signer = check_later_document(home, lease.authorisation_id, first.over, first.cms, control.clock)
    salt = control.authorisation_salt(lease)
    if salt is None:
        raise AuthorisationError("evidence_erased")
    kept = {
        "acceptance.json": signed.document,
        **({"acceptance.pdf": signed.pdf} if signed.pdf is not None else {"acceptance.json.p7s": first.cms}),
        "acceptance-signer.json": canonical_json({"version": 1, **signer.to_json()}),
        **{f"acceptance-{name}": data for name, data in TrustStore.load(control.home.trust).raw.items()},
    }
    InstructionRegister(control.home, None, lease.authorisation_id).put("acceptance", kept, lease.run_id)
    return commit(salt, EntryType.IMPORT_CONFIRMED.value, "acceptance", listing_of(kept))
