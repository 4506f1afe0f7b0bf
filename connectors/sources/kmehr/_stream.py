"""Turn clean bytes into parser events: one expat parser for each document, several documents a file.

expat resolves nothing here: a DOCTYPE or an entity declaration ends the reading. Between documents, and before the first,
anything but markup is skipped (some files hold messages joined by addresses).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat

from connectors.base import MOST_ATTRIBUTES, Limits
from connectors.places import START, Place, behind, within
from schemas.errors import LimitExceededError, UnreadableSourceError, UnsafeSourceError

TEXT_BUFFER = 1 << 16
FIRST = 1 << 12  # bytes of the first slice of a document; each next one is twice as long
OPENING = re.compile(rb"<(?:\?xml[ \t\r\n]|[A-Za-z_:\x80-\xff])")
NOTES = ((b"<!--", b"-->"), (b"<?", b"?>"))  # how comments and instructions begin and end
DOCTYPE = b"<!DOCTYPE"
LOOKAHEAD = len(DOCTYPE)  # bytes needed after `<` to tell what it begins


class Events(Protocol):
    """Receives the events of documents."""

    def open_document(self, number: int) -> None:
        """Begin a document element, the `number`-th of the file."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""

    def end(self, name: str) -> None:
        """End an element."""

    def text(self, data: str) -> None:
        """Text, in pieces."""

    def comment(self, data: str) -> None:
        """A comment or an instruction, with its delimiters."""

    def between(self, data: str) -> None:
        """Text between documents, in pieces."""


class NoEvents:
    """Ignores all events: for callers that only check whether a file can be read."""

    def open_document(self, number: int) -> None:
        """Begin a document element."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""

    def end(self, name: str) -> None:
        """End an element."""

    def text(self, data: str) -> None:
        """Text, in pieces."""

    comment = between = text


class RootClosed(Exception):  # not an error: it leaves expat at the end of a document
    """The document element has ended."""


def parse_documents(pieces: Iterator[bytes], events: Events, file: int, limits: Limits) -> Iterator[None]:
    """Send the events of every document of a file to `events`; yields after each piece.

    Raises UnreadableSourceError `not_well_formed` or `cut_short`, UnsafeSourceError `doctype`.
    """
    reading = _Reading(events, file, limits)
    for piece in pieces:
        reading.feed(piece)
        yield
    reading.finish()
    yield


class _Reading:
    """The documents of one file, read piece by piece."""

    def __init__(self, events: Events, file: int, limits: Limits) -> None:
        self._events, self._file, self._limits = events, file, limits
        self._gap, self._number = _Gap(events, file, limits), 0
        self._parser: _Parser | None = None
        self._slice = FIRST

    def feed(self, piece: bytes) -> None:
        """Process a piece in slices, small ones first, so that the bytes after a short document are not copied each time.

        After an empty piece, everything passed before has been parsed.
        """
        if not piece and self._parser is not None:
            piece = self._parser.flush()
            self._leave_if_closed()
        at = 0
        while at < len(piece):
            part = piece[at : at + self._slice]
            self._slice *= 2
            left = self._step(part)
            at += len(part)
            if len(left) > len(part):  # the beginning of a document was kept from the piece before
                piece, at = left + piece[at:], 0
            else:
                at -= len(left)

    def finish(self) -> None:
        """End the file. Raises UnreadableSourceError if a document is still open, or none was found."""
        rest = self._parser.flush() if self._parser else self._gap.skip(b"", last=True)
        if self._parser is None and rest:
            self._parser = self._next()
        self._leave_if_closed()
        if rest:
            self.feed(rest)
            self.finish()
            return
        if self._parser is not None:
            raise _unreadable("cut_short", self._file, self._parser.place())
        if not self._number or self._gap.is_in_note:
            raise _unreadable("not_well_formed", self._file, self._gap.place)

    def _step(self, rest: bytes) -> bytes:
        """Process bytes up to the beginning or the end of a document; returns those after it."""
        if self._parser is None:
            rest = self._gap.skip(rest)
            if rest:
                self._parser, self._slice = self._next(), FIRST
            return rest
        rest = self._parser.feed(rest)
        self._leave_if_closed()
        return rest

    def _next(self) -> _Parser:
        self._number += 1
        if self._number > self._limits.max_files:
            raise LimitExceededError("documents", file=self._file, limit=self._limits.max_files)
        self._events.open_document(self._number)
        return _Parser(self._events, self._file, self._limits, self._gap.place)

    def _leave_if_closed(self) -> None:
        if self._parser is not None and self._parser.closed:
            self._gap.place = self._parser.end
            self._parser, self._slice = None, FIRST


class _Parser:
    """One document in expat."""

    def __init__(self, events: Events, file: int, limits: Limits, start: Place) -> None:
        self.closed = False
        self.end = self._start_place = start  # of the document in the file
        self._events, self._file, self._limit = events, file, limits.max_unit_bytes
        self._max_depth = limits.max_depth
        self._depth = self._fed = 0
        self._held: list[bytes] = []  # not yet passed to expat
        self._holding = self._unfinished = 0  # bytes held, bytes of expat's unfinished token
        self._end_at = -1
        self._empty = True  # the document element has no content so far
        self._tail = b""
        self._parser = expat.ParserCreate("utf-8")  # always UTF-8: the bytes are repaired
        parser = self._parser
        parser.buffer_text = True
        parser.buffer_size = TEXT_BUFFER
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = lambda data: self._note(f"<!--{data}-->")
        parser.ProcessingInstructionHandler = lambda target, data: self._note(f"<?{target} {data}?>")
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse

    def feed(self, piece: bytes) -> bytes:
        """Parse a piece; returns the bytes after the document element, none while it is open.

        expat reads an incomplete token again from its start each time. New bytes are therefore held until they are as long as the
        token so far, so that the time stays linear in the length of a token.
        """
        self._held.append(piece)
        self._holding += len(piece)
        if self._holding < self._unfinished and self._holding + self._unfinished <= self._limit:
            return b""
        return self.flush()

    def flush(self) -> bytes:
        """Parse the bytes held."""
        piece = b"".join(self._held)
        self._held, self._holding = [], 0
        return self._parse(piece)

    def _parse(self, piece: bytes) -> bytes:
        before, refusal = self._fed, None
        self._fed += len(piece)
        try:
            self._parser.Parse(piece, False)
        except RootClosed:
            self.closed = True
        except expat.ExpatError as error:
            place = within(self._start_place, error.lineno, error.offset)
            refusal = _unreadable("not_well_formed", self._file, place)
        if refusal is not None:
            raise refusal
        if self.closed:
            at = self._end_at - before
            end = self._tag_end(piece, at)
            line, column = self.end
            self.end = behind((line, column + max(0, -at)), piece[max(at, 0) : end])
            return piece[end:]
        self._tail = (self._tail + piece[-2:])[-2:]
        self._unfinished = self._fed - max(self._parser.CurrentByteIndex, 0)
        if self._unfinished > self._limit + (1 << 20):
            raise LimitExceededError("token_too_large", file=self._file, limit=self._limit)
        return b""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > self._max_depth:
            raise LimitExceededError("too_deep", file=self._file, limit=self._max_depth)
        if len(attributes) > MOST_ATTRIBUTES:
            raise LimitExceededError("too_many_attributes", file=self._file, limit=MOST_ATTRIBUTES)
        self._empty = self._depth == 1
        self._events.start(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._events.end(name)
        if not self._depth:
            self._end_at = self._parser.CurrentByteIndex
            self.end = self.place()
            raise RootClosed

    def place(self) -> Place:
        """The parser's place in the file."""
        return within(self._start_place, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber)

    def _text(self, data: str) -> None:
        self._empty = False
        self._events.text(data)

    def _note(self, data: str) -> None:
        self._empty = self._empty and self._depth == 0
        self._events.comment(data)

    def _tag_end(self, piece: bytes, at: int) -> int:
        """The end of the closing tag at (or before) `at`; for an empty-element tag, `at` itself."""
        if self._empty and (self._tail + piece[: max(at, 0)]).endswith(b"/>"):
            return max(at, 0)
        return piece.find(b">", max(at, 0)) + 1

    def _refuse(self, *_: object) -> None:
        raise UnsafeSourceError("doctype", file=self._file)


