"""destroy and certify: every run ends here, published or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flows.control import Control, digest_b64
from flows.orders import drop_order
from flows.results import RunResult
from flows.watch import Watch
from schemas.errors import VerificationFailedError
from vault.authorisation import evidence_of, reopen
from vault.certificate import build_certificate
from vault.certificate_phrases import PHRASES
from vault.clock import format_utc
from vault.destroy import Evidence, StagedFile, Verification, destroy_run, inventory_staging, probe
from vault.lease import Lease
from vault.ledger import EntryType
from vault.ledger_store import load_log_key
from vault.notes import Checkpoint, VerifierKey, open_note
from vault.policy import format_policy
from vault.proof_folder import write_proof
from vault.provider import provider
from vault.run_files import read_run_file, write_run_file
from vault.statements import AUTHORISATION_CHECK, DESTRUCTION, RUN, destruction_predicate, envelope, statement


@dataclass(frozen=True)
class Ending:
    """A run about to end: why, with what counts, and how many segments its key opened just before."""

    lease: Lease
    cause: str
    counts: dict[str, dict[str, Any]]
    opened: int


def end_run(control: Control, ending: Ending, watch: Watch) -> RunResult:
    """Destroy, check, certify. Raises VerificationFailedError (and says so in the ledger) when a check fails."""
    lease = ending.lease
    watch.progress("destroy", 0, 1)
    inventory, opened = _declare_intent(control, ending)
    evidence = destroy_run(lease, inventory, opened)
    if not evidence.verification.complete():
        write_run_file(control.home, lease.run_id, "incomplete.json", asdict(evidence.verification))
        control.record(
            EntryType.DESTRUCTION_INCOMPLETE, lease.run_id, "not_verified", {"files": evidence.files}
        )
        raise VerificationFailedError("destruction_not_verified", run=lease.run_id, count=evidence.files)
    (control.home / "runs" / lease.run_id / "incomplete.json").unlink(missing_ok=True)
    watch.arrow("destroy", {"files": evidence.files, "bytes": evidence.bytes})
    proof = _certify(control, ending, evidence)
    if lease.order_id is not None:
        drop_order(control.home, lease.order_id)
    watch.arrow("certify", {})
    return _result(ending, evidence, proof)


def _declare_intent(control: Control, ending: Ending) -> tuple[list[StagedFile], int]:
    """The intent, with its inventory, is on disk and in the ledger before anything dies."""
    lease = ending.lease
    known = read_run_file(control.home, lease.run_id, "intent.json")
    if known is None:
        known = {
            "files": [asdict(file) for file in inventory_staging(lease)],
            "opened": ending.opened or max(probe(lease), 0),
            "cause": ending.cause,
        }
        write_run_file(control.home, lease.run_id, "intent.json", known)
    inventory, opened = [StagedFile(**raw) for raw in known["files"]], int(known["opened"])
    # The file alone does not prove the entry: a crash may lie between the two. The log is asked.
    if not control.has_recorded(lease, EntryType.DESTRUCTION_STARTED):
        counts = {"files": len(inventory), "bytes": sum(f.size for f in inventory), "opened": opened}
        control.record(EntryType.DESTRUCTION_STARTED, lease.run_id, ending.cause, counts)
    return inventory, opened


def _certify(control: Control, ending: Ending, evidence: Evidence) -> Path:
    lease = ending.lease
    done = read_run_file(control.home, lease.run_id, "destroyed.json")
    if done is None:
        done = {"at": format_utc(control.clock.now()), "evidence": asdict(evidence)}
        write_run_file(control.home, lease.run_id, "destroyed.json", done)
    at = str(done["at"])
    evidence = _first_evidence(done)
    strength = asdict(provider(lease.provider).strength)
    predicate = destruction_predicate(
        evidence,
        at=at,
        cause=ending.cause,
        exceptions=control.site.declared_exceptions,
        strength={
            "provider": lease.provider,
            "strengthClass": strength["strength_class"],
            "alsoReadableBy": strength["also_readable_by"],
            "copiesEver": list(strength["copies_ever"]),
        },
    )
    payload = statement(lease.run_id, DESTRUCTION, predicate)
    if not control.has_recorded(lease, EntryType.DESTRUCTION_COMPLETED):
        counts = {"files": evidence.files, "bytes": evidence.bytes}
        control.record(
            EntryType.DESTRUCTION_COMPLETED, lease.run_id, ending.cause, counts, statement=digest_b64(payload)
        )
    folder = control.home / "runs" / lease.run_id / "proof"
    files = _proof_files(control, ending, payload, predicate)
    write_proof(folder, files, origin=control.site.origin, key=load_log_key(control.home))
    return folder


def _first_evidence(done: dict[str, Any]) -> Evidence:
    """The evidence as first found: a repeated ending finds nothing left, and must tell the same story."""
    raw = dict(done["evidence"])
    return Evidence(**{**raw, "verification": Verification(**raw["verification"])})


def _proof_files(
    control: Control, ending: Ending, destruction: bytes, predicate: dict[str, Any]
) -> dict[str, bytes]:
    store, lease = control.ledger.store, ending.lease
    key, key_id = load_log_key(control.home), store.vkey.split("+")[1]
    files = {"policy.txt": format_policy(store.vkey).encode(), "checkpoint": store.checkpoint()}
    entries = control.entries_of(lease)
    for index, _ in entries:
        files[f"entries/{index}.json"] = store.read(index, index + 1)[0]
        files[f"proofs/{index}.tlog-proof"] = control.ledger.prove(index)
    counts = {k: v for k, v in ending.counts.items() if k != "publish"}
    run = statement(
        lease.run_id,
        RUN,
        {
            "use": lease.use,
            "deadline": lease.deadline,
            "counts": counts,
            "parts": ending.counts.get("publish", {}).get("parts", []),
        },
    )
    check = statement(
        lease.run_id,
        AUTHORISATION_CHECK,
        {
            "result": "PASSED",
            "verifiedAt": entries[0][1]["at"],
            "authorisation": lease.authorisation_id,
            **_signing(control, lease),
        },
    )
    for name, payload in (("authorisation-check", check), ("run", run), ("destruction", destruction)):
        files[f"statements/{name}.dsse.json"] = envelope(payload, key, key_id)
    for name, data in evidence_of(control.home, lease.authorisation_id).items():
        files[f"authorisation/{name}"] = data
    facts = _facts(control, ending, predicate)
    language = reopen(control.home, lease.authorisation_id, lease.use).language
    files["certificate.json"], files["certificate.html"] = build_certificate(facts, language)
    return files


def _facts(control: Control, ending: Ending, predicate: dict[str, Any]) -> dict[str, Any]:
    lease, counts = ending.lease, ending.counts
    store = control.ledger.store
    head = Checkpoint.parse(open_note(store.checkpoint(), VerifierKey.parse(store.vkey)))
    published = "publish" in counts
    came = counts.get("inventory", {})
    return {
        "version": 1,
        "trial": control.site.trial,
        "run": lease.run_id,
        "outcome": PHRASES["en"].get(ending.cause, ending.cause),
        "came": {
            "files": came.get("files", 0),
            "patients": came.get("patients", 0),
            "bytes": came.get("bytes", 0),
            "units": sum(came.get("units", {}).values()),
        },
        "dispositions": counts.get("reconcile", counts.get("rehearse", {})).get("dispositions", {}),
        "findings": sum(counts.get("publish", {}).get("findings", {}).values()),
        "authorisation": lease.authorisation_id,
        **_signing(control, lease),
        "destruction": predicate,
        "fate": {
            **_custody(control, lease),
            "staging": "encrypted always, key destroyed, files unlinked",
            "import_state": "delivered, import not confirmed" if published else PHRASES["en"]["nothing"],
        },
        "profile": counts.get("plan", {}).get("profile", "none"),
        "channels": [],
        "head": {
            "origin": head.origin,
            "size": head.size,
            "root": store.checkpoint().decode().split("\n")[2],
        },
    }


def _custody(control: Control, lease: Lease) -> dict[str, dict[str, str | None]]:
    """Who holds the export and the package, and until when, as the instruction says."""
    instruction = reopen(control.home, lease.authorisation_id, lease.use).instruction
    pairs = (("source", instruction.source_custody), ("package", instruction.package_custody))
    return {name: {"holder": c.holder, "until": c.until} for name, c in pairs if c is not None}


def _signing(control: Control, lease: Lease) -> dict[str, Any]:
    """How and in which capacities the instruction was signed; no names."""
    return reopen(control.home, lease.authorisation_id, lease.use).signing.to_json()


def _result(ending: Ending, evidence: Evidence, proof: Path) -> RunResult:
    counts = {**ending.counts, "destroy": {"files": evidence.files, "bytes": evidence.bytes}}
    published = ending.counts.get("publish", {})
    delivered = [f"{published['folder']}/{name}" for name, _, _ in published.get("parts", [])]
    if delivered:
        delivered.append(f"{published['folder']}/manifest.json")
    return RunResult(
        run=ending.lease.run_id,
        state="certified",
        counts=counts,
        dispositions=counts.get("reconcile", counts.get("rehearse", {})).get("dispositions", {}),
        delivered=delivered,
        proof=str(proof),
        authorisation=ending.lease.authorisation_id,
    )
