"""The practice's page, `desk.html`: one file, no network; it goes into each package, and is filled in for an intake.

It is built from `desk/` (`make page`) and committed. Only an inert block of JSON is filled in, so the hashes of its content
security policy remain valid.
"""

from __future__ import annotations

import json
from pathlib import Path

NAME = "desk.html"
_PAGE = Path(__file__).with_name(NAME)
_PLACE = '{"recipient":"","until":"","language":""}'


def desk_page() -> bytes:
    """Returns the page as it is in a package: for every practice the same bytes."""
    return _PAGE.read_bytes()


def fill_page(recipient: str, until: str, language: str) -> str:
    """Returns the page for one recipient, in the doctor's language: it begins with the step that seals."""
    filled = json.dumps({"recipient": recipient, "until": until, "language": language}, separators=(",", ":"))
    before, place, after = desk_page().decode().partition(_PLACE)
    return before + (filled if place else "") + after
