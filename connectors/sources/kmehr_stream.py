"""From clean bytes to parser events: one expat run a document, several documents a file.

expat resolves nothing here: a DOCTYPE or an entity declaration ends the reading. Between documents, and
before the first, anything but markup is passed over (files of messages joined by addresses exist).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat

from connectors.base import Limits
from schemas.errors import LimitExceededError, UnreadableSourceError, UnsafeSourceError

TEXT_BUFFER = 1 << 16
OPENING = re.compile(rb"<(?:\?xml\s|!D|[^!?/\s<>&=])")
QUESTION = ord("?")
LOOKAHEAD = 6  # bytes after which `<` has told what it begins


class Events(Protocol):
    """What a document's reader answers to."""

    def open_document(self, number: int) -> None:
        """A document element is to come, the `number`-th of the file."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, data: str) -> None:
        """Text, in pieces."""


class RootClosed(Exception):  # not an error: it leaves expat at the end of a document
    """The document element has ended."""


def parse_documents(pieces: Iterator[bytes], events: Events, file: int, limits: Limits) -> Iterator[None]:
    """Drive `events` through every document of a file; gives control back after each piece.

    Raises UnreadableSourceError `not_well_formed` or `cut_short`, UnsafeSourceError `doctype`.
    """
    gap, parser, number = _Gap(), None, 0
    for piece in pieces:
        rest = piece
        while rest:
            if parser is None:
                rest = gap.skip(rest)
                if not rest:
                    break
                number += 1
                if number > limits.max_files:
                    raise LimitExceededError("documents", file=file, limit=limits.max_files)
                events.open_document(number)
                parser = _Parser(events, file, limits)
            rest = parser.feed(rest)
            parser = None if parser.closed else parser
        if gap.lost:
            raise UnreadableSourceError("not_well_formed", file=file)
        yield
    if parser is not None:
        raise UnreadableSourceError("cut_short", file=file)
    if not number or gap.held.strip():
        raise UnreadableSourceError("not_well_formed", file=file)


class _Parser:
    """One document in expat."""

    def __init__(self, events: Events, file: int, limits: Limits) -> None:
        self.closed = False
        self._events, self._file, self._limit = events, file, limits.max_unit_bytes
        self._max_depth = limits.max_depth
        self._depth = self._fed = 0
        self._end_at = -1
        self._empty = True  # the document element has nothing in it so far
        self._tail = b""
        self._parser = expat.ParserCreate("utf-8")  # whatever the declaration says: the bytes are repaired
        parser = self._parser
        parser.buffer_text = True
        parser.buffer_size = TEXT_BUFFER
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse

    def feed(self, piece: bytes) -> bytes:
        """Parse a piece; gives what follows the document element, nothing while it is open."""
        before, refusal = self._fed, None
        self._fed += len(piece)
        try:
            self._parser.Parse(piece, False)
        except RootClosed:
            self.closed = True
        except expat.ExpatError:
            refusal = UnreadableSourceError("not_well_formed", file=self._file)
        if refusal is not None:
            raise refusal
        if self.closed:
            return piece[self._tag_end(piece, self._end_at - before) :]
        self._tail = (self._tail + piece)[-2:]
        if self._fed - max(self._parser.CurrentByteIndex, 0) > self._limit + (1 << 20):
            raise LimitExceededError("token_too_large", file=self._file, limit=self._limit)
        return b""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > self._max_depth:
            raise LimitExceededError("too_deep", file=self._file, limit=self._max_depth)
        self._empty = self._depth == 1
        self._events.start(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._events.end(name)
        if not self._depth:
            self._end_at = self._parser.CurrentByteIndex
            raise RootClosed

    def _text(self, data: str) -> None:
        self._empty = False
        self._events.text(data)

    def _tag_end(self, piece: bytes, at: int) -> int:
        """Where the closing tag at (or before) `at` ends; of an empty-element tag `at` is the end."""
        if self._empty and (self._tail + piece[: max(at, 0)]).endswith(b"/>"):
            return max(at, 0)
        return piece.find(b">", max(at, 0)) + 1

    def _refuse(self, *_: object) -> None:
        raise UnsafeSourceError("doctype", file=self._file)


class _Gap:
    """What lies between documents: white space, comments, instructions, addresses."""

    def __init__(self) -> None:
        self.held = b""
        self.lost = False  # markup that begins no document
        self._until = b""  # the end of the comment or instruction we are in

    def skip(self, piece: bytes) -> bytes:
        """Give the bytes from the start of the next document on, nothing when it is not there yet."""
        rest, self.held, at = self.held + piece, b"", 0
        while not self.lost:
            if self._until:
                end = rest.find(self._until, at)
                if end < 0:
                    self.held = rest[max(at, len(rest) - 2) :]
                    return b""
                at, self._until = end + len(self._until), b""
            at = rest.find(b"<", at)
            if at < 0:
                return b""
            if len(rest) - at < LOOKAHEAD:
                self.held = rest[at:]
                return b""
            if OPENING.match(rest, at):
                return rest[at:]
            self._until = (
                b"-->" if rest[at : at + 4] == b"<!--" else b"?>" if rest[at + 1] == QUESTION else b""
            )
            self.lost = not self._until
            at += 2  # past the opening: its own characters do not close it
        return b""
