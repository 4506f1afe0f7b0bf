"""Checks the doctor's signature over bytes (CAdES, or PAdES separated from its page), offline, against pinned roots and lists.

`vault/pki/signer_profiles.py` defines the accepted certificates.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from asn1crypto import cms, core, x509

from schemas.errors import AuthorisationError, RepriseError, TrustError
from schemas.sensitive import Sensitive
from vault.pki._der import is_der
from vault.pki._key_strength import refuse_weak_keys
from vault.pki.pyhanko_logging import load_pyhanko
from vault.pki.signer_profiles import Family, family_of, key_usage, national_number
from vault.pki.trust_store import TrustStore, refuse_trial

_NO_PARAMETERS = (b"", b"\x05\x00")
_TRUST_CODES = {  # by the names of pyHanko's AdESIndeterminate
    "REVOKED_NO_POE": "signer_revoked",
    "REVOKED_CA_NO_POE": "signer_revoked",
    "NO_CERTIFICATE_CHAIN_FOUND": "unknown_root",
    "CHAIN_CONSTRAINTS_FAILURE": "key_usage",
    "TRY_LATER": "revocation_stale",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "chain_invalid",
    "OUT_OF_BOUNDS_NO_POE": "signer_expired",
    "OUT_OF_BOUNDS_NOT_REVOKED": "signer_expired",
}


@dataclass(frozen=True)
class Signer:
    """The signer: the certificate's national number, and the signing time that the signature states."""

    inss: Sensitive[str]
    signed_at: datetime | None
    certificate: bytes  # DER


def check_signature(
    document: bytes, p7s: bytes, trust: TrustStore, *, trial_home: bool, moment: datetime
) -> Signer:
    """Verify one signature over the document, for the UTC time `moment`. Return its signer.

    Raises AuthorisationError (document_altered, signature_altered, signature_malformed) or TrustError (unknown_root, trial_root,
    signer_expired, signer_not_yet_valid, signer_revoked, revocation_missing, revocation_stale, key_usage, key_too_weak,
    certificate_family_unknown). Raises AuthorisationError (signer_without_number, signer_number_malformed) if the certificate
    identifies no person.
    """
    signed = _load(p7s)
    certificate = _signer_certificate(signed)
    refuse_trial([certificate, *trust.roots, *trust.intermediates], trial_home=trial_home)
    family = family_of(certificate)
    refuse_weak_keys(certificate, (*trust.intermediates, *trust.roots))
    problem: RepriseError | None
    try:
        problem = _first_problem(document, signed, family, trust, moment) or _foreign_certificates(
            signed, certificate, trust
        )
    except RepriseError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - pyHanko's texts quote the signer
        problem = _refusal_without_status(type(error).__name__, str(error), certificate, moment)
    if problem is not None:
        raise problem
    return Signer(Sensitive(national_number(certificate, family)), _signing_time(signed), certificate.dump())


def certificate_of(p7s: bytes) -> x509.Certificate:
    """Return the signer's certificate, unchecked. Raises AuthorisationError (signature_malformed)."""
    return _signer_certificate(_load(p7s))


def refuse_out_of_time(certificate: x509.Certificate, moment: datetime) -> None:
    """Refuse a certificate that is not valid at a time. Raises TrustError: signer_expired, signer_not_yet_valid."""
    code = _validity(certificate, moment)
    if code is not None:
        raise TrustError(code)


def stated_number(p7s: bytes) -> str:
    """Return the national number in a signature's certificate, unchecked. It serves to find the person whom a signature names.

    Raises AuthorisationError (signature_malformed, signer_without_number, signer_number_malformed), TrustError
    (certificate_family_unknown).
    """
    certificate = _signer_certificate(_load(p7s))
    return national_number(certificate, family_of(certificate))


def _load(p7s: bytes) -> cms.SignedData:
    load_pyhanko()
    try:
        if not is_der(p7s):
            raise ValueError
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
            and _unsigned_fields_fit(signed)
            and _sets_in_order(signed)
        ):
            return signed
    except Exception:  # noqa: BLE001, S110 - a parser of untrusted bytes may raise anything
        pass
    raise AuthorisationError("signature_malformed")


def _sets_in_order(signed: cms.SignedData) -> bool:
    """Return whether the members of each set are in DER order, of those sets whose tag does not show that they are sets."""
    (info,) = signed["signer_infos"]
    sets = (signed["certificates"], info["signed_attrs"], info["unsigned_attrs"])
    encoded = [[member.dump() for member in held] for held in sets if isinstance(held, core.SetOf)]
    return all(members == sorted(members) for members in encoded)


