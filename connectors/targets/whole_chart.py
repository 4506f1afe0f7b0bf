"""Whether a chart is valid as a whole, in both releases.

libxml2 passes over characters that are none of base64; the counter of what is delivered decodes strictly.
"""

from __future__ import annotations

import re

from lxml import etree

from connectors.targets.kmehr_schema import NAMESPACE, PARSING, RELEASES, schema_of

_ATTACHMENT = re.compile(rb"<lnk(?=[ >])[^>]*>")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ROOT = f"{{{NAMESPACE}}}kmehrmessage"


class WholeChart:
    """Feed the bytes of one chart, then `close()`: valid in both releases or not.

    The chart is parsed once, without the contents of its attachments; its tree is smaller than the one it is written
    from. What is found names patients: only the verdict leaves it.
    """

    def __init__(self) -> None:
        self._thinned = WithoutContents()
        self._parser = etree.XMLParser(**PARSING)
        self._sound = True

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._parse(self._thinned.feed(piece))

    def close(self) -> bool:
        """The verdict; after this nothing more is fed."""
        self._parse(self._thinned.close())
        if not self._sound:
            return False
        try:
            root = self._parser.close()
        except etree.XMLSyntaxError:  # it breaks off, or there is nothing
            return False
        # Each type has a global element of its own in our schemas: only the root of a message is a chart.
        return root.tag == _ROOT and all(schema_of(release).validate(root) for release in RELEASES)

    def _parse(self, thin: bytes) -> None:
        if not self._sound or not thin:
            return
        try:
            self._parser.feed(thin)
        except etree.XMLSyntaxError:
            self._sound = False


class WithoutContents:
    """Bytes of a chart less those of attachments: of base64 the last four characters remain, which decide its validity."""

    def __init__(self) -> None:
        self._held = b""  # a tag that is not whole yet, or the end of a content
        self._inside = False

    def feed(self, piece: bytes) -> bytes:
        """What remains of the next bytes."""
        made: list[bytes] = []
        data, at = self._held + piece, 0
        self._held = b""
        while at < len(data):
            at = self._content(data, at, made) if self._inside else self._markup(data, at, made)
        return b"".join(made)

    def close(self) -> bytes:
        """What is still held."""
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
        if content[:cut].translate(None, _ALPHABET):
            made.append(content[:cut])  # no bare base64: as it stands
        if self._inside:
            self._held = content[cut:]
            return len(data)
        made.append(content[cut:])
        return end
