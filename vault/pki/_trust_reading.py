"""Certificates, revocation lists and OCSP answers as they come from elsewhere: whole, or refused.

The parser reads a field when it is asked for, and complains only then, with texts that quote it. So all that is ever asked
for is read here, where whatever it says is caught.
"""

from __future__ import annotations

from asn1crypto import crl, ocsp, pem, x509

from schemas.errors import TrustError


def read_certificate(data: bytes) -> x509.Certificate:
    """A certificate in DER or PEM, read to its last field. Raises TrustError."""
    try:
        certificate = x509.Certificate.load(read_der(data), strict=True)
        _ = certificate.native, certificate.self_signed
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
        listed = crl.CertificateList.load(read_der(data), strict=True)
        body = listed["tbs_cert_list"]
        _ = listed.issuer.native, body["crl_extensions"].native, listed["signature_algorithm"].native
        if body["this_update"].native <= body["next_update"].native:
            return listed
    except Exception:  # noqa: BLE001, S110 - whatever a parser of foreign bytes says
        pass
    raise TrustError("trust_material_malformed")


def read_answer(data: bytes) -> ocsp.OCSPResponse:
    """An OCSP answer that says something, read to its last field. Raises TrustError."""
    try:
        answer = ocsp.OCSPResponse.load(read_der(data), strict=True)
        rows = answer.response_data["responses"]
        _ = answer.native, [(row["this_update"].native, row["next_update"].native) for row in rows]
        if answer["response_status"].native == "successful" and len(rows):
            return answer
    except Exception:  # noqa: BLE001, S110 - whatever a parser of foreign bytes says
        pass
    raise TrustError("trust_material_malformed")


def read_der(data: bytes) -> bytes:
    """The one object of a file, in DER or PEM. Raises ValueError."""
    return bytes(pem.unarmor(data)[2]) if pem.detect(data) else data
