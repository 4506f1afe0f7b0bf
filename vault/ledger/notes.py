"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), Ed25519."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import ForkError, ProofError

ED25519 = 1
COSIGNATURE = 4
MAX_SIGNATURES = 64


def strict_b64(text: str) -> bytes:
    """Decode canonical base64 only: the result must encode to the same text. Raises ProofError."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if b64encode(data).decode() != text:
        raise ProofError("base64_not_canonical")
    return data


def key_id(name: str, public: bytes, kind: int = ED25519) -> bytes:
    """Return the first four bytes of SHA-256(name, newline, type, key)."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def format_vkey(name: str, public: bytes, kind: int = ED25519) -> str:
    """Format the verifier key `name+hash+key`."""
    return f"{name}+{key_id(name, public, kind).hex()}+{b64encode(bytes([kind]) + public).decode()}"


@dataclass(frozen=True)
class VerifierKey:
    """A parsed verifier key: of a log (type 1) or of a witness (type 4)."""

    name: str
    key_id: bytes
    public: bytes
    kind: int = ED25519

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Parse the text `name+hash+key`. Raises ProofError (vkey_malformed, base64_not_canonical)."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise ProofError("vkey_malformed")
        key = strict_b64(parts[2])
        if len(key) != 33 or key[0] not in (ED25519, COSIGNATURE) or not _is_name(parts[0]):
            raise ProofError("vkey_malformed")
        verifier = cls(parts[0], key_id(parts[0], key[1:], key[0]), key[1:], key[0])
        if verifier.key_id.hex() != parts[1]:
            raise ProofError("vkey_malformed")
        return verifier

    def verify(self, blob: bytes, text: str) -> None:
        """Verify a signature over a note's text. `blob` is what follows the key id in the signature line. Raises ProofError."""
        message, signature = text.encode(), blob
        if self.kind == COSIGNATURE:
            if len(blob) != 72:
                raise ProofError("cosignature_malformed")
            time_s = int.from_bytes(blob[:8], "big")
            message, signature = f"cosignature/v1\ntime {time_s}\n{text}".encode(), blob[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise ProofError("note_signature_invalid") from None


def _is_name(text: str) -> bool:
    return bool(text) and "+" not in text and not any(c.isspace() for c in text)


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> bytes:
    """Return the text with one signature line."""
    public = key.public_key().public_bytes_raw()
    signature = b64encode(key_id(name, public) + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n".encode()


def split_note(note: bytes) -> tuple[str, list[str]]:
    """Split a note into its text (with the last newline) and its signature lines. Raises ProofError."""
    try:
        text, blank, lines = note.decode("utf-8").rpartition("\n\n")
    except UnicodeDecodeError:
        raise ProofError("note_malformed") from None
    if not blank or not lines.endswith("\n") or any(ord(c) < 32 and c != "\n" for c in text + lines):
        raise ProofError("note_malformed")
    signature_lines = lines[:-1].split("\n")
    if len(signature_lines) > MAX_SIGNATURES:
        raise ProofError("note_malformed")
    return text + "\n", signature_lines


def open_note(note: bytes, verifier: VerifierKey) -> str:
    """Return the text of a note that the key signed; ignores lines of unknown keys. Raises ProofError."""
    if not signers_of(note, [verifier]):
        raise ProofError("note_not_signed")
    return split_note(note)[0]


def signers_of(note: bytes, known: list[VerifierKey]) -> list[VerifierKey]:
    """Return the known keys that signed. Raises ProofError if the signature of a known key is invalid."""
    text, lines = split_note(note)
    signers = []
    for line in lines:
        name, blob = _parse_line(line)
        for key in known:
            if name == key.name and blob[:4] == key.key_id:
                key.verify(blob[4:], text)
                signers.append(key)
    return signers


def _parse_line(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not _is_name(parts[1]):
        raise ProofError("note_malformed")
    blob = strict_b64(parts[2])
    if len(blob) < 5:
        raise ProofError("note_malformed")
    return parts[1], blob


def add_signatures(note: bytes, other: bytes) -> tuple[bytes, int]:
    """Return `note` with the signature lines that only `other` has, and their number. Raises ForkError if the texts differ."""
    text, lines = split_note(note)
    other_text, other_lines = split_note(other)
    if text != other_text:
        raise ForkError("cosigned_another_head")
    fresh = [line for line in other_lines if line not in lines and _parse_line(line)]
    return (text + "\n" + "".join(f"{line}\n" for line in [*lines, *fresh])).encode(), len(fresh)


def cosign_note(note: bytes, name: str, key: Ed25519PrivateKey, time_s: int) -> bytes:
    """Return the note with a witness's line: the witness saw this head, consistent with all earlier heads, at this time.

    `time_s` is in seconds since 1970-01-01, UTC.
    """
    text, _ = split_note(note)
    public = key.public_key().public_bytes_raw()
    signature = key.sign(f"cosignature/v1\ntime {time_s}\n{text}".encode())
    blob = key_id(name, public, COSIGNATURE) + time_s.to_bytes(8, "big") + signature
    return note + f"— {name} {b64encode(blob).decode()}\n".encode()


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: name of the log, number of entries, and root hash."""

    origin: str
    size: int
    root: bytes

    def format(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Parse a checkpoint's text. Raises ProofError."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] != "" or not _is_size(lines[1]) or "" in lines[:-1]:
            raise ProofError("checkpoint_malformed")
        root = strict_b64(lines[2])
        if len(root) != 32:
            raise ProofError("checkpoint_malformed")
        return cls(lines[0], int(lines[1]), root)


def _is_size(text: str) -> bool:
    """Return whether the text is a log size: decimal, no leading zero, below 2^63."""
    return (
        text.isascii()
        and text.isdigit()
        and len(text) <= 19
        and text == str(int(text))
        and int(text) < 1 << 63
    )
