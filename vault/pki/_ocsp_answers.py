"""Stored OCSP answers (RFC 6960): reads when an answer is valid, and checks which authorities issued its certificates.

Every signature check tests the answer's signature, and the signer's right to answer for the authority.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from asn1crypto import ocsp, x509

from schemas.errors import TrustError

_HASHES: dict[str, Callable[[bytes], Any]] = {
    "sha1": hashlib.sha1,  # the usual one; it only identifies an issuer and proves nothing
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


def validity_of_answer(der: bytes) -> tuple[datetime, datetime]:
    """Return beginning and end of the time in which all parts of an answer are valid.

    Raises ValueError if there is no successful answer, or if a part of the answer has no end.
    """
    rows = _rows(der)
    ends = [row["next_update"].native for row in rows]
    if not rows or None in ends:
        raise ValueError
    return max(row["this_update"].native for row in rows), min(ends)


def require_known_authority(authorities: list[x509.Certificate], der: bytes) -> None:
    """Check that every certificate in the answer was issued by an authority that this home knows.

    Raises TrustError: revocation_of_unknown_issuer.
    """
    for row in _rows(der):
        certificate_id = row["cert_id"]
        digest = _HASHES.get(certificate_id["hash_algorithm"]["algorithm"].native)
        if digest is None or not any(_is_of(certificate_id, known, digest) for known in authorities):
            raise TrustError("revocation_of_unknown_issuer")


def _is_of(certificate_id: ocsp.CertId, authority: x509.Certificate, digest: Callable[[bytes], Any]) -> bool:
    name = digest(authority.subject.dump()).digest()
    key = digest(authority.public_key["public_key"].contents[1:]).digest()
    stated = (certificate_id["issuer_name_hash"].native, certificate_id["issuer_key_hash"].native)
    return bool(stated == (name, key))


def _rows(der: bytes) -> list[ocsp.SingleResponse]:
    answer = ocsp.OCSPResponse.load(der, strict=True)
    if answer["response_status"].native != "successful":
        raise ValueError
    return list(answer.response_data["responses"])
