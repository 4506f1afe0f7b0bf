"""The certificate: what happened to one run, for programs (JSON), as a page (HTML), and on paper (PDF)."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.texts import LANGUAGES, section
from vault.canonical_json import canonical_json
from vault.proof._certificate_content import Block, Content, build_content
from vault.proof.names import Names

if TYPE_CHECKING:
    from markupsafe import Markup

    from vault.pdf.layout import PdfDocument

SOURCES = (
    "vault/proof/certificate.py",
    "vault/proof/_certificate_content.py",
    "vault/proof/templates/certificate.html",
    "vault/pdf/layout.py",
    "vault/pdf/_tags.py",
    "schemas/writing.py",
)
"""The files that determine how a page looks; its texts do too."""
_DRAWN_BY = ("reportlab", "segno", "jinja2", "markupsafe", "font-source-sans-pro")


def build_certificate(certificate: dict[str, Any]) -> dict[str, bytes]:
    """Returns `certificate.json`, `.html` and `.pdf`: one content, in the doctor's language, deterministic bytes.

    HTML and PDF name the layout that made them (`layout`); with the same layout their bytes can be made again and compared.
    """
    return {"certificate.json": canonical_json(certificate), **build_pages(certificate, None)}


def build_pages(certificate: dict[str, Any], names: Names | None) -> dict[str, bytes]:
    """Returns page and paper; with names, the edition for the practice, which belongs in no proof."""
    content = build_content(certificate, certificate["language"], names)
    return {"certificate.html": _page(content), "certificate.pdf": _paper(content)}


@cache
def layout() -> str:
    """Returns the identity of this layout: a digest over its sources, its texts and the versions of the drawing libraries."""
    from importlib.metadata import version

    root = Path(__file__).parents[2]
    made = sha256()
    for name in SOURCES:
        made.update((root / name).read_bytes())
    for language in LANGUAGES:
        made.update(canonical_json(dict(section(language, "certificate"))))
        made.update(canonical_json(dict(section(language, "point.month"))))
    made.update("".join(f"{name} {version(name)}\n" for name in _DRAWN_BY).encode())
    return f"Reprise layout {made.hexdigest()[:16]}"


def layout_of(page: bytes) -> str | None:
    """Returns the layout that a page or a PDF names as its own."""
    found = re.search(rb"Reprise layout [0-9a-f]{16}", page)
    return found[0].decode() if found else None


def _page(content: Content) -> bytes:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("vault.proof"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("certificate.html").render(
        content=content, qr=_qr(content.code), layout=layout()
    )
    return page.encode()


def _qr(text: str) -> Markup:
    """Returns the head of the log as a QR code, so that everyone who keeps the page, even on paper, keeps the head."""
    import segno
    from markupsafe import Markup

    return Markup(segno.make(text, error="m", micro=False).svg_inline(scale=3, border=2))  # noqa: S704 - generated here


def _paper(content: Content) -> bytes:
    from vault.pdf.layout import PdfDocument  # the PDF writer is slow to load

    paper = PdfDocument(content.title, language=content.language, subject=layout())
    paper.uncompressed()  # others compare the bytes, perhaps with another compressor
    paper.footer(content.reference)
    paper.dated(*content.made)
    if content.banner:
        paper.banner(content.banner)
    paper.heading(content.title)
    paper.small(f"{' '.join(content.run)}. {content.times}")
    if content.edition:
        paper.small(content.edition)
    paper.text(" ".join(content.outcome))
    for part in content.sections:
        paper.section(part.title)
        for number, block in enumerate(part.blocks, 1):
            _put(paper, block, last=number == len(part.blocks))
    paper.text(content.trust)
    paper.section(content.head_title)
    paper.code(content.code, list(content.head), content.code_is)
    return paper.to_pdf()


def _put(paper: PdfDocument, block: Block, *, last: bool) -> None:
    if block.rows:
        paper.rows(block.rows, figures=block.kind == "figures", strong=block.kind == "questions")
        if not last:
            paper.space(1)
    elif block.kind in ("points", "checks"):
        paper.points(block.lines)
    else:
        for line in block.lines:
            paper.text(line)
