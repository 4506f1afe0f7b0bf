"""`reprise trial`: a home, a test authority, a doctor, a signed authorisation, two age identities, a policy."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.base import Limits, MessageHeader
from connectors.opening import open_source
from connectors.registry import choose
from schemas.disposition import RecordKind
from schemas.errors import SourceError
from schemas.identifiers import clean_inss
from trial.authority import TrialAuthority, p12, pem, sign_cades
from trial.doctors import enrol_doctor
from vault.age.sealing import make_identity
from vault.home.create import create_home
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.ledger.home_log import load_log_key
from vault.ledger.log import FileLedger
from vault.ledger.policy import format_policy
from vault.records.operators import enrol_operator
from vault.records.recipients import RecipientRole, prove_possession
from vault.system.clock import SystemClock, format_utc

ORIGIN = "trial.reprise.example/proof-log/2026"
OPERATORS = ("trial", "trial-second")
P12_PASSWORD = "trial"  # noqa: S105 - a trial's key protects no data
DOCTOR_INSS, DOCTOR_NIHII, DOCTOR_NAME = "85073003328", "11234578004", "Dr Bob Specimen"


@dataclass(frozen=True)
class TrialParty:
    """The exporting doctor and software, from the source, or the trial's own doctor."""

    inss: str
    nihii: str
    system: str
    version: str


def make_trial(folder: Path, source: Path, **terms: Any) -> dict[str, str]:
    """Write everything needed to migrate `source` into `folder`; return the paths by name, and the signer and the software.

    `terms` replace fields of the instruction (`vault.instruction.document`).
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = Home(folder / "home")
    site = create_home(home, trial=True, origin=ORIGIN)
    party = party_of(source)
    authority = TrialAuthority()
    doctor = authority.signer(party.inss, DOCTOR_NAME)
    authority.install(home)
    for operator in OPERATORS:
        enrol_operator(home, operator)
    enrol_doctor(
        home, inss=party.inss, nihii=(party.nihii,), name=DOCTOR_NAME, attested_by=OPERATORS, basis="trial"
    )
    for (identity, _), role in zip(
        _recipients(folder), (RecipientRole.PRACTICE, RecipientRole.RECOVERY), strict=True
    ):
        prove_possession(home, identity, role.value, SystemClock().now())
    document = draft({**_fields(folder, party, site.ceiling_hours), **terms})
    _write_keys(folder, document)
    (folder / "authorisation.json").write_bytes(document)
    (folder / "authorisation.json.p7s").write_bytes(sign_cades(document, doctor, authority))
    (folder / "doctor.p12").write_bytes(p12(doctor, authority, P12_PASSWORD))
    _write_authority(folder / "ca", authority)
    vkey = FileLedger(home.ledger, site.origin, load_log_key(home)).vkey
    (folder / "policy.txt").write_text(format_policy(vkey))
    return {
        "home": str(home.path),
        "source": str(source),
        "authorisation": str(folder / "authorisation.json"),
        "destination": str((folder / "out").resolve()),
        "policy": str(folder / "policy.txt"),
        "doctor": f"{DOCTOR_NAME}, INAMI/RIZIV {party.nihii}",
        "software": " ".join(filter(None, (party.system, party.version))) or "not stated in the export",
        "ceilings": "{degraded_permille} in a thousand as text, {quarantined_permille} set aside".format(
            **json.loads(document)["ceilings"]
        ),
    }


def party_of(source: Path) -> TrialParty:
    """Return who exported `source`, from its first header; the trial's own doctor if it names none."""
    header = _first_header(source)
    if header is None:
        return TrialParty(DOCTOR_INSS, DOCTOR_NIHII, "", "")
    numbers = ["".join(c for c in n if c.isdigit()) for n in header.sender_nihii.reveal()]
    nihii = next((n for n in numbers if len(n) >= 8), DOCTOR_NIHII)
    stated = header.sender_inss.reveal()
    inss = (
        clean_inss(stated[0] if stated else None) or DOCTOR_INSS
    )  # a certificate must not have an invalid number
    return TrialParty(inss, nihii.ljust(11, "0"), header.system or "", header.system_version or "")


def _first_header(source: Path) -> MessageHeader | None:
    for file in open_source(source, Limits()):
        connector = choose(file)
        if connector is not None:
            headers = (each for each in connector.headers(file, Limits()) if isinstance(each, MessageHeader))
            with suppress(SourceError):  # a damaged file: try the next one
                found = next(headers, None)
                if found is not None:
                    return found
    return None


_identities: dict[Path, tuple[tuple[str, str], tuple[str, str]]] = {}


def _recipients(folder: Path) -> tuple[tuple[str, str], tuple[str, str]]:
    if folder not in _identities:
        _identities[folder] = (make_identity(), make_identity())
    return _identities[folder]


def _write_keys(folder: Path, document: bytes) -> None:
    recipients = [r["age"] for r in json.loads(document)["recipients"]]
    for name, (identity, recipient) in zip(
        ("identity.age", "recovery.age"), _recipients(folder), strict=True
    ):
        if recipient not in recipients:
            raise ValueError
        path = folder / name
        path.write_text(f"# public key: {recipient}\n{identity}\n")
        os.chmod(path, 0o600)


def _write_authority(folder: Path, authority: TrialAuthority) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "root.pem").write_bytes(pem(authority.root.certificate))
    (folder / "intermediate.pem").write_bytes(pem(authority.intermediate.certificate))
    (folder / "intermediate.crl").write_bytes(authority.crl())
    (folder / "root.crl").write_bytes(authority.root_crl())


def _fields(folder: Path, party: TrialParty, hours: int) -> dict[str, Any]:
    now = SystemClock().now()
    (_, practice), (_, recovery) = _recipients(folder)
    until = format_utc(now + timedelta(days=30))
    return {
        "nonce": secrets.token_hex(16),
        "controllers": [{"role": "controller", "nihii": party.nihii, "name": DOCTOR_NAME}],
        "processor": "Reprise trial",
        "purpose": "takeover",
        "source_system": party.system,
        "target_system": "Medinect",
        "kinds": sorted(kind.value for kind in RecordKind),
        "patients": {"mode": "all"},
        "responsible": {"mode": "any"},
        "uses": {"inventory": 5, "rehearsal": 5, "migration": 1, "delta": 0},
        "recipients": [{"role": "practice", "age": practice}, {"role": "recovery", "age": recovery}],
        "destination": str((folder / "out").resolve()),
        "custody": {
            "source": {"holder": "doctor", "until": None},
            "package": {"holder": "doctor", "until": until},
        },
        "valid_from": format_utc(now - timedelta(hours=1)),
        "valid_until": until,
        "staging_deadline_hours": hours,
        "ceilings": {"degraded_permille": 500, "quarantined_permille": 200},
        "language": "fr",
    }
