"""Reads the signed instruction that an order or a command names, from files or from the home."""

from __future__ import annotations

import glob
from pathlib import Path

from schemas.regular_file import open_regular, read_regular
from vault.authorisation.check import recorded
from vault.home_folder import Home
from vault.instruction.signed_page import MAX_BYTES, is_pdf, open_pdf
from vault.pki.signed_document import Signed, detached


def evidence(home: Home, reference: str) -> Signed:
    """Return the signed instruction in a file, or the instruction that the home stores under an id."""
    path = Path(reference)
    return read_evidence(path) if path.is_file() else recorded(home, reference)


def read_evidence(path: Path) -> Signed:
    """Return the signed instruction in FILE: a signed PDF, or JSON with all FILE*.p7s; with FILE.patients.age if it exists.

    Raises AuthorisationError for a PDF that is not a page made by Reprise, signed and otherwise unchanged
    (`vault.instruction.signed_page.open_pdf`).
    """
    beside = path.with_name(path.name + ".patients.age")
    patients = read_regular(beside) if beside.is_file() else None
    with open_regular(path) as file:
        data = file.read(MAX_BYTES + 1)
    signatures = [] if is_pdf(data) else sorted(path.parent.glob(glob.escape(path.name) + "*.p7s"))
    return sent_evidence(data, [read_regular(signature) for signature in signatures], patients)


def sent_evidence(data: bytes, signatures: list[bytes], patients: bytes | None = None) -> Signed:
    """Return the signed instruction in bytes that were sent: a signed PDF, or JSON with detached signatures.

    Raises AuthorisationError (see `read_evidence`).
    """
    return open_pdf(data, patients) if is_pdf(data) else detached(data, signatures, patients)
