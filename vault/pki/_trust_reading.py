"""Parses certificates, revocation lists and OCSP answers from outside completely, or refuses them.

The parser reads a field only on access, and its errors then quote the field. So this module reads every field that is used later,
and catches those errors.
"""

from __future__ import annotations

from asn1crypto import crl, ocsp, pem, x509

from schemas.errors import TrustError


def read_certificate(data: bytes) -> x509.Certificate:
    """Parse all fields of a certificate in DER or PEM. Raises TrustError (trust_material_malformed)."""
    try:
        certificate = x509.Certificate.load(read_der(data), strict=True)
        _ = certificate.native, certificate.self_signed
        if certificate.not_valid_before <= certificate.not_valid_after:
            return certificate
    except Exception:  # noqa: BLE001, S110 - a parser of untrusted bytes may raise anything
        pass
    raise TrustError("trust_material_malformed")


def read_crl(data: bytes) -> crl.CertificateList:
    """Parse a revocation list in DER or PEM, without its entries, which can be very many.

    Raises TrustError (trust_material_malformed), also for a list without an end date, which would never become stale.
    """
    try:
        listed = crl.CertificateList.load(read_der(data), strict=True)
        body = listed["tbs_cert_list"]
        _ = listed.issuer.native, body["crl_extensions"].native, listed["signature_algorithm"].native
        if body["this_update"].native <= body["next_update"].native:
            return listed
    except Exception:  # noqa: BLE001, S110 - a parser of untrusted bytes may raise anything
        pass
    raise TrustError("trust_material_malformed")


def read_answer(data: bytes) -> ocsp.OCSPResponse:
    """Parse all fields of a successful OCSP answer. Raises TrustError (trust_material_malformed)."""
    try:
        answer = ocsp.OCSPResponse.load(read_der(data), strict=True)
        rows = answer.response_data["responses"]
        _ = answer.native, [(row["this_update"].native, row["next_update"].native) for row in rows]
        if answer["response_status"].native == "successful" and len(rows):
            return answer
    except Exception:  # noqa: BLE001, S110 - a parser of untrusted bytes may raise anything
        pass
    raise TrustError("trust_material_malformed")


def read_der(data: bytes) -> bytes:
    """Return the object of a file in DER or PEM, as DER. Raises ValueError."""
    return bytes(pem.unarmor(data)[2]) if pem.detect(data) else data
