"""Lists the trust material of a home with its validity, and adds new files to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from asn1crypto import crl, pem, x509

from schemas.errors import TrustError
from vault.pki._key_strength import refuse_weak_keys
from vault.pki._ocsp_answers import require_known_authority, validity_of_answer
from vault.pki._trust_reading import read_answer, read_certificate, read_crl, read_der
from vault.pki.trust_store import is_trial, refuse_trial
from vault.system.files import write_durably

FOLDERS = {
    "root": "roots",
    "intermediate": "intermediates",
    "crl": "crls",
    "ocsp": "ocsps",
    "timestamp": "timestamps",
}


@dataclass(frozen=True)
class Material:
    """One certificate, revocation list or OCSP answer."""

    kind: str  # root | intermediate | crl | ocsp | timestamp
    fingerprint: str  # SHA-256 of its DER bytes, hexadecimal
    since: datetime
    until: datetime
    trial: bool

    def stale(self, now: datetime) -> bool:
        """Return whether the material is expired or not yet valid."""
        return not self.since <= now <= self.until


def list_material(trust: Path) -> list[Material]:
    """Return all material for checking signatures and stamps. Raises TrustError for an invalid file."""
    materials = []
    for kind, folder in FOLDERS.items():
        place = trust / folder
        paths = sorted(place.iterdir()) if place.is_dir() else []
        materials += [_describe(kind, path.read_bytes()) for path in paths]
    return materials


def add_material(trust: Path, kind: str, data: bytes, *, trial_home: bool, now: datetime) -> Material:
    """Store a certificate, a revocation list or an OCSP answer in a file that is named by its digest.

    Raises TrustError: trust_material_malformed, trial_root, trust_material_stale, root_not_self_signed, key_too_weak,
    revocation_of_unknown_issuer.
    """
    material, der = _describe(kind, data), read_der(data)
    if material.stale(now):
        raise TrustError("trust_material_stale")
    if kind == "crl":
        _require_known_issuer(trust, read_crl(data))
    elif kind == "ocsp":
        require_known_authority(_authorities(trust), der)
    else:
        certificate = read_certificate(data)
        refuse_trial([certificate], trial_home=trial_home)
        refuse_weak_keys(certificate)
        if kind in ("root", "timestamp") and certificate.self_signed == "no":
            raise TrustError("root_not_self_signed")
    name = material.fingerprint[:32]
    body = pem.armor("CERTIFICATE", der) if kind == "timestamp" else der
    suffix = {"crl": "crl", "ocsp": "ocsp", "timestamp": "pem"}.get(kind, "der")
    folder = trust / FOLDERS[kind]
    folder.mkdir(mode=0o700, exist_ok=True)
    write_durably(folder / f"{name}.{suffix}", body)
    return material


def _describe(kind: str, data: bytes) -> Material:
    trial = False
    if kind == "ocsp":
        read_answer(data)
        since, until = _validity_of_answer(read_der(data))
    elif kind == "crl":
        listed = read_crl(data)
        body = listed["tbs_cert_list"]
        since, until = body["this_update"].native, body["next_update"].native
    else:
        certificate = read_certificate(data)
        trial = is_trial(certificate)
        since, until = certificate.not_valid_before, certificate.not_valid_after
    return Material(kind, sha256(read_der(data)).hexdigest(), _utc(since), _utc(until), trial)


def _validity_of_answer(der: bytes) -> tuple[datetime, datetime]:
    try:
        return validity_of_answer(der)
    except (ValueError, TypeError):
        raise TrustError("trust_material_malformed") from None


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or last hours of the calendar, in another zone
        raise TrustError("trust_material_malformed") from None


def _require_known_issuer(trust: Path, listed: crl.CertificateList) -> None:
    """Refuse a revocation list of an unknown authority: the list would take effect if that authority were added later."""
    if listed.issuer not in [authority.subject for authority in _authorities(trust)]:
        raise TrustError("revocation_of_unknown_issuer")


def _authorities(trust: Path) -> list[x509.Certificate]:
    authorities: list[x509.Certificate] = []
    for folder in ("roots", "intermediates"):
        place = trust / folder
        paths = sorted(place.iterdir()) if place.is_dir() else []
        authorities += [read_certificate(path.read_bytes()) for path in paths]
    return authorities
