"""The accepted kinds of signer certificates: how each is recognised, its key usage, and its national number. Others are refused.

eID: the Belgian card for citizens and foreigners, recognised by its certificate policy. The national number is the subject's
serialNumber. The key usage of its signing certificate is non-repudiation alone; its authentication certificate is refused.

eHealth: recognised by `OU=eHealth-platform Belgium` under `O=Federal Government, C=BE`. Another OU states `TYPE=ID`; only the
type SSIN identifies a person (the certificate of a laboratory or a company has another type).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from asn1crypto import x509

from schemas.errors import AuthorisationError, TrustError
from schemas.identifiers import clean_inss

if TYPE_CHECKING:
    from pyhanko.sign.validation import KeyUsageConstraints

EID_POLICIES = frozenset(
    f"2.16.56.{root}.1.1.{holder}.{purpose}"
    for root in (1, 9, 10, 12)  # Belgium Root CA, CA2, CA3, CA4
    for holder in (2, 7)  # citizen, foreigner
    for purpose in (1, 2)  # signature; authentication, which the key usage check refuses
)
EID_KEY = "Signature"
"""The label of the signing key and its certificate on the Belgian eID."""
_EHEALTH = "eHealth-platform Belgium"
_GOVERNMENT = "Federal Government"
_NUMBER_IN_NAME = re.compile(r"([A-Z][A-Z0-9_()|-]*)=(\d+)")


class Family(StrEnum):
    """The kinds of certificates that are accepted."""

    EID = "eid"
    EHEALTH = "ehealth"


def family_of(certificate: x509.Certificate) -> Family:
    """Return the kind of a certificate. Raises TrustError: certificate_family_unknown."""
    family: Family | None = None
    try:
        if _values(certificate, "serial_number"):
            family = Family.EID if _policies(certificate) & EID_POLICIES else None
        elif _EHEALTH in _values(certificate, "organizational_unit_name"):
            stated = (_values(certificate, "organization_name"), _values(certificate, "country_name"))
            family = Family.EHEALTH if stated == ([_GOVERNMENT], ["BE"]) else None
    except Exception:  # noqa: BLE001, S110 - a parser of untrusted bytes may raise anything
        pass
    if family is None:
        raise TrustError("certificate_family_unknown")
    return family


def key_usage(family: Family) -> KeyUsageConstraints:
    """Return the required key usage for this kind of certificate."""
    from pyhanko.sign.validation import KeyUsageConstraints

    if family is Family.EID:
        return KeyUsageConstraints(key_usage={"non_repudiation"})
    return KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)


def national_number(certificate: x509.Certificate, family: Family) -> str:
    """Return the national number of the person in the certificate; its check digits are right.

    Raises AuthorisationError: signer_without_number, signer_number_malformed.
    """
    if family is Family.EID:
        stated = _values(certificate, "serial_number")
    else:
        typed = [
            _NUMBER_IN_NAME.fullmatch(_plain(u)) for u in _values(certificate, "organizational_unit_name")
        ]
        stated = [match[2] for match in typed if match and match[1] == "SSIN"]
        if any(match and match[1] != "SSIN" for match in typed):
            stated = []
    if not stated:
        raise AuthorisationError("signer_without_number")
    number = clean_inss(stated[0])
    if number is None or any(other != stated[0] for other in stated) or number != stated[0]:
        raise AuthorisationError("signer_number_malformed")
    return number


def _plain(value: str) -> str:
    """Return a value without the quotes and the escape that some certificates wrongly keep from its text form."""
    return value.strip('"').replace("\\=", "=")


def _values(certificate: x509.Certificate, name: str) -> list[str]:
    return [
        str(pair["value"].native)
        for relative in certificate.subject.chosen
        for pair in relative
        if pair["type"].native == name
    ]


def _policies(certificate: x509.Certificate) -> set[str]:
    stated = certificate.certificate_policies_value
    return {policy["policy_identifier"].dotted for policy in stated or ()}
