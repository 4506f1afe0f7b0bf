"""Formats the answers of the form: for people, and as FIELDS if the form was left before its end."""

from __future__ import annotations

import json
from typing import Any

from vault.instruction.printable import visible


def in_words(value: Any) -> str:
    """Return an answer in one line: `patient_records, lab_results`; `source (holder doctor), package (holder doctor)`."""
    if isinstance(value, dict):
        return ", ".join(_pair(name, inner) for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return (
            "; ".join(in_words(item) for item in value)
            if any(isinstance(item, dict) for item in value)
            else ", ".join(visible(str(item)) for item in value)
        )
    return visible(str(value)) or "(empty)"


def _pair(name: str, value: Any) -> str:
    return f"{name} ({in_words(value)})" if isinstance(value, dict) else f"{name} {in_words(value)}"


def unfinished(answers: dict[str, Any]) -> str:
    """Return the answers of an unfinished form as FIELDS, with advice, as text to print."""
    return (
        "\nThe answers so far, as FIELDS. Save them in a file: `reprise authorise draft FILE` names what is missing.\n"
        + json.dumps(answers, indent=2, ensure_ascii=False)
    )
