"""What a code says to the person who looks, in their language: one sentence, and what to do now."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.advice import ADVICE
from schemas.texts import section


@dataclass(frozen=True)
class Advice:
    """A sentence and what to do, and the language of both: English for a code that terminals alone meet."""

    words: str
    advice: str
    language: str


def advice_of(language: str, code: str) -> Advice | None:
    """Returns what a code means and what to do; None for a code that nothing explains."""
    known = section(language, "dashboard.advice").get(code)
    if known is not None:
        words, _, advice = known.partition(" — ")
        return Advice(words, advice, language)
    found = ADVICE.get(code)
    return None if found is None else Advice(*found, "en")