def _unsigned_fields_fit(signed: cms.SignedData) -> bool:
    """Return whether the versions (RFC 5652, 5.1 and 5.3) and algorithms, which no signature covers, have the required values."""
    (info,) = signed["signer_infos"]
    listed = [algorithm["algorithm"].native for algorithm in signed["digest_algorithms"]]
    versions = (signed["version"].native, info["version"].native)
    algorithms = (*signed["digest_algorithms"], info["digest_algorithm"], info["signature_algorithm"])
    return (
        versions == ("v1", "v1")
        and listed == [info["digest_algorithm"]["algorithm"].native]
        and all(_parameters_fit(algorithm) for algorithm in algorithms)
    )


def _parameters_fit(algorithm: core.Sequence) -> bool:
    """Return whether the parameters are absent or NULL (RFC 5754, 2 and 3).

    The parameters of RSASSA-PSS name digests (RFC 4055, 3.1), whose parameters must be absent or NULL.
    """
    if algorithm["algorithm"].native != "rsassa_pss":
        return algorithm["parameters"].dump() in _NO_PARAMETERS
    within = algorithm["parameters"]
    masked = within["mask_gen_algorithm"]["parameters"]
    return _parameters_fit(within["hash_algorithm"]) and _parameters_fit(masked)


def _signer_certificate(signed: cms.SignedData) -> x509.Certificate:
    try:
        wanted = signed["signer_infos"][0]["sid"].chosen
        for choice in signed["certificates"]:
            certificate = choice.chosen
            if (
                certificate.serial_number == wanted["serial_number"].native
                # Byte for byte: names compare without regard to case, and no signature covers this one.
                and certificate.issuer.dump() == wanted["issuer"].dump()
                and certificate.native  # read to its last field here, where parser errors are caught
            ):
                return certificate
    except Exception:  # noqa: BLE001, S110 - a parser of untrusted bytes may raise anything
        pass
    raise AuthorisationError("signature_malformed")


def _first_problem(
    document: bytes, signed: cms.SignedData, family: Family, trust: TrustStore, moment: datetime
) -> RepriseError | None:
    """Return the first fault of the signature, or None.

    The check uses all revocation data, and then the lists alone, because a list counts even if an OCSP answer says otherwise.
    """
    from vault.pki.event_loop import (
        complete,  # asyncio takes a tenth of a second; listing runs does not need it
    )

    certificate = _signer_certificate(signed)
    for held in [trust, replace(trust, ocsps=())] if trust.ocsps and trust.crls else [trust]:
        status = complete(_validate(document, signed, family, held, moment))
        problem = _problem(status, certificate, moment, held)
        if problem is not None and (held is trust or problem.code == "signer_revoked"):
            return problem
    return None


async def _validate(
    document: bytes, signed: cms.SignedData, family: Family, trust: TrustStore, moment: datetime
) -> Any:
    from pyhanko.sign.validation import (
        async_validate_detached_cms,
    )  # takes seconds; only signature checks need it
    from pyhanko_certvalidator import ValidationContext

    from vault.pki._chain_policy import StrongKeysOnly

    context = ValidationContext(
        trust_roots=list(trust.roots),
        other_certs=list(trust.intermediates),
        crls=list(trust.crls),
        ocsps=list(trust.ocsps),
        allow_fetching=False,
        revocation_mode="require",
        algorithm_usage_policy=StrongKeysOnly(),
        moment=moment,
    )
    return await async_validate_detached_cms(
        io.BytesIO(document),
        signed,
        signer_validation_context=context,
        key_usage_settings=key_usage(family),
    )


def _problem(
    status: Any, certificate: x509.Certificate, moment: datetime, trust: TrustStore
) -> RepriseError | None:
    if not status.intact:
        return AuthorisationError("document_altered")
    if not status.valid:
        return AuthorisationError("signature_altered")
    if status.bottom_line:
        return None
    from pyhanko.sign.ades.report import AdESFailure

    indication = getattr(status, "trust_problem_indic", None)
    code = _TRUST_CODES.get(getattr(indication, "name", ""), "signature_not_trusted")
    if isinstance(indication, AdESFailure):
        return AuthorisationError("signature_altered")
    if code == "chain_invalid" and all(held.issuer != certificate.issuer for held in trust.crls):
        code = "revocation_missing"
    return TrustError(_validity(certificate, moment) or code)


def _foreign_certificates(
    signed: cms.SignedData, certificate: x509.Certificate, trust: TrustStore
) -> RepriseError | None:
    """Return a fault unless each certificate beside the signer's equals a pinned certificate, byte for byte."""
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


def _signing_time(signed: cms.SignedData) -> datetime | None:
    for attribute in signed["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native == "signing_time":
            stated = attribute["values"][0].native
            return stated if isinstance(stated, datetime) else None
    return None
