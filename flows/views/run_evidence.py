"""The evidence that a run's staging was destroyed, check by check, and the fate of each copy.

It is read from the certificate, or from the run's records before there is one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flows.session.control import Control
from flows.views.runs import RunSheet
from vault.authorisation.register import InstructionRegister
from vault.instruction.document import parse
from vault.keys.registry import PROVIDERS
from vault.ledger.entries import EntryType
from vault.runs.facts import Intent, Verification, read_fact
from vault.runs.lease import find_lease

CHECKS = ("processEnded", "keyAbsent", "decryptFails", "filesAbsent")
"""The checks after destruction, in the order in which they are made."""
COPIES = ("source", "staging", "package")
RUNGS = ("listed", "control", *CHECKS, "validated", "certified")


@dataclass(frozen=True)
class Rung:
    """One stage of the destruction: its state (`done`, `failed`, `ahead`) and its figures."""

    name: str
    state: str
    at: str | None = None
    count: int | None = None
    bytes: int | None = None
    code: str | None = None


@dataclass(frozen=True)
class CopyRow:
    """One copy: who holds it, until when, and how it ended."""

    copy: str  # of COPIES
    holder: str | None
    until: str | None
    evidence: str | None
    ended: str | None
    complete: bool
    weakness: tuple[str, ...]


@dataclass(frozen=True)
class KeyRow:
    """Where the run key was held, how reliably it is destroyed there, and how many processes held it."""

    provider: str
    strength: str
    processes: int | None


@dataclass(frozen=True)
class AuthorisationNote:
    """What the ledger records about the check of the authorisation."""

    id: str
    checked: str | None
    signature: str | None
    signatures: int
    signed_as: tuple[str, ...]


@dataclass(frozen=True)
class RunEvidence:
    """The evidence of one run."""

    ladder: tuple[Rung, ...]
    copies: tuple[CopyRow, ...]
    key: KeyRow
    authorisation: AuthorisationNote
    exceptions: tuple[str, ...]  # that the site declared, and the certificate prints
    has_proof: bool


def run_evidence(control: Control, sheet: RunSheet) -> RunEvidence:
    """Returns the evidence of a run. `run_sheet` has checked that the user may see this run."""
    lease = find_lease(control.home, sheet.row.run)
    certificate = _certificate(control, lease.run_id)
    destruction = certificate.get("destruction", {})
    key = destruction.get("key", {})
    return RunEvidence(
        ladder=_certified(sheet, destruction) if destruction else _so_far(control, sheet),
        copies=_copies(certificate["fate"]) if certificate else _planned(control, lease.authorisation_id),
        key=KeyRow(
            lease.provider, key.get("strengthClass", strength_class(lease.provider)), key.get("processes")
        ),
        authorisation=_authorisation(lease.authorisation_id, certificate, sheet),
        exceptions=tuple(destruction.get("validation", {}).get("exceptions", ())),
        has_proof=bool(certificate),
    )


def _certificate(control: Control, run: str) -> dict[str, Any]:
    path = control.home.proof(run) / "certificate.json"
    return dict(json.loads(path.read_bytes())) if path.is_file() else {}


def strength_class(provider: str) -> str:
    """Returns how reliably this provider destroys a key."""
    return PROVIDERS[provider].strength.strength_class


def _entry(sheet: RunSheet, kind: EntryType) -> dict[str, Any]:
    return next((entry for entry in sheet.entries if entry["type"] == kind), {})


def _certified(sheet: RunSheet, destruction: dict[str, Any]) -> tuple[Rung, ...]:
    """Returns the stages of a certified run: figures from the certificate, some times from ledger entries."""
    inventory, validation = destruction["inventory"], destruction["validation"]
    opened = destruction["positiveControl"]["segmentsOpenedBefore"]
    began = _entry(sheet, EntryType.DESTRUCTION_STARTED)
    passed = destruction["verification"]
    return (
        Rung("listed", "done", began.get("at"), inventory["files"], inventory["bytes"]),
        Rung("control", "done", began.get("at"), opened),
        *(_checked(name, holds=passed[name], at=destruction["destroyedAt"]) for name in CHECKS),
        Rung("validated", "done", validation["at"], code=validation["by"]),
        Rung("certified", "done", _entry(sheet, EntryType.PROOF_ISSUED).get("at")),
    )


def _checked(name: str, *, holds: bool, at: str | None) -> Rung:
    return Rung(name, "done" if holds else "failed", at)


def _so_far(control: Control, sheet: RunSheet) -> tuple[Rung, ...]:
    """Returns the stages of a run without a certificate, from its intent and its recorded checks."""
    run = sheet.row.run
    intent, checks = read_fact(control.home, run, Intent), read_fact(control.home, run, Verification)
    at = _entry(sheet, EntryType.DESTRUCTION_STARTED).get("at")
    begun = "ahead" if intent is None else "done"
    files = None if intent is None else len(intent.files)
    size = None if intent is None else sum(file.size for file in intent.files)
    return (
        Rung("listed", begun, at, files, size),
        Rung("control", begun, at, None if intent is None else max(intent.opened, 0)),
        *(
            Rung(name, "ahead") if checks is None else _checked(name, holds=getattr(checks, name), at=None)
            for name in CHECKS
        ),
        Rung("validated", "ahead"),
        Rung("certified", "ahead"),
    )


def _planned(control: Control, authorisation: str) -> tuple[CopyRow, ...]:
    """Returns who holds export and package and until when, according to the instruction; for a run without a certificate."""
    kept = InstructionRegister(control.home, None, authorisation).get("evidence")
    if kept is None:
        return ()
    instruction = parse(kept["instruction.json"])
    custodies = (("source", instruction.source_custody), ("package", instruction.package_custody))
    return tuple(
        CopyRow(name, custody.holder, custody.until, None, None, complete=True, weakness=())
        for name, custody in custodies
        if custody is not None
    )


def _copies(fate: dict[str, Any]) -> tuple[CopyRow, ...]:
    return tuple(_copy(name, fate[name]) for name in COPIES if name in fate)


def _copy(name: str, told: Any) -> CopyRow:
    if isinstance(told, str):  # staging: one code
        return CopyRow(name, None, None, told, None, complete=True, weakness=())
    end = told.get("end") or {}
    evidence = end.get("evidence") or (
        "encrypted_always" if told.get("evidence") == "encrypted_always" else None
    )
    return CopyRow(
        name,
        told.get("holder"),
        told.get("until"),
        evidence,
        end.get("at"),
        complete=bool(end.get("complete", True)),
        weakness=tuple(end.get("exceptions", ())),
    )


def _authorisation(authorisation: str, certificate: dict[str, Any], sheet: RunSheet) -> AuthorisationNote:
    checked = _entry(sheet, EntryType.AUTHORISATION_CHECKED)
    stated = certificate.get("authorisation", {})
    return AuthorisationNote(
        authorisation,
        checked.get("at"),
        checked.get("code"),
        checked.get("n", {}).get("signatures", 0),
        tuple(stated.get("signedAs", ())),
    )
