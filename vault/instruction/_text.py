"""The readable text of an instruction, in the doctor's language. The same data and wording always produce the same text.

The digest of the text is signed, so a wording never changes: another one gets another number, and the digest tells which it is.
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
"""All that are read, the newest first."""
_VALUES = {1: _wording_1.values, 2: _wording_2.values}


def render_text(body: dict[str, Any], wording: int = WORDING) -> str:
    """Returns the text for this instruction (without its digest field), one line per paragraph."""
    return "\n".join(told for _, told in paragraphs(body, wording)) + "\n"


def paragraphs(body: dict[str, Any], wording: int) -> list[tuple[str, str]]:
    """Returns name and text of each paragraph, the title first: the source of the text and of the page."""
    language = body["language"]
    told = [
        (name, text(language, f"instruction.{wording}.paragraph.{name}", **values))
        for name, values in _VALUES[wording](body, language).items()
    ]
    return told if wording == 1 else [(name, typeset(language, each)) for name, each in told]


def section_titles(language: str, wording: int) -> Mapping[str, str]:
    """Returns the titles above the paragraphs on the page."""
    return section(language, f"instruction.{wording}.section")
