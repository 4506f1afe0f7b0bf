"""The readable text of an instruction, in the doctor's language. The same data and wording always produce the same text.

The digest of the text is signed, so a wording never changes. Each new wording gets the next number. The digest identifies the
wording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.texts import section, text
from schemas.writing import typeset
from vault.instruction import _wording_1, _wording_2

WORDING = 2
"""The wording that is drafted."""
WORDINGS = (WORDING, 1)
"""The wordings that can be read, the newest first."""
_VALUES = {1: _wording_1.values, 2: _wording_2.values}


def render_text(body: dict[str, Any], wording: int = WORDING) -> str:
    """Return the text for this instruction (without its digest field), one line per paragraph."""
    return "\n".join(paragraph for _, paragraph in paragraphs(body, wording)) + "\n"


def paragraphs(body: dict[str, Any], wording: int) -> list[tuple[str, str]]:
    """Return name and text of each paragraph, the title first. The readable text and the page are made of them."""
    language = body["language"]
    named_texts = [
        (name, text(language, f"instruction.{wording}.paragraph.{name}", **values))
        for name, values in _VALUES[wording](body, language).items()
    ]
    if wording == 1:
        return named_texts
    return [(name, typeset(language, paragraph)) for name, paragraph in named_texts]


def section_titles(language: str, wording: int) -> Mapping[str, str]:
    """Return the titles above the paragraphs on the page."""
    return section(language, f"instruction.{wording}.section")
