"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), Ed25519."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import ProofError

ED25519 = 1


def strict_b64(text: str) -> bytes:
    """Decode base64 that encodes back to itself. Raises ProofError."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if b64encode(data).decode() != text:
        raise ProofError("base64_not_canonical")
    return data


def key_id(name: str, public: bytes) -> bytes:
    """First four bytes of SHA-256(name, newline, type, key)."""
    return sha256(name.encode() + b"\n" + bytes([ED25519]) + public).digest()[:4]


def format_vkey(name: str, public: bytes) -> str:
    """The verifier key `name+hash+key`."""
    return f"{name}+{key_id(name, public).hex()}+{b64encode(bytes([ED25519]) + public).decode()}"


@dataclass(frozen=True)
class VerifierKey:
    """A parsed verifier key."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+hash+key`. Raises ProofError."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise ProofError("vkey_malformed")
        key = strict_b64(parts[2])
        found = cls(parts[0], key_id(parts[0], key[1:]), key[1:])
        if key[:1] != bytes([ED25519]) or len(key) != 33 or found.key_id.hex() != parts[1]:
            raise ProofError("vkey_malformed")
        return found


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> bytes:
    """The text and one signature line."""
    public = key.public_key().public_bytes_raw()
    signature = b64encode(key_id(name, public) + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n".encode()


def open_note(note: bytes, verifier: VerifierKey) -> str:
    """The text of a note that the key signed. Raises ProofError; unknown keys' lines do not count."""
    try:
        text, _, lines = note.decode("utf-8").rpartition("\n\n")
    except UnicodeDecodeError:
        raise ProofError("note_malformed") from None
    text += "\n"
    if not lines.endswith("\n") or any(ord(c) < 32 and c != "\n" for c in text + lines):
        raise ProofError("note_malformed")
    verified = False
    for line in lines[:-1].split("\n"):
        verified = _check_line(line, text, verifier) or verified
    if not verified:
        raise ProofError("note_not_signed")
    return text


def _check_line(line: str, text: str, verifier: VerifierKey) -> bool:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—":
        raise ProofError("note_malformed")
    blob = strict_b64(parts[2])
    if parts[1] != verifier.name or blob[:4] != verifier.key_id:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(blob[4:], text.encode())
    except InvalidSignature:
        raise ProofError("note_signature_invalid") from None
    return True


@dataclass(frozen=True)
class Checkpoint:
    """A tree head."""

    origin: str
    size: int
    root: bytes

    def format(self) -> str:
        """The body that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint body. Raises ProofError."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] != "" or not lines[1].isdigit() or lines[1] != str(int(lines[1])):
            raise ProofError("checkpoint_malformed")
        root = strict_b64(lines[2])
        if len(root) != 32:
            raise ProofError("checkpoint_malformed")
        return cls(lines[0], int(lines[1]), root)