class _Gap:
    """The bytes between documents: white space, comments, instructions, addresses."""

    def __init__(self, events: Events, file: int, limits: Limits) -> None:
        self.held = b""
        self.place = START  # of what is read next, or held
        self._events, self._file, self._limit = events, file, limits.max_unit_bytes
        self._until = b""  # the end of the open comment or instruction
        self._note: list[bytes] = []  # its pieces so far
        self._noted = 0  # its size in bytes
        self._text = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def is_in_note(self) -> bool:
        """Whether a comment or an instruction is open."""
        return bool(self._until)

    def skip(self, piece: bytes, *, last: bool = False) -> bytes:
        """Returns the bytes from the start of the next document on, none if it has not arrived yet.

        With `last`, no bytes follow: what was too short to classify is judged as it is. Raises UnreadableSourceError
        `not_well_formed` for markup that begins nothing, UnsafeSourceError `doctype`.
        """
        rest, self.held = self.held + piece, b""
        left = self._skip(rest, last=last)
        self.place = behind(self.place, rest[: len(rest) - len(left) - len(self.held)])
        return left

    def _skip(self, rest: bytes, *, last: bool) -> bytes:
        at = 0
        while True:
            if self._until:
                at = self._go_on_noting(rest, at)
                if self._until:
                    return b""
            begin, at = at, rest.find(b"<", at)
            self._events.between(self._text.decode(rest[begin : at if at >= 0 else None]))
            if at < 0:
                return b""
            if len(rest) - at < LOOKAHEAD and not last:
                self.held = rest[at:]
                return b""
            if OPENING.match(rest, at):
                return rest[at:]
            at = self._pass(rest, at)

    def _pass(self, rest: bytes, at: int) -> int:
        """Handle a `<` that begins no document: a comment, an instruction, or text."""
        if rest[at : at + LOOKAHEAD].upper() == DOCTYPE:
            raise UnsafeSourceError("doctype", file=self._file)
        for opening, closing in NOTES:
            if rest.startswith(opening, at):
                self._until, self._note = closing, [opening]
                return at + len(opening)
        if rest.startswith((b"</", b"<!"), at) or at + 1 == len(rest):
            raise _unreadable("not_well_formed", self._file, behind(self.place, rest[:at]))
        self._events.between("<")
        return at + 1

    def _go_on_noting(self, rest: bytes, at: int) -> int:
        """Look for the end of the comment or instruction; returns where it ends, or the length of `rest`."""
        end = rest.find(self._until, at)
        if end >= 0:
            end += len(self._until)
            self._events.comment((b"".join(self._note) + rest[at:end]).decode("utf-8", "replace"))
            self._until, self._note, self._noted = b"", [], 0
            return end
        self.held = rest[max(at, len(rest) - 2) :]
        self._note.append(rest[at : len(rest) - len(self.held)])
        self._noted += len(rest) - at
        if self._noted > self._limit + (1 << 20):
            raise LimitExceededError("token_too_large", file=self._file, limit=self._limit)
        return len(rest)


def _unreadable(code: str, file: int, place: Place) -> UnreadableSourceError:
    return UnreadableSourceError(code, file=file, line=place[0], column=place[1])
