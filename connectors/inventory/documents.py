"""Find the documents in a repaired byte stream and say where each token of them begins.

Several messages may stand in one file, with anything between them. Every event has the position of its token;
since tokens follow each other without a gap, one ends where the next begins.
"""

from __future__ import annotations

import re
from typing import Protocol
from xml.parsers import expat

from schemas.errors import LimitExceededError, UnreadableSourceError, UnsafeSourceError

_WHITE = re.compile(rb"(?:[ \t\r\n]|\xef\xbb\xbf)+")
_TEXT = re.compile(rb"[^<]+")
_DOCUMENT = re.compile(rb"<(?:[A-Za-z_:\x80-\xff]|\?xml[ \t\r\n])")
_EMPTY_TAG = re.compile(rb"<[^\"'>]*(?:\"[^\"]*\"[^\"'>]*|'[^']*'[^\"'>]*)*/>")
_TOKEN_LIMIT = 16 << 20


class Listener(Protocol):
    """What is told of each token. `position()` of the stream holds during a call."""

    def on_document(self) -> None:
        """A document begins."""

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        """A start tag."""

    def on_end(self) -> None:
        """An end tag."""

    def on_text(self, data: str) -> None:
        """Characters."""

    def on_comment(self) -> None:
        """A comment."""

    def on_instruction(self) -> None:
        """A processing instruction."""

    def on_filler(self) -> None:
        """White space, a declaration, the marks of a CDATA section."""

    def on_stray(self) -> None:
        """Characters between documents."""


class _RootClosed(Exception):
    """The end tag of the document element was met: the parser must stop here."""


class DocumentStream:
    """Feed repaired bytes; the listener hears of documents, elements and what is between them."""

    def __init__(self, listener: Listener, file: int) -> None:
        self._listener = listener
        self._file = file
        self._window = b""
        self._base = 0  # offset of the window in the repaired stream
        self._fed = 0  # offset up to which the parser has been fed
        self._parser: expat.XMLParserType | None = None
        self._document = 0  # offset at which the parser's document begins
        self._depth = 0
        self._root = 0  # position of the root's start tag
        self._root_end = 0  # and of the event of its end
        self._gap = 0  # position of the present token between documents
        self._seen = 0  # documents begun

    def position(self) -> int:
        """Where the token of the present event begins, in the repaired stream."""
        if self._parser is None:
            return self._gap
        return self._document + int(self._parser.CurrentByteIndex)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._window += data
        self._go_on(final=False)

    def close(self) -> int:
        """Take the end of the stream; gives its length. A document left open was cut short."""
        self._go_on(final=True)
        if self._parser is not None:
            raise UnreadableSourceError("cut_short", file=self._file)
        if self._seen == 0:
            self._refuse()
        return self._base + len(self._window)

    def _go_on(self, *, final: bool) -> None:
        moved = True
        while moved:
            moved = self._parse() if self._parser else self._scan(final=final)
        if len(self._window) > _TOKEN_LIMIT:
            raise LimitExceededError("token_too_large", file=self._file, limit=_TOKEN_LIMIT)

    def _parse(self) -> bool:
        """Feed the parser what is new; True when the document ended and bytes may be left."""
        parser = self._parser
        if parser is None:
            return False
        fresh = self._window[self._fed - self._base :]
        closed = broken = False
        try:
            parser.Parse(fresh, False)
        except _RootClosed:
            closed = True
        except expat.ExpatError:
            broken = True
        if broken:
            self._refuse()
        if closed:
            self._leave_document()
            return True
        self._fed += len(fresh)
        self._drop(self._document + max(0, int(parser.CurrentByteIndex)))
        return False

    def _leave_document(self) -> None:
        """The root's end tag begins at the position of its event, or, of an empty element, ends there."""
        at = self._root_end - self._base
        first = self._root - self._base
        if first < 0 or not _EMPTY_TAG.fullmatch(self._window, first, at):
            at = self._window.index(b">", at) + 1
        self._gap = self._base + at
        self._parser = None
        self._drop(self._gap)

    def _drop(self, offset: int) -> None:
        """Forget what lies before the token at this offset."""
        self._window = self._window[offset - self._base :]
        self._base = offset

    def _scan(self, *, final: bool) -> bool:
        """One token between documents; False when there is none, or not yet all of one."""
        at = self._gap - self._base
        rest = self._window[at:]
        if not rest:
            return False
        end = self._white_or_text(rest, final=final)
        if end == 0:
            end = self._markup(rest, final=final)
        if end > 0:
            self._gap += end
            self._drop(self._gap)
        return end != 0

    def _white_or_text(self, rest: bytes, *, final: bool) -> int:
        white = _WHITE.match(rest)
        if white:
            self._listener.on_filler()
            return white.end()
        if not final and len(rest) < 3 and b"\xef\xbb\xbf".startswith(rest):
            return 0
        text = _TEXT.match(rest)
        if text:
            self._listener.on_stray()
            return text.end()
        return 0

    def _markup(self, rest: bytes, *, final: bool) -> int:
        """A comment, an instruction, or the beginning of a document (-1)."""
        if len(rest) < 10 and not final and b">" not in rest:
            return 0
        if rest[:9].upper() == b"<!DOCTYPE":
            raise UnsafeSourceError("doctype", file=self._file)
        if _DOCUMENT.match(rest):
            self._enter_document()
            return -1
        for opening, closing, heard in (
            (b"<!--", b"-->", self._listener.on_comment),
            (b"<?", b"?>", self._listener.on_instruction),
        ):
            if rest.startswith(opening):
                end = rest.find(closing, len(opening))
                if end < 0 and final:
                    self._refuse()
                if end < 0:
                    return 0
                heard()
                return end + len(closing)
        if rest.startswith((b"</", b"<!")) or len(rest) == 1:
            self._refuse()
        self._listener.on_stray()
        return 1

    def _enter_document(self) -> None:
        self._seen += 1
        self._document = self._fed = self._gap
        self._depth = 0
        self._listener.on_document()
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = False
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._listener.on_text
        parser.CommentHandler = lambda _data: self._listener.on_comment()
        parser.ProcessingInstructionHandler = lambda _target, _data: self._listener.on_instruction()
        parser.DefaultHandlerExpand = lambda _data: self._listener.on_filler()
        parser.XmlDeclHandler = lambda *_parts: self._listener.on_filler()
        parser.StartDoctypeDeclHandler = self._on_doctype
        self._parser = parser

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0:
            self._root = self.position()
        self._depth += 1
        self._listener.on_start(name, attributes)

    def _on_end(self, _name: str) -> None:
        self._listener.on_end()
        self._depth -= 1
        if self._depth == 0:
            self._root_end = self.position()
            raise _RootClosed

    def _on_doctype(self, *_parts: object) -> None:
        raise UnsafeSourceError("doctype", file=self._file)

    def _refuse(self) -> None:
        raise UnreadableSourceError("not_well_formed", file=self._file)
