"""Trust material of a home as a person keeps it: what is there, how old it is, and what may come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from asn1crypto import crl, pem, x509

from schemas.errors import TrustError
from vault.files import write_durably
from vault.ocsp_answers import life_of_answer, require_known_authority
from vault.trust import is_trial, refuse_trial

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
        """Whether its time is over, or has not come."""
        return not self.since <= now <= self.until


def list_material(home: Path) -> list[Material]:
    """Everything that signatures and stamps are checked against. Raises TrustError for a file that is none."""
    found = []
    for kind, folder in FOLDERS.items():
        place = home / "trust" / folder
        paths = sorted(place.iterdir()) if place.is_dir() else []
        found += [_describe(kind, path.read_bytes()) for path in paths]
    return found


def add_material(home: Path, kind: str, data: bytes, *, trial_home: bool, now: datetime) -> Material:
    """Take in a certificate, a revocation list or an OCSP answer, under the name of its digest.

    Raises TrustError: trust_material_malformed, trial_root, trust_material_stale, root_not_self_signed,
    revocation_of_unknown_issuer.
    """
    material = _describe(kind, data)
    der = _der(data)
    if material.stale(now):
        raise TrustError("trust_material_stale")
    if kind == "crl":
        _require_known_issuer(home, crl.CertificateList.load(der))
    elif kind == "ocsp":
        require_known_authority(_authorities(home), der)
    else:
        certificate = x509.Certificate.load(der)
        refuse_trial([certificate], trial_home=trial_home)
        if kind in ("root", "timestamp") and certificate.self_signed == "no":
            raise TrustError("root_not_self_signed")
    name = material.fingerprint[:32]
    body = pem.armor("CERTIFICATE", der) if kind == "timestamp" else der
    suffix = {"crl": "crl", "ocsp": "ocsp", "timestamp": "pem"}.get(kind, "der")
    folder = home / "trust" / FOLDERS[kind]
    folder.mkdir(mode=0o700, exist_ok=True)
    write_durably(folder / f"{name}.{suffix}", body)
    return material


def _der(data: bytes) -> bytes:
    try:
        return bytes(pem.unarmor(data)[2]) if pem.detect(data) else data
    except ValueError:
        raise TrustError("trust_material_malformed") from None


def _describe(kind: str, data: bytes) -> Material:
    der = _der(data)
    try:
        since, until, trial = _life(kind, der)
    except (ValueError, TypeError, KeyError):
        raise TrustError("trust_material_malformed") from None
    return Material(kind, sha256(der).hexdigest(), since.astimezone(UTC), until.astimezone(UTC), trial)


def _life(kind: str, der: bytes) -> tuple[datetime, datetime, bool]:
    if kind == "ocsp":
        return (*life_of_answer(der), False)
    if kind == "crl":
        listed = crl.CertificateList.load(der, strict=True)["tbs_cert_list"]
        return listed["this_update"].native, listed["next_update"].native, False
    certificate = x509.Certificate.load(der, strict=True)
    return certificate.not_valid_before, certificate.not_valid_after, is_trial(certificate)


def _require_known_issuer(home: Path, listed: crl.CertificateList) -> None:
    """A revocation list of an authority that this home does not know would only wait to be believed."""
    if listed.issuer not in [authority.subject for authority in _authorities(home)]:
        raise TrustError("revocation_of_unknown_issuer")


def _authorities(home: Path) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for folder in ("roots", "intermediates"):
        place = home / "trust" / folder
        paths = sorted(place.iterdir()) if place.is_dir() else []
        found += [x509.Certificate.load(_der(path.read_bytes())) for path in paths]
    return found
