"""The practice's page, `desk.html`: one file that needs no network. Each package has it; for an intake, it is filled in.

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
    """Return the page of a package, which has the same bytes for every practice."""
    return _PAGE.read_bytes()


def fill_page(recipient: str, until: str, language: str) -> str:
    """Return the page of an intake, for one recipient and in the doctor's language. It begins with the step that seals."""
    filled = json.dumps({"recipient": recipient, "until": until, "language": language}, separators=(",", ":"))
    before, place, after = desk_page().decode().partition(_PLACE)
    return before + (filled if place else "") + after
