"""Time stamps of the log's heads by an outside authority (RFC 3161): nobody can rewrite the log before a head that was stamped.

The program sends nothing. It writes a request to a file. The operator sends the request to an authority of their choice, in any
way that the site allows, and gives the answer to the program. Answers must be strict DER (sorted sets). Some authorities send
answers that are not; these are refused as malformed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import ProofError, TrustError
from vault.pki._key_strength import refuse_weak_keys
from vault.pki._trust_reading import read_certificate
from vault.system.files import write_durably

if TYPE_CHECKING:
    from cryptography import x509
    from rfc3161_client import TimeStampResponse

_GRANTED = (0, 1)  # granted, granted with changes (RFC 3161, 2.4.2)
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Stamp:
    """A head that an authority stamped: its number of entries, its checkpoint, and the authority's answer (DER)."""

    size: int
    checkpoint: bytes
    response: bytes


class Stamps:
    """The stamped heads of a home, `stamps/<size>.checkpoint` and `.tsr`."""

    def __init__(self, folder: Path, trust: Path) -> None:
        self._folder = folder
        self._trust = trust

    def request(self, size: int, checkpoint: bytes) -> bytes:
        """Return a request (DER) for a stamp over a checkpoint, and store the checkpoint."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        write_durably(self._folder / f"{size}.checkpoint", checkpoint)
        return build_request(checkpoint)

    def accept(self, response: bytes, now: datetime) -> tuple[int, datetime]:
        """Store the answer to a request made here. Return the head's size and the authority's time.

        Raises TrustError: stamp_of_nothing_here, no_timestamp_roots, stamp_untrusted; clock_differs if the authority's clock and
        the local clock are more than five minutes apart.
        """
        imprint = imprint_of(response)
        for path in sorted(self._folder.glob("*.checkpoint")):
            if sha256(path.read_bytes()).digest() == imprint:
                moment = self.verify(path.read_bytes(), response)
                require_local_time(moment, now)
                write_durably(path.with_suffix(".tsr"), response)
                return int(path.stem), moment
        raise TrustError("stamp_of_nothing_here")

    def verify(self, data: bytes, response: bytes) -> datetime:
        """Return the time at which the data existed, according to an authority that this home trusts.

        Raises TrustError, ProofError (see `verify_stamp`).
        """
        return verify_stamp(data, response, read_roots(self._trust))

    def kept(self) -> list[Stamp]:
        """Return every stamped head, oldest first."""
        paths = sorted(self._folder.glob("*.tsr"), key=lambda path: int(path.stem))
        return [Stamp(int(p.stem), p.with_suffix(".checkpoint").read_bytes(), p.read_bytes()) for p in paths]


def build_request(data: bytes) -> bytes:
    """Build a request (DER) for a stamp over SHA-256 of the data, with a nonce; the answer must include its certificates."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    return bytes(builder.nonce(nonce=True).cert_request(cert_request=True).build().as_bytes())


def imprint_of(response: bytes) -> bytes:
    """Return the digest that an answer stamps. Raises ProofError."""
    return bytes(_decode(response).tst_info.message_imprint.message)


def verify_stamp(data: bytes, response: bytes, roots: list[bytes]) -> datetime:
    """Return the UTC time at which the data existed, according to an authority under one of these roots (PEM).

    Raises TrustError (no_timestamp_roots, stamp_untrusted, key_too_weak), ProofError (stamp_malformed, stamp_not_granted).
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    decoded = _decode(response)
    if not roots:
        raise TrustError("no_timestamp_roots")
    builder = VerifierBuilder()
    for root in roots:
        for certificate in _certificates(root):
            builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(decoded, data)
    except (VerificationError, ValueError):
        raise TrustError("stamp_untrusted") from None
    for certificate in decoded.signed_data.certificates:
        refuse_weak_keys(read_certificate(bytes(certificate)))
    moment: datetime = decoded.tst_info.gen_time
    return moment.astimezone(UTC)


def _certificates(pem: bytes) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise TrustError("trust_material_malformed") from None


def require_local_time(moment: datetime, now: datetime) -> None:
    """Refuse a stamp whose time is more than five minutes from the local time. Raises TrustError (clock_differs)."""
    if abs(moment - now) > CLOCK_TOLERANCE:
        raise TrustError("clock_differs")


def read_roots(trust: Path) -> list[bytes]:
    """Return the roots (PEM) of the time-stamp authorities that a home trusts."""
    return [path.read_bytes() for path in sorted((trust / "timestamps").glob("*.pem"))]


def stamped_at(response: bytes) -> datetime:
    """Return the UTC time that an answer states, unverified. Raises ProofError."""
    moment: datetime = _decode(response).tst_info.gen_time
    return moment.astimezone(UTC)


def _decode(response: bytes) -> TimeStampResponse:
    """Parse every field of an answer that is used later.

    Raises ProofError: stamp_not_granted (the answer is a refusal), stamp_malformed.
    """
    from rfc3161_client import decode_timestamp_response

    try:
        decoded = decode_timestamp_response(response)
        if decoded.status not in _GRANTED:
            raise ProofError("stamp_not_granted", state=int(decoded.status))
        _ = decoded.tst_info.message_imprint.message, decoded.tst_info.gen_time
    except (ValueError, TypeError, OverflowError):
        raise ProofError("stamp_malformed") from None
    return decoded
