"""Trust material of a home: pinned roots, intermediates, revocation lists. Nothing is ever fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asn1crypto import crl, pem, x509

from schemas.errors import TrustError

TRIAL_MARK = "2.25.302154270018932441975127236501218930111"
"""Certificate extension (an OID under the UUID arc) in everything that a trial authority makes."""


@dataclass(frozen=True)
class TrustStore:
    """What signatures are checked against."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    crls: tuple[crl.CertificateList, ...]
    raw: dict[str, bytes]  # file name -> bytes, for the proof folder

    @classmethod
    def load(cls, home: Path) -> TrustStore:
        """Read `trust/`. Raises TrustError for a file that is none."""
        raw: dict[str, bytes] = {}
        roots = tuple(read_certificate(d) for d in _read(home / "trust" / "roots", raw))
        inter = tuple(read_certificate(d) for d in _read(home / "trust" / "intermediates", raw))
        crls = tuple(read_crl(d) for d in _read(home / "trust" / "crls", raw))
        return cls(roots, inter, crls, raw)


def _read(folder: Path, raw: dict[str, bytes]) -> list[bytes]:
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        data = path.read_bytes()
        raw[f"{folder.name}-{path.name}"] = data
        found.append(data)
    return found


def read_certificate(data: bytes) -> x509.Certificate:
    """A certificate in DER or PEM, read to its last field. Raises TrustError.

    The parser reads a field when it is asked for, and complains only then, with texts that quote it.
    """
    try:
        certificate = x509.Certificate.load(_der(data), strict=True)
        _ = certificate.native, certificate.self_signed, is_trial(certificate)
        if certificate.not_valid_before <= certificate.not_valid_after:
            return certificate
    except Exception:  # noqa: BLE001, S110 - whatever a parser of foreign bytes says
        pass
    raise TrustError("trust_material_malformed")


def read_crl(data: bytes) -> crl.CertificateList:
    """A revocation list in DER or PEM; its entries, which can be very many, are not looked at. Raises TrustError.

    One that does not say until when it holds is refused: it would never grow stale.
    """
    try:
        listed = crl.CertificateList.load(_der(data), strict=True)
        body = listed["tbs_cert_list"]
        _ = listed.issuer.native, body["crl_extensions"].native, listed["signature_algorithm"].native
        if body["this_update"].native <= body["next_update"].native:
            return listed
    except Exception:  # noqa: BLE001, S110 - whatever a parser of foreign bytes says
        pass
    raise TrustError("trust_material_malformed")


def _der(data: bytes) -> bytes:
    return bytes(pem.unarmor(data)[2]) if pem.detect(data) else data


def is_trial(certificate: x509.Certificate) -> bool:
    """Whether a trial authority made this certificate."""
    return any(ext["extn_id"].dotted == TRIAL_MARK for ext in certificate["tbs_certificate"]["extensions"])


def refuse_trial(certificates: list[x509.Certificate], *, trial_home: bool) -> None:
    """A home that is not a trial believes no trial certificate, wherever it lies. Raises TrustError."""
    if not trial_home and any(is_trial(c) for c in certificates):
        raise TrustError("trial_root")
