"""Time stamps (RFC 3161) over the doctor's signatures of a recorded instruction, sealed with their evidence.

A stamp shows that the signature existed while its certificate was valid, whatever happens to the certificate later. The stamp
covers the bytes of the signature's file, so that `openssl ts -verify -data` can check the stamp.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from schemas.errors import TrustError
from vault.authorisation.check import evidence_of
from vault.authorisation.register import PAGE, InstructionRegister
from vault.home_folder import Home
from vault.pki.timestamps import build_request, imprint_of, read_roots, require_local_time, verify_stamp


def is_signature(name: str) -> bool:
    """Return whether a file of the evidence is a signature that can be stamped."""
    return name.endswith(".p7s") or name == PAGE


def stamp_requests(home: Home, authorisation_id: str) -> dict[str, bytes]:
    """Return a request (DER) for each signature that has no stamp yet, by the signature's file name."""
    stamped = _kept(home, authorisation_id)
    signed = {n: data for n, data in evidence_of(home, authorisation_id).items() if is_signature(n)}
    return {
        name: build_request(data) for name, data in signed.items() if sha256(data).hexdigest() not in stamped
    }


def accept_stamp(home: Home, authorisation_id: str, response: bytes, now: datetime) -> tuple[str, datetime]:
    """Store the answer to a request. Return the signature's file name and the authority's time.

    Raises TrustError (stamp_of_nothing_here, no_timestamp_roots, stamp_untrusted, clock_differs).
    """
    imprint = imprint_of(response)
    for name, data in evidence_of(home, authorisation_id).items():
        if is_signature(name) and sha256(data).digest() == imprint:
            moment = verify_stamp(data, response, read_roots(home.trust))
            require_local_time(moment, now)
            kept = {**_kept(home, authorisation_id), imprint.hex(): response}
            InstructionRegister(home, None, authorisation_id).put("stamps", kept)
            return name, moment
    raise TrustError("stamp_of_nothing_here")


def stamps_of(home: Home, authorisation_id: str, evidence: dict[str, bytes]) -> dict[str, bytes]:
    """Return the stamps over the signatures of this evidence, each under its signature's name plus `.tsr`."""
    kept = _kept(home, authorisation_id)
    digests = {name: sha256(data).hexdigest() for name, data in evidence.items() if is_signature(name)}
    return {f"{n}.tsr": kept[digest] for n, digest in digests.items() if digest in kept}


def _kept(home: Home, authorisation_id: str) -> dict[str, bytes]:
    return InstructionRegister(home, None, authorisation_id).get("stamps") or {}
