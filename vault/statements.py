"""Statements: DSSE envelopes around in-toto Statement v1, signed by the log's key."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import asdict
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import VerificationFailedError
from vault.canonical import canonical_json
from vault.destroy import Evidence

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
AUTHORISATION_CHECK = "urn:reprise:authorisation-check/v1"
RUN = "urn:reprise:run/v1"
DESTRUCTION = "urn:reprise:destruction/v1"


def pae(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def statement(run_id: str, predicate_type: str, predicate: dict[str, Any]) -> bytes:
    """A statement about a run, canonical JSON. The subject's digest is of the run's opaque id."""
    from hashlib import sha256

    subject = [{"name": f"run/{run_id}", "digest": {"sha256": sha256(run_id.encode()).hexdigest()}}]
    return canonical_json(
        {"_type": STATEMENT, "subject": subject, "predicateType": predicate_type, "predicate": predicate}
    )


def envelope(payload: bytes, key: Ed25519PrivateKey, key_id: str) -> bytes:
    """The signed envelope, canonical JSON."""
    signature = b64encode(key.sign(pae(payload))).decode()
    body = {
        "payloadType": PAYLOAD_TYPE,
        "payload": b64encode(payload).decode(),
        "signatures": [{"keyid": key_id, "sig": signature}],
    }
    return canonical_json(body)


def destruction_predicate(
    evidence: Evidence, *, strength: dict[str, Any], at: str, cause: str, exceptions: tuple[str, ...]
) -> dict[str, Any]:
    """The fields of a destruction (after NIST SP 800-88). Raises VerificationFailedError unless all checks passed."""
    if not evidence.verification.complete():
        raise VerificationFailedError("destruction_not_verified", count=evidence.files)
    return {
        "cause": cause,
        "destroyedAt": at,
        "media": {"type": "logical/file-set"},
        "preSanitizationCategory": "special-category-health",
        "method": "purge",
        "technique": "cryptographic-erase",
        "standards": ["NIST SP 800-88r2", "IEEE 2883-2022"],
        "encryption": {
            "alg": "AES-256-GCM (Parquet AES_GCM_V1)",
            "alwaysEncrypted": True,
            "keyEntropyBits": 256,
        },
        "key": {"state": evidence.key_state, **strength},
        "inventory": {"files": evidence.files, "bytes": evidence.bytes},
        "positiveControl": {"segmentsOpenedBefore": evidence.opened_before},
        "verification": asdict(evidence.verification),
        "source": _source(evidence),
        "exceptions": sorted(exceptions),
        "also": ["unlink", "fsync-parent"],
        "notClaimed": [
            "backups of the host taken during the run",
            "copies in source and target systems",
            "memory after process end beyond what the operating system guarantees",
        ],
    }


def _source(evidence: Evidence) -> dict[str, Any]:
    """What the run can say of the export: its custody as stated, or that it was sealed to a key that is gone."""
    intake = evidence.intake
    if intake is None:
        return {"evidence": "stated"}
    return {
        "evidence": "sealed-intake",
        "keyProvider": intake.provider,
        "keyState": intake.key_state,
        "onlyKey": intake.only_key,
        "encryptedAlways": intake.encrypted_always(),
    }


def plain(data: bytes) -> dict[str, Any]:
    """A JSON object from bytes we made."""
    return dict(json.loads(data))
