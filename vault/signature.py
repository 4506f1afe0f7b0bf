"""The doctor's signature: CAdES, detached, checked offline with pyHanko against pinned roots and given CRLs.

pyHanko logs names and national numbers of signers; its loggers are shut here before anything is checked.
"""

from __future__ import annotations

import asyncio
import io
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate
from pyhanko.sign.validation import KeyUsageConstraints, async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from schemas.errors import AuthorisationError, RepriseError, TrustError
from schemas.sensitive import Sensitive
from vault.trust import TrustStore, refuse_trial

for _name in ("pyhanko", "pyhanko_certvalidator", "pyhanko.sign.validation.generic_cms"):
    _logger = logging.getLogger(_name)
    _logger.handlers = [logging.NullHandler()]
    _logger.propagate = False
    _logger.setLevel(logging.CRITICAL + 1)

_TRUST_CODES = {
    AdESIndeterminate.REVOKED_NO_POE: "signer_revoked",
    AdESIndeterminate.REVOKED_CA_NO_POE: "signer_revoked",
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: "unknown_root",
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: "key_usage",
    AdESIndeterminate.TRY_LATER: "revocation_stale",
    AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE: "chain_invalid",
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: "signer_expired",
    AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED: "signer_expired",
}


@dataclass(frozen=True)
class Signer:
    """Who signed: the national number of the certificate, and when the signature says it was made."""

    inss: Sensitive[str]
    signed_at: datetime | None
    certificate: bytes  # DER


def check_signature(
    document: bytes, p7s: bytes, trust: TrustStore, *, trial_home: bool, moment: datetime
) -> Signer:
    """Verify one signature over the document.

    Raises AuthorisationError (document_altered, signature_altered, signature_malformed) or TrustError
    (unknown_root, trial_root, signer_expired, signer_not_yet_valid, signer_revoked, revocation_missing,
    revocation_stale, key_usage).
    """
    signed = _load(p7s)
    certificate = _signer_certificate(signed)
    refuse_trial([certificate, *trust.roots, *trust.intermediates], trial_home=trial_home)
    problem: RepriseError | None
    try:
        status = asyncio.run(_validate(document, signed, certificate, trust, moment))
        problem = _problem(status, certificate, moment, trust) or _foreign_certificates(
            signed, certificate, trust
        )
    except RepriseError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - pyHanko's texts quote the signer
        problem = _refusal_without_status(type(error).__name__, str(error), certificate, moment)
    if problem is not None:
        raise problem
    return Signer(Sensitive(_national_number(certificate)), _signing_time(signed), certificate.dump())


def _load(p7s: bytes) -> cms.SignedData:
    try:
        info = cms.ContentInfo.load(p7s, strict=True)
        signed: cms.SignedData = info["content"]
        infos = signed["signer_infos"]
        detached = signed["encap_content_info"]["content"].native is None
        names = {a["type"].native for a in infos[0]["signed_attrs"]}
        if (
            info["content_type"].native == "signed_data"
            and detached
            and len(infos) == 1
            and ("signing_certificate_v2" in names)
            and info.dump(force=True) == p7s
        ):
            return signed
    except Exception:  # noqa: BLE001, S110 - whatever a parser of foreign bytes says
        pass
    raise AuthorisationError("signature_malformed")


def _signer_certificate(signed: cms.SignedData) -> x509.Certificate:
    wanted = signed["signer_infos"][0]["sid"].chosen
    for choice in signed["certificates"]:
        certificate = choice.chosen
        if isinstance(wanted, cms.IssuerAndSerialNumber) and (
            certificate.serial_number == wanted["serial_number"].native
            and certificate.issuer == wanted["issuer"]
        ):
            return certificate
    raise AuthorisationError("signature_malformed")


async def _validate(
    document: bytes,
    signed: cms.SignedData,
    certificate: x509.Certificate,
    trust: TrustStore,
    moment: datetime,
) -> Any:
    context = ValidationContext(
        trust_roots=list(trust.roots),
        other_certs=list(trust.intermediates),
        crls=list(trust.crls),
        allow_fetching=False,
        revocation_mode="require",
        moment=moment,
    )
    return await async_validate_detached_cms(
        io.BytesIO(document),
        signed,
        signer_validation_context=context,
        key_usage_settings=_usage(certificate),
    )


def _usage(certificate: x509.Certificate) -> KeyUsageConstraints:
    """EID signs with non-repudiation; eHealth certificates carry digital signature or non-repudiation."""
    if "eHealth-platform Belgium" in str(certificate.subject.native):
        return KeyUsageConstraints(
            key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
        )
    return KeyUsageConstraints(key_usage={"non_repudiation"})


def _problem(
    status: Any, certificate: x509.Certificate, moment: datetime, trust: TrustStore
) -> RepriseError | None:
    if not status.intact:
        return AuthorisationError("document_altered")
    if not status.valid:
        return AuthorisationError("signature_altered")
    if status.bottom_line:
        return None
    indication = getattr(status, "trust_problem_indic", None)
    code = _TRUST_CODES.get(indication, "signature_not_trusted")
    if isinstance(indication, AdESFailure):
        return AuthorisationError("signature_altered")
    if code == "chain_invalid" and all(held.issuer != certificate.issuer for held in trust.crls):
        code = "revocation_missing"
    return TrustError(_validity(certificate, moment) or code)


def _foreign_certificates(
    signed: cms.SignedData, certificate: x509.Certificate, trust: TrustStore
) -> RepriseError | None:
    """The certificates beside the signer's are not signed over: each must be one that we pinned, to the byte."""
    pinned = {held.dump() for held in (*trust.roots, *trust.intermediates, certificate)}
    if all(choice.chosen.dump() in pinned for choice in signed["certificates"]):
        return None
    return AuthorisationError("signature_altered")


def _validity(certificate: x509.Certificate, moment: datetime) -> str | None:
    if moment > certificate.not_valid_after:
        return "signer_expired"
    if moment < certificate.not_valid_before:
        return "signer_not_yet_valid"
    return None


def _refusal_without_status(
    kind: str, text: str, certificate: x509.Certificate, moment: datetime
) -> RepriseError:
    dated = _validity(certificate, moment)
    if dated:
        return TrustError(dated)
    if "revocation data is not optional" in text or "revocation" in text.lower():
        return TrustError("revocation_missing")
    if kind in ("SignatureValidationError", "ValueError", "CMSStructuralError"):
        return AuthorisationError("signature_altered")
    return TrustError("signature_not_trusted")


def _national_number(certificate: x509.Certificate) -> str:
    """eID: serialNumber of the subject; eHealth: an OU `SSIN=...` (IDENTIFIERS, section 5)."""
    native = certificate.subject.native
    if native.get("serial_number"):
        return str(native["serial_number"])
    units = native.get("organizational_unit_name", [])
    for unit in units if isinstance(units, list) else [units]:
        kind, _, number = str(unit).partition("=")
        if kind == "SSIN" and number.isdigit():
            return number
    raise AuthorisationError("signer_without_number")


def _signing_time(signed: cms.SignedData) -> datetime | None:
    for attribute in signed["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native == "signing_time":
            found = attribute["values"][0].native
            return found if isinstance(found, datetime) else None
    return None
