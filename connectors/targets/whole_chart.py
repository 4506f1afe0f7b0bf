"""Whether a chart is valid as a whole, judged while it is written; what was already judged is not kept.

libxml2 passes over characters that are none of base64; the counter of what is delivered decodes strictly.
"""

from __future__ import annotations

import re

from lxml import etree

from connectors.targets.kmehr_schema import NAMESPACE, PARSING, RELEASES, schema_of

_ATTACHMENT = re.compile(rb"<lnk(?=[ >])[^>]*>")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ROOT = f"{{{NAMESPACE}}}kmehrmessage"
_LARGE = (f"{{{NAMESPACE}}}item", f"{{{NAMESPACE}}}transaction")


class WholeChart:
    """Feed the bytes of one chart, then `close()`: valid in both releases or not. Memory stays flat."""

    def __init__(self) -> None:
        self._thinned = WithoutContents()
        self._parsers = [_Validating(release) for release in RELEASES]

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        thin = self._thinned.feed(piece)
        for parser in self._parsers:
            parser.feed(thin)

    def close(self) -> bool:
        """The verdict; after this nothing more is fed."""
        rest = self._thinned.close()
        return all(parser.close(rest) for parser in self._parsers)


class _Validating:
    """One parser that validates while it reads. What it finds names patients: only the verdict leaves it."""

    def __init__(self, release: str) -> None:
        self._sound, self._ended = True, False
        # Large is only what the writer itself holds: contents of attachments do not come here.
        self._parser = etree.XMLPullParser(
            events=("end",),
            tag=(_ROOT, *_LARGE),
            schema=schema_of(release),
            **PARSING,
        )

    def feed(self, piece: bytes) -> None:
        if not self._sound or not piece:
            return
        try:
            self._parser.feed(piece)
            self._forget()
        except etree.XMLSyntaxError:
            self._sound = False

    def _forget(self) -> None:
        for _, element in self._parser.read_events():
            if isinstance(element, etree._Element):  # noqa: SLF001 (lxml's own name for it)
                self._ended = element.tag == _ROOT  # to close a chart that breaks off is no error to libxml2
                element.clear()

    def close(self, rest: bytes) -> bool:
        self.feed(rest)
        if not self._sound:
            return False
        try:
            self._parser.close()
            self._forget()
        except etree.XMLSyntaxError:
            return False
        return self._ended


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
