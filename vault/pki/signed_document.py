"""A signed paper as it came: what was signed, by which signatures, and what lay beside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """One CMS signature (DER) and the bytes it is over."""

    over: bytes
    cms: bytes
    place: int | None = None
    """Of a page: in the box of which controller it stands, from 1."""


@dataclass(frozen=True)
class Signed:
    """An instruction or a withdrawal with its signatures; the page it was signed on, the sealed list of patients."""

    document: bytes
    signatures: tuple[Signature, ...]
    pdf: bytes | None = None
    patients: bytes | None = None


def detached(document: bytes, signatures: list[bytes], patients: bytes | None = None) -> Signed:
    """JSON with detached CAdES signatures beside it, each over the whole of it."""
    return Signed(document, tuple(Signature(document, cms) for cms in signatures), None, patients)
