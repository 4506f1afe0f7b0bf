"""The tests of one signature: the signature itself, and the certificate's kind, time, chain, revocation and key usage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from asn1crypto import x509

from schemas.errors import RepriseError
from vault.pki.cms import Signer, certificate_of, check_signature, refuse_out_of_time
from vault.pki.signed_document import Signature
from vault.pki.signer_profiles import family_of, national_number
from vault.pki.tested import Tested, failed, not_tested, passed, tried
from vault.pki.trust_store import TrustStore

SIGNATURE, CERTIFICATE, VALIDITY = "signature", "certificate", "certificate's time"
CHAIN, REVOCATION, USAGE = "chain to a root", "revocation", "key usage"
_CODES = {
    SIGNATURE: ("document_altered", "signature_altered", "signature_malformed"),
    CERTIFICATE: ("certificate_family_unknown", "signer_without_number", "signer_number_malformed"),
    VALIDITY: ("signer_expired", "signer_not_yet_valid"),
    REVOCATION: ("revocation_missing", "revocation_stale", "signer_revoked"),
    USAGE: ("key_usage",),
}
"""Maps each test of a signature to its refusal codes. A code that is not listed belongs to the test of the chain."""


def signature_tests(
    signature: Signature, trust: TrustStore, *, trial_home: bool, moment: datetime
) -> tuple[list[Tested], Signer | None]:
    """Run all tests of a signature for the UTC time `moment`. Return their results, and the signer if all tests passed."""
    try:
        certificate = certificate_of(signature.cms)
    except RepriseError as error:
        rest = [
            not_tested(name, "the signature cannot be read")
            for name in (CERTIFICATE, CHAIN, REVOCATION, USAGE)
        ]
        return [failed(SIGNATURE, error), *rest], None
    whose, _ = tried(CERTIFICATE, lambda: _named(certificate), str)
    dates = f"{_day(certificate.not_valid_before)} to {_day(certificate.not_valid_after)}"
    time, _ = tried(VALIDITY, lambda: refuse_out_of_time(certificate, moment), lambda _: dates)
    problem: RepriseError | None = None
    signer: Signer | None = None
    try:
        signer = check_signature(signature.over, signature.cms, trust, trial_home=trial_home, moment=moment)
    except RepriseError as error:
        problem = error
    details = {
        SIGNATURE: "covers the whole document, which is unaltered",
        CHAIN: " < ".join(map(name_in_certificate, _chain(certificate, trust))),
        REVOCATION: "not revoked; " + ", ".join(_revocation(certificate, trust, moment)),
        USAGE: "may sign",
    }
    judged = {name: _judge(name, problem, detail) for name, detail in details.items()}
    return [judged[SIGNATURE], whose, time, judged[CHAIN], judged[REVOCATION], judged[USAGE]], signer


def _judge(name: str, problem: RepriseError | None, detail: str) -> Tested:
    if problem is None:
        return passed(name, detail)
    place = next((test for test, codes in _CODES.items() if problem.code in codes), CHAIN)
    if place == name:
        return failed(name, problem)
    if name == SIGNATURE and place in (CHAIN, REVOCATION, USAGE):
        return passed(name, detail)  # tested before chain, revocation and key usage, so it passed
    return not_tested(name, f"the test of the {place} failed")


def _named(certificate: x509.Certificate) -> str:
    family = family_of(certificate)
    national_number(certificate, family)
    return f"{name_in_certificate(certificate)} ({family.value}, with a valid national number)"


def name_in_certificate(certificate: x509.Certificate) -> str:
    """Return the name in a certificate as one line of printable characters, for a terminal."""
    native = certificate.subject.native
    name = native.get("common_name") or native.get("organization_name") or "nameless"
    text = name if isinstance(name, str) else ", ".join(map(str, name))
    return "".join(c if c.isprintable() else "?" for c in text)


def _chain(certificate: x509.Certificate, trust: TrustStore) -> list[x509.Certificate]:
    """Return the chain from the certificate to a root, by the names that the certificates state."""
    chain = [certificate]
    while chain[-1] not in trust.roots and len(chain) < 10:
        above = [c for c in (*trust.roots, *trust.intermediates) if c.subject == chain[-1].issuer]
        if not above or above[0] in chain:
            break
        chain.append(above[0])
    return chain


def _revocation(certificate: x509.Certificate, trust: TrustStore, moment: datetime) -> Iterator[str]:
    """Yield lines about the revocation data used: the lists of each authority of the chain, with their age; the OCSP answers."""
    issuers = [held.issuer for held in _chain(certificate, trust)]
    for listed in trust.crls:
        if listed.issuer in issuers:
            body = listed["tbs_cert_list"]
            age = (moment - body["this_update"].native).days
            issuer = listed.issuer.native.get("common_name", "an authority")
            yield f"list of {issuer}, {age} day(s) old, holds until {_day(body['next_update'].native)}"
    if trust.ocsps:
        yield f"{len(trust.ocsps)} OCSP answer(s)"


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
