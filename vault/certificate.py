"""The certificate: what happened to one run, for programs (JSON), as a page (HTML), and on paper (PDF)."""

from __future__ import annotations

from typing import Any

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vault.canonical import canonical_json
from vault.certificate_content import Block, Content, build_content
from vault.certificate_words import WORDS
from vault.paper import Paper


def build_certificate(facts: dict[str, Any], language: str) -> dict[str, bytes]:
    """`certificate.json`, `.html` and `.pdf`: one content, the doctor's language, the same bytes for the same facts."""
    content = build_content(facts, language)
    return {
        "certificate.json": canonical_json({**facts, "language": language, "trust": WORDS["en"]["trust"]}),
        "certificate.html": _page(content),
        "certificate.pdf": _paper(content),
    }


def _page(content: Content) -> bytes:
    environment = Environment(
        loader=PackageLoader("vault"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("certificate.html").render(content=content, qr=_qr(content.code))
    return page.encode()


def _qr(text: str) -> Markup:
    """The head of the log as a picture, so that it is kept by whoever keeps the page, on paper too."""
    return Markup(segno.make(text, error="m", micro=False).svg_inline(scale=3, border=2))  # noqa: S704 - our own SVG


def _paper(content: Content) -> bytes:
    paper = Paper(content.title, language=content.language)
    if content.banner:
        paper.banner(content.banner)
    paper.heading(content.title)
    paper.small(content.run)
    paper.text(" ".join(content.outcome))
    for section in content.sections:
        paper.section(section.title)
        for number, block in enumerate(section.blocks, 1):
            _put(paper, block, last=number == len(section.blocks))
    paper.text(content.trust)
    paper.section(content.head_title)
    paper.code(content.code, list(content.head))
    return paper.to_pdf()


def _put(paper: Paper, block: Block, *, last: bool) -> None:
    if block.rows:
        paper.rows(block.rows, figures=block.kind == "figures")
        if not last:
            paper.space(1)
    elif block.kind in ("points", "checks"):
        paper.points(block.lines)
    else:
        for line in block.lines:
            paper.text(line)
