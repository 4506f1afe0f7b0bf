"""A signed document as it was received: the signed bytes, the signatures, and the attachments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """One CMS signature (DER) and the bytes that it signs."""

    over: bytes
    cms: bytes
    place: int | None = None
    """On a page: the number, from 1, of the controller in whose box the signature is. None for a detached signature."""


@dataclass(frozen=True)
class Signed:
    """An instruction or a withdrawal with its signatures, the signed page, and the sealed list of patients."""

    document: bytes
    signatures: tuple[Signature, ...]
    pdf: bytes | None = None
    patients: bytes | None = None


def detached(document: bytes, signatures: list[bytes], patients: bytes | None = None) -> Signed:
    """Return a document of JSON with detached CAdES signatures, each over the whole document."""
    return Signed(document, tuple(Signature(document, cms) for cms in signatures), None, patients)
