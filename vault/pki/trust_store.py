"""The trust material of a home: pinned roots, intermediates, revocation lists, OCSP answers. The program never fetches them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asn1crypto import crl, ocsp, x509

from schemas.errors import TrustError
from vault.pki._trust_reading import read_answer, read_certificate, read_crl

TRIAL_MARK = "2.25.302154270018932441975127236501218930111"
"""The certificate extension (an OID under the UUID arc) in every certificate of a trial authority."""


@dataclass(frozen=True)
class TrustStore:
    """The certificates and revocation data against which signatures are checked."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    crls: tuple[crl.CertificateList, ...]
    ocsps: tuple[ocsp.OCSPResponse, ...]
    raw: dict[str, bytes]  # file name -> bytes, for the proof folder

    @classmethod
    def load(cls, trust: Path) -> TrustStore:
        """Load a home's folder of trust material. Raises TrustError for an invalid file."""
        raw: dict[str, bytes] = {}
        roots = tuple(read_certificate(d) for d in _read(trust / "roots", raw))
        inter = tuple(read_certificate(d) for d in _read(trust / "intermediates", raw))
        crls = tuple(read_crl(d) for d in _read(trust / "crls", raw))
        ocsps = tuple(read_answer(d) for d in _read(trust / "ocsps", raw))
        return cls(roots, inter, crls, ocsps, raw)


def _read(folder: Path, raw: dict[str, bytes]) -> list[bytes]:
    contents = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        data = path.read_bytes()
        raw[f"{folder.name}-{path.name}"] = data
        contents.append(data)
    return contents


def is_trial(certificate: x509.Certificate) -> bool:
    """Return whether a trial authority made this certificate."""
    return any(ext["extn_id"].dotted == TRIAL_MARK for ext in certificate["tbs_certificate"]["extensions"])


def refuse_trial(certificates: list[x509.Certificate], *, trial_home: bool) -> None:
    """Refuse trial certificates, from any source, in a home that is not a trial. Raises TrustError."""
    if not trial_home and any(is_trial(c) for c in certificates):
        raise TrustError("trial_root")
