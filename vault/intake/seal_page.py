"""The page on which a practice seals its export: one file, no network, filled in for one intake.

It is built from `intake/` (`make page`) and committed as a template. Only an inert block of JSON is filled in, so the hashes of
its content security policy remain valid.
"""

from __future__ import annotations

import json
from pathlib import Path

_TEMPLATE = Path(__file__).with_name("templates") / "seal-page.html"
_EMPTY_SETTINGS = '{"recipient":"","until":"","language":"en"}'


def fill_page(recipient: str, until: str, language: str) -> str:
    """Returns the page for one recipient, in the doctor's language."""
    filled = json.dumps({"recipient": recipient, "until": until, "language": language}, separators=(",", ":"))
    before, place, after = _TEMPLATE.read_text(encoding="utf-8").partition(_EMPTY_SETTINGS)
    return before + (filled if place else "") + after
