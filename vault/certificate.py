"""The certificate: what happened to one run, for programs (JSON) and for a doctor (a page)."""

from __future__ import annotations

from typing import Any

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vault.canonical import canonical_json
from vault.certificate_phrases import PHRASES
from vault.certificate_words import WORDS

TRUST = (
    "This proves that this software, at this time, recorded and verified what is said here."
    " It cannot prove that no other copy exists."
)

_THOUSANDS = {"en": ",", "fr": "\N{NARROW NO-BREAK SPACE}", "nl": ".", "de": "."}
_COLON = {"fr": "\N{NO-BREAK SPACE}:"}


def build_certificate(facts: dict[str, Any], language: str) -> tuple[bytes, bytes]:
    """Certificate as canonical JSON and as a self-contained page in the doctor's language."""
    data = canonical_json({**facts, "trust": TRUST})
    environment = Environment(
        loader=PackageLoader("vault"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda count: f"{count:,}".replace(",", _THOUSANDS[language])
    page = environment.get_template("certificate.html").render(
        colon=_COLON.get(language, ":"),
        qr=_qr(facts["head"]),
        words=WORDS[language],
        phrases=PHRASES[language],
        language=language,
        **facts,
    )
    return data, page.encode()


def _qr(head: dict[str, Any]) -> Markup:
    """The head of the log as a picture, so that it is kept by whoever keeps the page, on paper too."""
    text = f"{head['origin']}\n{head['size']}\n{head['root']}\n"
    return Markup(segno.make(text, error="m", micro=False).svg_inline(scale=3, border=2))  # noqa: S704 - our own SVG
