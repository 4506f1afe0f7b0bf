"""How a value states a number, a comparison, a flag, or that there is no value yet."""

from __future__ import annotations

import re

NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?\Z")
COMPARED = re.compile(r"(?:<=?|>=?|=<|=>|≤|≥)\s*[+-]?\d+(?:[.,]\d+)?\Z")
SUSCEPTIBILITY = re.compile(r"([SIR])(?![A-Za-zÀ-ÿ])")
_WITH_FLAG = re.compile(r"((?:<=?|>=?|=<|=>|≤|≥)?\s*\d+(?:[.,]\d+)?)\s+(\*|HH?|LL?|\+{1,3}|-{1,3})\Z")
_FOLLOWS = frozenset(
    {
        "en cours", "suit", "suivra", "a suivre", "à suivre", "resultat suit", "résultat suit", "résultats suivent",
        "resultats suivent", "volgt", "resultaat volgt", "resultaten volgen", "te volgen", "in uitvoering", "in behandeling",
        "folgt", "ergebnis folgt", "in arbeit", "pending",
    }
)  # fmt: skip


def is_measured(value: str) -> bool:
    """Whether a value is a number, or a number with a comparison before it."""
    return NUMBER.match(value) is not None or COMPARED.match(value) is not None


def is_pending(value: str) -> bool:
    """Whether a text says that the result will follow (a closed list of phrases in French, Dutch, German)."""
    return value.strip(" .…!*-()").casefold() in _FOLLOWS


def without_flag(value: str, flag: str) -> tuple[str, str]:
    """Value and flag; a flag that stands behind a number in the field of the value is taken from there."""
    found = None if flag else _WITH_FLAG.match(value)
    return (value, flag) if found is None else (found[1].strip(), found[2])


LABORATORY_SECTIONS = frozenset(
    [
        *("BG", "BLB", "CG", "CH", "CP", "GE", "HM", "IMM", "LAB", "MB", "MCB", "MYC", "OSL", "SP", "SR"),
        *("TX", "VR"),
    ]
)
"""Diagnostic services of HL7 table 0074 that are laboratories; FHIR R4 uses the same codes."""
