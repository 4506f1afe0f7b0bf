"""A signed document as it was received: the signed data, the signatures, and the attachments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """One CMS signature (DER) and the bytes that it signs."""

    over: bytes
    cms: bytes
    place: int | None = None
    """On a page: the number of the controller whose box it stands in, from 1."""


@dataclass(frozen=True)
class Signed:
    """An instruction or a withdrawal with its signatures, the signed page, and the sealed list of patients."""

    document: bytes
    signatures: tuple[Signature, ...]
    pdf: bytes | None = None
    patients: bytes | None = None


def detached(document: bytes, signatures: list[bytes], patients: bytes | None = None) -> Signed:
    """Build a document from JSON with detached CAdES signatures, each over all of it."""
    return Signed(document, tuple(Signature(document, cms) for cms in signatures), None, patients)
