r"""How an element is staged: its shape and its texts.

The shape is the element as XML, names without prefixes and namespaces, with a HOLE where a text stands. The texts are
what stands there, in document order, as characters: nothing is escaped in them. `<cd S="CD-ITEM" SV="1.0">lab</cd>` has the
shape `<cd S="CD-ITEM" SV="1.0">\0</cd>` and the text `lab`. Attributes belong to the shape. An element without text and
children is `<name/>`; one whose text is empty is the same.

White space that stands alone between elements is no text, but in PROSE, where it parts words.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

HOLE = "\0"
"""A character that XML cannot hold."""
PROSE = "text-with-layout"
"""The element in which markup stands amid a sentence."""


def to_xml(shape: str, texts: Sequence[str]) -> str:
    """The element; a carriage return becomes a reference, which a reader does not change."""
    pieces = shape.split(HOLE)
    written = (escape(text, {"\r": "&#13;"}) for text in texts)
    return "".join(part for pair in zip(pieces, [*written, ""], strict=True) for part in pair)
