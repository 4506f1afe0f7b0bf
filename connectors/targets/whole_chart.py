"""Validate a whole chart against both releases.

libxml2 ignores characters that are not base64; the counter of what is delivered decodes strictly.
"""

from __future__ import annotations

import binascii
import re

import pybase64
from lxml import etree

from connectors.targets.kmehr_schema import NAMESPACE, PARSING, validate

_ATTACHMENT = re.compile(rb"<lnk(?=[ >])[^>]*>")
_ROOT = f"{{{NAMESPACE}}}kmehrmessage"


class WholeChart:
    """Feed the bytes of one chart, then `close()`: valid in both releases or not.

    The chart is parsed once, without attachment contents; its tree is smaller than the tree from which it is written. Validation
    errors name patients, so only the verdict is returned.
    """

    def __init__(self) -> None:
        self._thinned = WithoutContents()
        self._parser = etree.XMLParser(**PARSING)
        self._sound = True

    def feed(self, piece: bytes) -> None:
        """Process the next bytes."""
        self._parse(self._thinned.feed(piece))

    def close(self) -> bool:
        """Returns the verdict; nothing may be fed afterwards."""
        self._parse(self._thinned.close())
        if not self._sound:
            return False
        try:
            root = self._parser.close()
        except etree.XMLSyntaxError:  # cut short, or empty
            return False
        # Each type has a global element in our schemas: only the root of a message is a chart.
        return root.tag == _ROOT and validate(root)

    def _parse(self, thin: bytes) -> None:
        if not self._sound or not thin:
            return
        try:
            self._parser.feed(thin)
        except etree.XMLSyntaxError:
            self._sound = False


def _is_base64(content: bytes) -> bool:
    """Whether bytes are whole groups of base64, without white space. Decoding costs less than a look at each byte."""
    try:
        pybase64.b64decode(content, validate=True)
    except binascii.Error:
        return False
    return not content.endswith(b"=")


class WithoutContents:
    """Removes attachment contents from a chart's bytes, except the last four base64 characters, which decide their validity."""

    def __init__(self) -> None:
        self._held = b""  # an unfinished tag, or the end of a content
        self._inside = False

    def feed(self, piece: bytes) -> bytes:
        """Returns what remains of the next bytes."""
        made: list[bytes] = []
        data, at = self._held + piece, 0
        self._held = b""
        while at < len(data):
            at = self._content(data, at, made) if self._inside else self._markup(data, at, made)
        return b"".join(made)

    def close(self) -> bytes:
        """Returns the bytes still held."""
        return self._held

    def _markup(self, data: bytes, at: int, made: list[bytes]) -> int:
        found = _ATTACHMENT.search(data, at)
        if found is not None:
            self._inside = not found[0].endswith(b"/>")
            made.append(data[at : found.end()])
            return found.end()
        last = data.rfind(b"<", at)
        end = last if last >= 0 and data.find(b">", last) < 0 else len(data)
        made.append(data[at:end])
        self._held = data[end:]
        return len(data)

    def _content(self, data: bytes, at: int, made: list[bytes]) -> int:
        end = data.find(b"<", at)
        self._inside = end < 0
        content = data[at:end] if end >= 0 else data[at:]
        cut = max(len(content) - 1, 0) // 4 * 4
        if not _is_base64(content[:cut]):
            made.append(content[:cut])  # kept as it is
        if self._inside:
            self._held = content[cut:]
            return len(data)
        made.append(content[cut:])
        return end
