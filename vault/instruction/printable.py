"""The characters that a field of an instruction may have: one line that looks the same to every reader.

Some characters move the cursor, hide text, reverse its order or look like other characters. With them, the doctor would read
another text than is signed. So a field has only characters that every page and terminal here can draw, in one normal form.
"""

from __future__ import annotations

import re
import unicodedata

_LATIN = (
    *range(0x20, 0x7F),
    *(code for code in range(0xA1, 0x17F) if code != 0xAD),  # a soft hyphen is not drawn
    *range(0x218, 0x21C),
    *range(0x1EA0, 0x1EFA),  # Vietnamese
    *(0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x201E, 0x2026, 0x20AC),
)
PRINTABLE = frozenset(map(chr, _LATIN)) - {chr(code) for code in _LATIN if not chr(code).isprintable()}
"""Latin letters with their marks, digits, and the punctuation of Western Europe: the characters in the font of the pages."""

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_DRAWING_NOTHING = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
)  # letters and marks that draw nothing


def is_printable_line(text: str) -> bool:
    """Return whether the text is one line of `PRINTABLE` characters in NFC, without blanks at its ends."""
    return set(text) <= PRINTABLE and unicodedata.normalize("NFC", text) == text and text.strip() == text


_LONG_BLANK = re.compile(r"\s{12,}")
"""Blanks that push the following text off the page, or into another column."""
_MARKS_OF_A_LETTER = 3
"""More marks on one letter would overlap neighbouring lines; no written language needs so many."""


def hides(text: str) -> bool:
    """Return whether the text has a character, of any script, that is not drawn, or that changes how others are drawn."""
    return visible(text) != text


def visible(text: str) -> str:
    """Return a text that is safe for a terminal: characters that hide text are written out, as on the page.

    Such a character becomes its number, `[U+001B]`, and so does each mark of a letter after the third. A long gap becomes its
    length, `[300 blanks]`.
    """
    gaps = _LONG_BLANK.sub(lambda gap: f" [{len(gap[0])} blanks] ", text)
    written, marks = [], 0
    for character in gaps:
        marks = marks + 1 if unicodedata.combining(character) else 0
        hidden = _is_hiding(character) or marks > _MARKS_OF_A_LETTER
        written.append(f"[U+{ord(character):04X}]" if hidden else character)
    return "".join(written)


def _is_hiding(character: str) -> bool:
    return (
        unicodedata.category(character) in _INVISIBLE_CATEGORIES
        or character in _DRAWING_NOTHING
        or 0xFE00 <= ord(character) <= 0xFE0F  # variation selectors
    )
