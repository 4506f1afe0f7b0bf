"""Lists the keys whose signatures are accepted: their strength is 112 bits or more.

Accepted are RSA of 2048 bits and more, the elliptic curves of 256 bits and more that SOG-IS agreed on (Agreed Cryptographic
Mechanisms 1.3, 4.1 and 4.2), and the two Edwards curves. Any other kind of key, size or curve is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from asn1crypto import keys, x509

from schemas.errors import TrustError

MIN_RSA_BITS = 2048
_RSA = frozenset({"rsa", "rsassa_pss"})
_EDWARDS = frozenset({"ed25519", "ed448"})
CURVES = frozenset(
    {
        *("secp256r1", "secp384r1", "secp521r1"),
        *(
            "1.3.36.3.3.2.8.1.1.7",
            "1.3.36.3.3.2.8.1.1.11",
            "1.3.36.3.3.2.8.1.1.13",
        ),  # brainpoolP256r1, 384, 512
        *("brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1"),
    }
)


def is_strong(key: keys.PublicKeyInfo) -> bool:
    """Return whether a signature by this key may be accepted."""
    try:
        if key.algorithm in _RSA:
            return bool(key.bit_size >= MIN_RSA_BITS)
        if key.algorithm == "ec":
            kind, name = key.curve
            return kind == "named" and name in CURVES
        return key.algorithm in _EDWARDS
    except Exception:  # noqa: BLE001 - a parser of untrusted bytes may raise anything
        return False


def refuse_weak_keys(certificate: x509.Certificate, authorities: Iterable[x509.Certificate] = ()) -> None:
    """Refuse a weak key of the certificate, or of an authority in its chain. Raises TrustError (key_too_weak).

    The chain is made of those `authorities` that are named as issuers.
    """
    by_name = {authority.subject.dump(): authority for authority in authorities}
    chain, above = [certificate], by_name.get(certificate.issuer.dump())
    while above is not None and above not in chain:
        chain.append(above)
        above = by_name.get(above.issuer.dump())
    if not all(is_strong(held.public_key) for held in chain):
        raise TrustError("key_too_weak")
