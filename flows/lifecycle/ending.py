"""The steps `destroy` and `certify`, with which every run ends, published or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.lifecycle._use import settle_use
from flows.lifecycle.copies import destroy_sources, hold_package
from flows.lifecycle.intakes import close_with_run
from flows.lifecycle.package_place import place_of
from flows.lifecycle.proof import issue_proof
from flows.lifecycle.retract import destination_of, residue, retract, used_channels, was_published
from flows.lifecycle.run_views import fates_of
from flows.session.control import Control, digest_b64
from flows.session.observer import Observer
from flows.session.orders import drop_order
from flows.session.results import RunResult
from flows.transport.destination import package_place
from schemas.errors import VerificationFailedError
from schemas.outcome import Cause
from schemas.steps import Counts
from schemas.texts import text
from vault.authorisation.agreement import scope_of
from vault.authorisation.check import reopen
from vault.destruction.destroy import DestructionEvidence, destroy_run, inventory_staging, probe
from vault.home_folder import Home
from vault.keys.registry import provider
from vault.ledger.entries import EntryType
from vault.proof.programs import program_digests
from vault.proof.statements import (
    AUTHORISATION_CHECK,
    DESTRUCTION,
    RUN,
    VERSION,
    destruction_predicate,
    inventory_file,
    statement,
)
from vault.runs.facts import Intent, Report, Verification, drop_fact, read_fact, write_fact
from vault.runs.lease import Lease
from vault.system.clock import format_utc
from vault.system.mounts import backed_up, describe_media, filesystem_type
from vault.system.program import describe_tool


@dataclass(frozen=True)
class Ending:
    """A run that is to be ended: the cause, its counts by step, and the number of segments that its key opened just before."""

    lease: Lease
    cause: Cause
    counts: dict[str, Counts]
    opened: int


def end_run(control: Control, ending: Ending, observer: Observer) -> RunResult:
    """Destroy the run's staging and key, check that, and certify the run. Return the run's result.

    Raises VerificationFailedError (destruction_not_verified) if a check fails, which is recorded in the ledger first.
    """
    lease = ending.lease
    observer.progress("destroy", 0, 1)
    intent = _declare_intent(control, ending)
    if "publish" not in ending.counts:
        retract(control, lease)
    evidence = destroy_run(control.home, lease, intent.files, intent.opened)
    if not evidence.verification.complete():
        write_fact(control.home, lease.run_id, evidence.verification)
        control.record(
            EntryType.DESTRUCTION_INCOMPLETE, lease.run_id, "not_verified", {"files": evidence.files}
        )
        raise VerificationFailedError("destruction_not_verified", run=lease.run_id, count=evidence.files)
    drop_fact(control.home, lease.run_id, Verification)
    settle_use(control, lease, ending.cause)
    close_with_run(control, lease)
    observer.step("destroy", {"files": evidence.files, "bytes": evidence.bytes})
    if ending.cause is Cause.PUBLISHED:
        destroy_sources(control, lease)
    _hold_package(control, ending)
    proof = _certify(control, ending, evidence, intent)
    if lease.order_id is not None:
        drop_order(control.home, lease.order_id)
    observer.step("certify", {})
    return _result(control.home, ending, evidence, proof)


def _hold_package(control: Control, ending: Ending) -> None:
    """Register a published package that the operator may hold until its date.

    This includes a package whose publication record was lost with a restored home; the sizes of its parts are then unknown.
    """
    lease, published = ending.lease, ending.counts.get("publish")
    if ending.cause is Cause.PUBLISHED and published is not None:
        place = place_of(control.home, lease, published)
        sizes = {name: size for name, size, _ in published["parts"]}
    elif was_published(control, lease) and (destination := destination_of(control, lease)) is not None:
        place, sizes = package_place(destination, lease.run_id), {}
    else:
        return
    authorisation = reopen(control.home, lease.authorisation_id, lease.use)
    if place is not None:
        hold_package(control, lease, authorisation, place, sizes)


def _declare_intent(control: Control, ending: Ending) -> Intent:
    """Write the intent and its inventory to disk and ledger before anything is destroyed."""
    lease = ending.lease
    intent = read_fact(control.home, lease.run_id, Intent)
    if intent is None:
        opened, file_system = ending.opened or max(probe(lease), 0), filesystem_type(Path(lease.staging))
        intent = Intent(inventory_staging(lease), opened, ending.cause, file_system)
        write_fact(control.home, lease.run_id, intent)
    # The file does not prove the entry, because a crash may happen between the two. So read the log.
    if not control.run(lease).has_recorded(EntryType.DESTRUCTION_STARTED):
        size = sum(file.size for file in intent.files)
        counts = {"files": len(intent.files), "bytes": size, "opened": intent.opened}
        control.record(EntryType.DESTRUCTION_STARTED, lease.run_id, ending.cause, counts)
    return intent


def _certify(control: Control, ending: Ending, evidence: DestructionEvidence, intent: Intent) -> Path:
    """Record the destruction in the ledger, then issue the proof folder. Return its path. The first report never changes."""
    lease = ending.lease
    report = read_fact(control.home, lease.run_id, Report)
    if report is None:
        report = _make_report(control, ending, evidence, intent)
        write_fact(control.home, lease.run_id, report)
    if not control.run(lease).has_recorded(EntryType.DESTRUCTION_COMPLETED):
        listed = report.destruction["inventory"]
        control.record(
            EntryType.DESTRUCTION_COMPLETED,
            lease.run_id,
            ending.cause,
            {
                "files": listed["files"],
                "bytes": listed["bytes"],
                **dict.fromkeys(residue(control, lease), 1),
            },
            **_commitments(lease.run_id, report),
        )
    return issue_proof(control, lease)


def _commitments(run_id: str, report: Report) -> dict[str, str]:
    """Return the commitments in the entry of a destruction: digests of the report's three statements."""
    stated = {"statement": (DESTRUCTION, report.destruction)}
    if report.version == VERSION:  # else an earlier release wrote it, and crashed before the entry
        stated |= {"run": (RUN, report.run), "check": (AUTHORISATION_CHECK, report.check or {})}
    return {name: digest_b64(statement(run_id, *stated[name])) for name in stated}


