"""Statements: DSSE envelopes around in-toto Statement v1, signed by the log's key."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import VerificationFailedError
from vault import verify
from vault.canonical_json import canonical_json
from vault.destruction.destroy import DestructionEvidence
from vault.runs.facts import StagedFile
from vault.verify import predicate_type

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
VERSION = 2
"""The version of the proof format. It determines to what the entries of a run commit (docs/formats/proof.md)."""
AUTHORISATION_CHECK = predicate_type(verify.CHECK, VERSION)
RUN = predicate_type(verify.RUN, VERSION)
DESTRUCTION = predicate_type(verify.DESTRUCTION, VERSION)
INVENTORY = "inventory.json"
MAX_LISTED_FILES = 20_000  # in an inventory, because verifiers accept files of at most 8 MiB
NOT_CLAIMED = ("host_backups", "source_and_target_systems", "memory_after_process_end")


def pae(payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def statement(run_id: str, predicate_type: str, predicate: dict[str, Any]) -> bytes:
    """Return a statement about a run, in canonical JSON. The subject's digest is of the run's opaque id."""
    subject = [{"name": f"run/{run_id}", "digest": {"sha256": sha256(run_id.encode()).hexdigest()}}]
    return canonical_json(
        {"_type": STATEMENT, "subject": subject, "predicateType": predicate_type, "predicate": predicate}
    )


def envelope(payload: bytes, key: Ed25519PrivateKey, key_id: str) -> bytes:
    """Return the signed envelope, in canonical JSON."""
    signature = b64encode(key.sign(pae(payload))).decode()
    body = {
        "payloadType": PAYLOAD_TYPE,
        "payload": b64encode(payload).decode(),
        "signatures": [{"keyid": key_id, "sig": signature}],
    }
    return canonical_json(body)


def destruction_predicate(
    evidence: DestructionEvidence,
    inventory: bytes,
    *,
    media: dict[str, Any],
    backed_up: str,
    strength: dict[str, Any],
    tool: dict[str, str],
    role: str,
    at: str,
    cause: str,
    exceptions: tuple[str, ...],
) -> dict[str, Any]:
    """Return the fields of a certificate of sanitization (NIST SP 800-88). `inventory` is the content of `inventory.json`.

    Verified facts and exceptions are separate fields. Raises VerificationFailedError (destruction_not_verified) unless all checks
    passed.
    """
    if not evidence.verification.complete():
        raise VerificationFailedError("destruction_not_verified", count=evidence.files)
    return {
        "cause": cause,
        "destroyedAt": at,
        "media": media,
        "preSanitizationCategory": "special-category-health",
        "dataBackedUp": backed_up,
        "inventory": {
            "file": INVENTORY,
            "sha256": sha256(inventory).hexdigest(),
            "files": evidence.files,
            "bytes": evidence.bytes,
        },
        "method": "purge",
        "technique": "cryptographic-erase",
        "standards": ["NIST SP 800-88r2", "IEEE 2883-2022"],
        "encryption": {
            "alg": "AES-256-GCM (Parquet AES_GCM_V1)",
            "alwaysEncrypted": True,
            "keyEntropyBits": 256,
        },
        "key": {"state": evidence.key_state, **strength},
        "also": ["unlink", "fsync-parent"],
        "tool": tool,
        "positiveControl": {"segmentsOpenedBefore": evidence.opened_before},
        "verification": evidence.verification.to_json(),
        "source": _source(evidence),
        "validation": {
            "by": role,
            "at": at,
            "result": "effective-with-exceptions" if exceptions else "effective",
            "exceptions": sorted(exceptions),
        },
        "notClaimed": list(NOT_CLAIMED),
    }


def inventory_file(files: list[StagedFile]) -> bytes:
    """Return `inventory.json`: every destroyed file, by opaque name, size and digest of its ciphertext.

    Files after the first `MAX_LISTED_FILES` are one row: their number, the sum of their bytes, and the digest of their rows.
    """
    rows = [file.to_json() for file in files]
    rest = rows[MAX_LISTED_FILES:]
    left_out = {
        "files": len(rest),
        "bytes": sum(file.size for file in files[MAX_LISTED_FILES:]),
        "sha256": sha256(canonical_json(rest)).hexdigest(),
    }
    return canonical_json(
        {"version": 1, "files": rows[:MAX_LISTED_FILES], "left_out": left_out if rest else None}
    )


def _source(evidence: DestructionEvidence) -> dict[str, Any]:
    """Return the statement about the export: `stated` if only its custody is declared, or the facts about its sealed intake."""
    intake = evidence.intake
    if intake is None:
        return {"evidence": "stated"}
    return {
        "evidence": "sealed-intake",
        "keyProvider": intake.provider,
        "keyState": intake.key_state,
        "onlyKey": intake.only_key,
        "clearSeen": intake.clear_seen,
        "encryptedAlways": intake.encrypted_always(),
    }
