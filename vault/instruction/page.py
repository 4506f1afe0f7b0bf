"""The instruction as a PDF page: the text in the doctor's language, a box for each signature, and the JSON as an attachment.

The page is made only from the JSON, each time with the same bytes (no part of it is compressed, dated or random). So anyone with
the JSON can make the page again and compare the two; a page with another text has other bytes.
"""

from __future__ import annotations

import json
import re

from schemas.errors import AuthorisationError
from vault.instruction._text import paragraphs, section_titles
from vault.instruction.document import MAX_BYTES, parse

ATTACHMENT = "instruction.json"
_FIELD_PREFIX = "controller-"
_EMBEDDED = re.compile(
    rb"\n<<\n/Length (\d{1,9}) /Params <<\n/Size \d{1,9}\n>> /Type /EmbeddedFile\n>>\nstream\n"
)


def place_name(number: int) -> str:
    """Return the name of the signature field of the controller with this number, from 1."""
    return f"{_FIELD_PREFIX}{number}"


def place_number(name: str) -> int:
    """Return the number for which `place_name` returns this name. Raises ValueError if there is no such number."""
    number = int(name.removeprefix(_FIELD_PREFIX))
    if place_name(number) != name:
        raise ValueError
    return number


def render_pdf(document: bytes) -> bytes:
    """Return the page for an instruction. Raises AuthorisationError (`vault.instruction.document.parse`)."""
    from vault.pdf.layout import (
        PdfDocument,  # the PDF writer is slow to load, and most commands do not need it
    )

    instruction = parse(document)
    body = {k: v for k, v in json.loads(document).items() if k != "readable_text_sha256"}
    wording = instruction.wording
    sections = section_titles(instruction.language, wording)
    (_, title), *rest = paragraphs(body, wording)
    paper = PdfDocument(title, language=instruction.language, plain=wording == 1)
    paper.footer(f"{title} \N{MIDDLE DOT} {instruction.nonce}")
    paper.uncompressed()
    paper.attach(ATTACHMENT, document)
    paper.heading(title)
    for name, text in rest:
        if name in sections:
            paper.section(sections[name])
            (paper.small if name == "references" else paper.text)(text)
        else:
            paper.small(text)
    paper.section(sections["sign"])
    for number, controller in enumerate(instruction.controllers, 1):
        paper.signing_place(place_name(number), controller.name)
    return paper.to_pdf()


def embedded_document(pdf: bytes) -> bytes:
    """Return the JSON in a page that Reprise made, found without a PDF parser.

    Raises AuthorisationError: pdf_without_instruction.
    """
    match = _EMBEDDED.search(pdf)
    length = int(match[1]) if match else 0
    if match is None or not 0 < length <= MAX_BYTES:
        raise AuthorisationError("pdf_without_instruction")
    return pdf[match.end() : match.end() + length]