def _make_report(control: Control, ending: Ending, evidence: DestructionEvidence, intent: Intent) -> Report:
    """Return all that a proof states about a run, except heads and stamps: enumeration values, counts, digests."""
    lease = ending.lease
    listed = inventory_file(intent.files)
    destruction = _destruction(control, ending, evidence, intent, listed)
    return Report(
        version=VERSION,
        destruction=destruction,
        inventory=listed.decode(),
        run={
            "use": lease.use,
            "deadline": lease.deadline,
            "counts": {k: v for k, v in ending.counts.items() if k != "publish"},
            "parts": ending.counts.get("publish", {}).get("parts", []),
            "facts": _facts(control, ending, destruction),
        },
        check=_check(control, lease),
    )


def _check(control: Control, lease: Lease) -> dict[str, Any]:
    """Return the statement of the authorisation's check: number, kind and capacities of signatures; no names."""
    checked = control.run(lease).entries()[0][1]
    signing = reopen(control.home, lease.authorisation_id, lease.use).signing.to_json()
    counted = {name: checked["n"][name] for name in ("signatures",) if name in checked["n"]}
    return {
        "result": "PASSED",
        "verifiedAt": checked["at"],
        "authorisation": lease.authorisation_id,
        **signing,
        **counted,
    }


def _destruction(
    control: Control, ending: Ending, evidence: DestructionEvidence, intent: Intent, inventory: bytes
) -> dict[str, Any]:
    lease, site = ending.lease, control.site
    strength = provider(lease.provider).strength
    return destruction_predicate(
        evidence,
        inventory,
        media=describe_media(intent.fs_type, site.media),
        backed_up=backed_up(site.media),
        strength={
            "provider": lease.provider,
            "strengthClass": strength.strength_class,
            "alsoReadableBy": strength.also_readable_by,
            "copiesEver": list(strength.copies_ever),
            "processes": lease.data_processes,
        },
        tool=describe_tool(),
        role="sweep" if control.operator is None else "operator",
        at=format_utc(control.clock.now()),
        cause=ending.cause,
        exceptions=(*site.declared_exceptions, *residue(control, lease)),
    )


