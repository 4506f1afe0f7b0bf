"""Find the documents in a repaired byte stream, and where each of their tokens begins.

A file may hold several messages, with anything between them. Every event has the position of its token. Tokens follow each
other without a gap, so one ends where the next begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol
from xml.parsers import expat

from connectors.base import MOST_ATTRIBUTES
from connectors.places import START, behind, within
from schemas.errors import LimitExceededError, UnreadableSourceError, UnsafeSourceError

_WHITE = re.compile(rb"(?:[ \t\r\n]|\xef\xbb\xbf)+")
_TEXT = re.compile(rb"[^<]+")
_DOCUMENT = re.compile(rb"<(?:[A-Za-z_:\x80-\xff]|\?xml[ \t\r\n])")
_EMPTY_TAG = re.compile(rb"<[^\"'>]*(?:\"[^\"]*\"[^\"'>]*|'[^']*'[^\"'>]*)*/>")
_BOM = b"\xef\xbb\xbf"
_TOKEN_LIMIT = 16 << 20
_FIRST_SLICE = 1 << 12


class Listener(Protocol):
    """Receives each token. `position()` of the stream is valid during a call."""

    def on_document(self) -> None:
        """A document begins."""

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        """A start tag."""

    def on_end(self) -> None:
        """An end tag."""

    def on_text(self, data: str) -> None:
        """Characters."""

    def on_comment(self, data: str) -> None:
        """A comment."""

    def on_instruction(self, data: str) -> None:
        """A processing instruction."""

    def on_filler(self) -> None:
        """White space, a declaration, the delimiters of a CDATA section."""

    def on_stray(self, data: str) -> None:
        """Characters between documents."""


class _RootClosed(Exception):
    """The document element has ended: the parser must stop here."""


class DocumentStream:
    """Feed repaired bytes; the listener receives documents, elements and what is between them."""

    def __init__(self, listener: Listener, file: int) -> None:
        self._listener = listener
        self._file = file
        self._window = bytearray()
        self._base = 0  # offset of the window in the repaired stream
        self._fed = 0  # offset up to which the parser has been fed
        self._parser: expat.XMLParserType | None = None
        self._document = 0  # offset at which the parser's document begins
        self._depth = 0
        self._root = 0  # position of the root's start tag
        self._root_end = 0  # position of the event of its end
        self._gap = 0  # position of the current token between documents
        self._at = START  # line and column of that token, or of the start of the document
        self._root_end_at = START
        self._seen = 0  # documents begun
        self._sought = 0  # bytes of the window already searched for the end of a comment or instruction
        self._last_end = -1  # where the last end tag began
        self._leapt_to = -1

    def position(self) -> int:
        """Where the token of the current event begins, in the repaired stream."""
        if self._parser is None:
            return self._gap
        return self._document + int(self._parser.CurrentByteIndex)

    def feed(self, data: bytes) -> None:
        """Process the next bytes."""
        self._window += data
        self._go_on(final=False)

    def stands_behind(self, tag: int, offset: int) -> bool:
        """Whether the parser received exactly the bytes up to the offset, and has just passed an end tag there.

        `tag`: where the tag that ends at the offset begins, according to its bytes.
        """
        has_read = self._parser is not None and offset == self._fed == self._base + len(self._window)
        return has_read and (tag == self._last_end or offset == self._leapt_to)

    def leap(self, size: int) -> None:
        """Skip bytes that are counted elsewhere: whole elements, at a place where the stream `stands_behind` a tag."""
        self._drop(self._fed)
        self._base += size
        self._fed += size
        self._document += size
        self._leapt_to = self._fed

    def close(self) -> int:
        """End the stream; returns its length. Raises UnreadableSourceError `cut_short` if a document is still open."""
        self._go_on(final=True)
        if self._parser is not None:
            line, column = within(self._at, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber)
            raise UnreadableSourceError("cut_short", file=self._file, line=line, column=column)
        if self._seen == 0:
            self._refuse()
        return self._base + len(self._window)

    def _go_on(self, *, final: bool) -> None:
        moved = True
        while moved:
            moved = self._parse(final=final) if self._parser else self._scan(final=final)
        if len(self._window) > _TOKEN_LIMIT:
            raise LimitExceededError("token_too_large", file=self._file, limit=_TOKEN_LIMIT)

    def _parse(self, *, final: bool) -> bool:
        """Parse new bytes; returns True if the document ended and bytes may be left.

        expat reads an incomplete token again from its start. New bytes are therefore held until they are as long as the token, so
        that the cost is linear in its length. Slices grow, so that few bytes after a short document are passed in vain.
        """
        fresh = self._base + len(self._window) - self._fed
        if not final and fresh < self._fed - self._base and len(self._window) <= _TOKEN_LIMIT:
            return False
        size = _FIRST_SLICE
        while self._fed < self._base + len(self._window):
            at = self._fed - self._base
            if self._takes_the_end(bytes(self._window[at : at + size])):
                return True
            size *= 2
        return False

    def _takes_the_end(self, piece: bytes) -> bool:
        parser = self._parser
        closed = broken = False
        try:
            if parser is not None:
                parser.Parse(piece, False)
        except _RootClosed:
            closed = True
        except expat.ExpatError as error:
            broken = True
            self._at = within(self._at, error.lineno, error.offset)
        if broken or parser is None:
            self._refuse()
        elif closed:
            self._leave_document()
        else:
            self._fed += len(piece)
            self._drop(self._document + max(0, int(parser.CurrentByteIndex)))
        return closed

    def _leave_document(self) -> None:
        """Find the end of the root: its end tag begins at the event's position; an empty element ends there."""
        at = self._root_end - self._base
        first = self._root - self._base
        if first < 0 or not _EMPTY_TAG.fullmatch(self._window, first, at):
            end = self._window.index(b">", at) + 1
            self._at = behind(self._root_end_at, self._window[at:end])
            at = end
        else:
            self._at = self._root_end_at
        self._gap = self._base + at
        self._parser = None
        self._drop(self._gap)

    def _drop(self, offset: int) -> None:
        """Forget everything before the token at this offset."""
        if offset > self._base:  # nothing is left of the token before a leap
            del self._window[: offset - self._base]
            self._base = offset

    def _scan(self, *, final: bool) -> bool:
        """Read one token between documents at the start of the window; False if there is none, or only part of one."""
        if not self._window:
            return False
        end = self._white_or_text(final=final)
        if end == 0:
            end = self._markup(final=final)
        if end > 0:
            self._at = behind(self._at, self._window[:end])
            self._gap += end
            self._drop(self._gap)
            self._sought = 0
        return end != 0

    def _white_or_text(self, *, final: bool) -> int:
        white = _WHITE.match(self._window)
        if white:
            self._listener.on_filler()
            return white.end()
        if not final and len(self._window) < len(_BOM) and _BOM.startswith(self._window):
            return 0
        text = _TEXT.match(self._window)
        if text:
            self._listener.on_stray(self._words(0, text.end()))
            return text.end()
        return 0

    def _markup(self, *, final: bool) -> int:
        """A comment, an instruction, or the beginning of a document (-1)."""
        window = self._window
        if len(window) < 10 and not final and b">" not in window:
            return 0
        if window[:9].upper() == b"<!DOCTYPE":
            raise UnsafeSourceError("doctype", file=self._file)
        if _DOCUMENT.match(window):
            self._enter_document()
            return -1
        for opening, closing, heard in (
            (b"<!--", b"-->", self._listener.on_comment),
            (b"<?", b"?>", self._listener.on_instruction),
        ):
            if window.startswith(opening):
                return self._closed_by(closing, len(opening), heard, final=final)
        if window.startswith((b"</", b"<!")) or len(window) == 1:
            self._refuse()
        self._listener.on_stray("<")
        return 1

    def _closed_by(self, closing: bytes, opened: int, heard: Callable[[str], None], *, final: bool) -> int:
        end = self._window.find(closing, max(opened, self._sought))
        if end < 0 and final:
            self._refuse()
        if end < 0:
            self._sought = len(self._window) - len(closing) + 1
            return 0
        heard(self._words(opened, end))
        return end + len(closing)

    def _words(self, start: int, end: int) -> str:
        return self._window[start:end].decode("utf-8", "replace")

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
        parser.CommentHandler = self._listener.on_comment
        parser.ProcessingInstructionHandler = lambda target, data: self._listener.on_instruction(
            f"{target} {data}"
        )
        parser.DefaultHandlerExpand = lambda _data: self._listener.on_filler()
        parser.XmlDeclHandler = lambda *_parts: self._listener.on_filler()
        parser.StartDoctypeDeclHandler = self._on_doctype
        self._parser = parser

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0:
            self._root = self.position()
        self._depth += 1
        if len(attributes) > MOST_ATTRIBUTES:
            raise LimitExceededError("too_many_attributes", file=self._file, limit=MOST_ATTRIBUTES)
        self._listener.on_start(name, attributes)

    def _on_end(self, _name: str) -> None:
        self._last_end = self.position()
        self._listener.on_end()
        self._depth -= 1
        if self._depth == 0:
            self._root_end = self.position()
            if self._parser is not None:
                self._root_end_at = within(
                    self._at, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber
                )
            raise _RootClosed

    def _on_doctype(self, *_parts: object) -> None:
        raise UnsafeSourceError("doctype", file=self._file)

    def _refuse(self) -> None:
        line, column = self._at
        raise UnreadableSourceError("not_well_formed", file=self._file, line=line, column=column)
