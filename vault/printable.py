"""What a field of an instruction may hold: one line that everybody who looks at it reads alike.

A name that moves the cursor, hides text, turns its order or looks like another would make the doctor read something else
than what is signed. So a field holds characters that every page and terminal here draws, in one normal form.
"""

from __future__ import annotations

import unicodedata

_LATIN = (
    *range(0x20, 0x7F),
    *(code for code in range(0xA1, 0x17F) if code != 0xAD),  # a soft hyphen is not drawn
    *range(0x218, 0x21C),
    *range(0x1EA0, 0x1EFA),  # Vietnamese
    *(0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x201E, 0x2026, 0x20AC),
)
PRINTABLE = frozenset(map(chr, _LATIN)) - {chr(code) for code in _LATIN if not chr(code).isprintable()}
"""Latin letters with their marks, digits, and the punctuation of Western Europe: what the font of our pages draws."""

_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and marks without any ink


def is_printable_line(text: str) -> bool:
    """Whether it is one line of `PRINTABLE` characters in NFC, with no blank at its ends."""
    return set(text) <= PRINTABLE and unicodedata.normalize("NFC", text) == text and text.strip() == text


def hides(text: str) -> bool:
    """Whether it holds a character that is not drawn, or that changes how others are: of any script."""
    return any(_is_hiding(character) for character in text)


def visible(text: str) -> str:
    """The same for a terminal: each character that hides is written as its number, `[U+001B]`, as on paper."""
    return "".join(f"[U+{ord(c):04X}]" if _is_hiding(c) else c for c in text)


def _is_hiding(character: str) -> bool:
    return (
        unicodedata.category(character) in _HIDING
        or character in _BLANK
        or 0xFE00 <= ord(character) <= 0xFE0F  # variation selectors
    )