def _facts(control: Control, ending: Ending, destruction: dict[str, Any]) -> dict[str, Any]:
    lease, counts = ending.lease, ending.counts
    came, published = counts.get("inventory", {}), "publish" in counts and ending.cause is Cause.PUBLISHED
    published = published or was_published(control, lease)
    return {
        "version": VERSION,
        "trial": control.site.trial,
        "outcome": text("en", f"certificate.outcome.{ending.cause}"),
        "language": reopen(control.home, lease.authorisation_id, lease.use).language,
        "trust": text("en", "certificate.sentence.trust"),
        "came": {
            "files": came.get("files", 0),
            "patients": came.get("patients", 0),
            "bytes": came.get("bytes", 0),
            "units": sum(came.get("units", {}).values()),
        },
        "dispositions": counts.get("reconcile", counts.get("rehearse", {})).get("dispositions", {}),
        "findings": sum(counts.get("publish", {}).get("findings", {}).values()),
        "fate": {**_custody(control, lease, destruction), "staging": "key_destroyed_files_unlinked"},
        "import_state": "delivered_not_confirmed" if published else "nothing_delivered",
        **_persons(counts),
        "scope": scope_of(reopen(control.home, lease.authorisation_id, lease.use).instruction),
        "profile": counts.get("plan", {}).get("profile", "none"),
        "channels": used_channels(control, lease),
        "programs": program_digests(),
    }


def _persons(counts: dict[str, Counts]) -> dict[str, dict[str, int]]:
    """Return the numbers of patients in the export and of charts made of them; {} if the run ended before step `match`."""
    if "match" not in counts:
        return {}
    matched = counts["match"]
    return {
        "persons": {
            "source": counts["inventory"]["patients"],
            **{name: matched[name] for name in ("charts", "joined")},
        }
    }


def _custody(control: Control, lease: Lease, destruction: dict[str, Any]) -> dict[str, dict[str, str | None]]:
    """Return holder and date of export and package, as the instruction states, and the evidence about the export."""
    instruction = reopen(control.home, lease.authorisation_id, lease.use).instruction
    pairs = (("source", instruction.source_custody), ("package", instruction.package_custody))
    held = {name: {"holder": c.holder, "until": c.until} for name, c in pairs if c is not None}
    sealed = destruction["source"].get("encryptedAlways", False)
    held.setdefault("source", {})["evidence"] = "encrypted_always" if sealed else "stated"
    return held


def _result(home: Home, ending: Ending, evidence: DestructionEvidence, proof: Path) -> RunResult:
    counts = {**ending.counts, "destroy": {"files": evidence.files, "bytes": evidence.bytes}}
    published = ending.counts.get("publish", {})
    place = place_of(home, ending.lease, published) if published else None
    delivered = [f"{place}/{name}" for name, _, _ in published.get("parts", [])]
    if delivered:
        delivered.append(f"{place}/manifest.json")
    fates = fates_of(proof)
    return RunResult(
        run=ending.lease.run_id,
        state="certified",
        counts=counts,
        dispositions=counts.get("reconcile", counts.get("rehearse", {})).get("dispositions", {}),
        delivered=delivered,
        proof=str(proof),
        authorisation=ending.lease.authorisation_id,
        outcome=ending.cause.outcome,
        cause=ending.cause,
        source_fate=fates.source,
        package_fate=fates.package,
    )
