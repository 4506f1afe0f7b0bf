r"""The staged form of an element: its shape and its texts.

The shape is the element as XML, with names without prefixes and namespaces, and a HOLE in place of each text. The texts follow
in document order as characters, without escapes. `<cd S="CD-ITEM" SV="1.0">lab</cd>` has the shape
`<cd S="CD-ITEM" SV="1.0">\0</cd>` and the text `lab`. Attributes belong to the shape. An element without text and children is
`<name/>`; an element with an empty text is the same.

White space alone between elements is not text, except in PROSE, where it separates words.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

HOLE = "\0"
"""A character that XML cannot hold."""
PROSE = "text-with-layout"
"""The element that contains markup within sentences."""


def to_xml(shape: str, texts: Sequence[str]) -> str:
    """The element; a carriage return becomes a reference, which parsers do not change."""
    pieces = shape.split(HOLE)
    written = (escape(text, {"\r": "&#13;"}) for text in texts)
    return "".join(part for pair in zip(pieces, [*written, ""], strict=True) for part in pair)
