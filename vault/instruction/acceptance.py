"""The document that a controller signs to accept a delivery: JSON, and a PDF page in the doctor's language with that JSON.

Version 1 is JSON with a detached signature; version 2 is a PDF page with a signature in it. Both state the run and a digest of
its sealed parts. Only the signature names the signer.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from schemas.errors import AuthorisationError
from schemas.texts import LANGUAGES, text
from schemas.writing import number, size, typeset
from vault.canonical_json import canonical_json
from vault.instruction.page import place_name

NAME = "acceptance.pdf"
"""The name of the page in a package, beside the sealed parts."""
ATTACHMENT = "acceptance.json"
VERSION = 2
_PARAGRAPHS = ("what", "accept", "after", "references")
Parts = list[tuple[str, int, str]]
"""Name, size in bytes and SHA-256 (hexadecimal) of each sealed part, in the order of the manifest."""


def accepted_as_json(run: str, parts: Parts) -> bytes:
    """Return the JSON of version 1, which is signed with a detached signature."""
    return canonical_json(_about(1, run, parts))


def accepted_on_page(run: str, parts: Parts, *, processor: str, language: str) -> bytes:
    """Return the JSON of version 2: version 1 plus the values that the page shows and the digest of its text."""
    body = {
        **_about(VERSION, run, parts),
        "parts": len(parts),
        "bytes": sum(count for _, count, _ in parts),
        "processor": processor,
        "language": language,
    }
    return canonical_json({**body, "readable_text_sha256": _digest(body)})


def _about(version: int, run: str, parts: Parts) -> dict[str, Any]:
    digest = sha256(canonical_json([list(part) for part in parts])).hexdigest()
    return {
        "version": version,
        "type": "acceptance",
        "run": run,
        "parts_sha256": digest,
        "result": "accepted",
    }


def is_acceptance(document: bytes) -> bool:
    """Return whether JSON claims to be an acceptance."""
    try:
        return bool(json.loads(document)["type"] == "acceptance")
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def render_acceptance(document: bytes) -> bytes:
    """Return the page for an acceptance of version 2; the same JSON always gives the same bytes.

    Raises AuthorisationError: acceptance_of_another (the document is malformed), readable_text_differs.
    """
    from vault.pdf.layout import PdfDocument  # the PDF writer is slow to load

    body = _parsed(document)
    language = body["language"]
    title, *rest = _paragraphs(body)
    paper = PdfDocument(title, language=language)
    paper.uncompressed()
    paper.footer(f"{title} \N{MIDDLE DOT} {body['run']}")
    paper.attach(ATTACHMENT, document)
    paper.heading(title)
    for name, paragraph in zip(_PARAGRAPHS, rest, strict=True):
        (paper.small if name == "references" else paper.text)(paragraph)
    paper.section(typeset(language, text(language, "acceptance.sign")))
    paper.signing_place(place_name(1), typeset(language, text(language, "acceptance.signer")))
    return paper.to_pdf()


def _parsed(document: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(document)
        plain = {name: body[name] for name in body if name != "readable_text_sha256"}
        same = _has_fields(plain) and canonical_json(body) == document
        differs = same and _digest(plain) != body["readable_text_sha256"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        same = differs = False
    if not same:
        raise AuthorisationError("acceptance_of_another")
    if differs:
        raise AuthorisationError("readable_text_differs")
    return body


def _has_fields(body: dict[str, Any]) -> bool:
    """Return whether the fields are exactly those of version 2, each of its type."""
    kinds = {
        "version": int,
        "type": str,
        "run": str,
        "parts_sha256": str,
        "result": str,
        "parts": int,
        "bytes": int,
        "processor": str,
        "language": str,
    }
    typed = body.keys() == kinds.keys() and all(type(body[name]) is kind for name, kind in kinds.items())
    fixed = (body.get("version"), body.get("type"), body.get("result")) == (VERSION, "acceptance", "accepted")
    return typed and fixed and body["language"] in LANGUAGES


def _paragraphs(body: dict[str, Any]) -> list[str]:
    """Return the title, and the paragraphs named in `_PARAGRAPHS`."""
    language = body["language"]
    texts = (
        text(language, "acceptance.title"),
        text(
            language,
            "acceptance.what",
            processor=body["processor"],
            run=body["run"],
            parts=number(language, body["parts"]),
            size=size(language, body["bytes"]),
        ),
        text(language, "acceptance.accept"),
        text(language, "acceptance.after", processor=body["processor"]),
        text(language, "acceptance.references", digest=body["parts_sha256"]),
    )
    return [typeset(language, paragraph) for paragraph in texts]


def _digest(body: dict[str, Any]) -> str:
    return sha256("\n".join(_paragraphs(body)).encode()).hexdigest()
