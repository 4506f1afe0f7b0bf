"""MediDoc files as values: each request (`#A`) of a document is a message, with the document's header before it.

A document is a header of nine lines, requests, and a footer `#/`. A document may hold requests of several patients. The
header of a document belongs to its first request; before each further one it is repeated, so that every message states its
sender. Only `#A`, `#R` and `#/` at the beginning of a line are control lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connectors.sources.flat.dates import year_first
from connectors.sources.flat.lines import cut_lines, split_text
from connectors.sources.flat.message import Doubt, Identity, Message, Part, Piece, Sender
from connectors.sources.flat.text import Decoded, decode_flat
from connectors.sources.medidoc._results import Block, read_block
from connectors.sources.sniffing import LINE_BYTES, plain
from schemas.disposition import UnitKind
from schemas.identifiers import clean_inss, plain_digits
from schemas.persons import Person, fold_birth, fold_name

NAME = "medidoc"
HEADER_LINES = 9
_REQUEST = re.compile(r"#A(?!/)")
_REQUEST_END = re.compile(r"#A/")
_RESULT = re.compile(r"#R([A-Za-z])\s*\Z")
_RESULT_END = re.compile(r"#R/")
_FOOTER = re.compile(r"#/\s*\d*\s*\Z")
_NAMES_AT = 24
_BLANK = " \t\x0b\x0c\x1a\ufeff"
_NIHDI = re.compile(r"(?<!\d)(\d)[./ -]?(\d{5})[./ -]?(\d{2})[./ -]?(\d{3})(?!\d)")
_LABORATORY = re.compile(r"[A-Za-z]\d{2}[0-9A-Za-z]\Z")
_SEXES = {"X": "female", "Y": "male", "F": "female", "V": "female", "M": "male"}
_STATES = {"P": "partial", "C": "complete", "S": "partial", "L": "complete"}
_NO_DATES = frozenset({"", "%%", "00000000", "000000", "01010001", "01011900", "19000101", "00010101"})


class Request(NamedTuple):
    """The administrative lines of a request by their meaning; `at`: the ordinals of name and address."""

    name: str = ""
    birth: str = ""
    sex: str = ""
    day: str = ""
    reference: str = ""
    protocol: str = ""
    street: str = ""
    postcode: str = ""
    town: str = ""
    number: str = ""  # what follows `#A`, or the line of its own in the variant with the address first
    at: tuple[int, int] = (1, 1)

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


def parse_messages(data: bytes) -> list[Message]:
    """Every request of a file or an attachment."""
    return [parse_message(piece) for piece in group_lines(cut_lines(data))]


def begins_message(line: str) -> bool:
    """Whether a line, in its plain signs, opens a request."""
    return _REQUEST.match(line) is not None


def group_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Group the lines of a file into messages: a header and one request each.

    What follows the last footer belongs to the request before it.
    """
    header: list[bytes] = []  # of the document that is read, or of the next one after a footer
    request: list[bytes] = []
    ended = False
    for line in lines:
        start = plain(line[:LINE_BYTES]).rstrip("\r\n")
        if _REQUEST.match(start):
            if request:
                yield b"".join(request)
            request, ended = [*header, line], False
        elif ended or not request:
            header.append(line)
        else:
            request.append(line)
            if _FOOTER.match(start):
                header, ended = [], True
    rest = b"".join((*request, *(header if ended or not request else ())))
    if rest:
        yield rest


def parse_message(data: bytes) -> Message:
    """Parse one request with its header. Never fails: an unknown value is empty."""
    decoded = decode_flat(data)
    lines = split_text(decoded.text)
    opened = next((n for n, line in enumerate(lines) if _REQUEST.match(line)), len(lines))
    body = next((n for n in range(opened, len(lines)) if _ends_head(lines[n])), len(lines))
    header = _header(lines[:opened])
    request = _request(lines[opened:body], opened + 1)
    blocks = list(_blocks(lines, body))
    read = [read_block(block) for block in blocks]
    results = tuple(result for each in read for result in each.results)
    is_lab = bool(_LABORATORY.match(header[0])) or any(each.is_lab for each in read)
    created = year_first(header[6][:8], None)
    day = None if request.day in _NO_DATES else year_first(request.day, created)
    return Message(
        format=NAME,
        kind="labresult" if is_lab else "note",
        reference=request.reference,
        sender=_sender(header),
        identity=_identity(request, day or created),
        requestor=" ".join(reversed(_names(header[8]))).strip(),
        date=day or created,
        time=None,
        status=_STATES.get(request.protocol.upper()) if is_lab else None,
        pieces=tuple(_pieces(lines, body, blocks, {result.line for result in results})),
        parts=tuple(
            _parts(lines, body, blocks, [each.parts for each in read], "remark" if is_lab else "letter")
        ),
        results=results,
        text=decoded.text,
        data=data,
        codec=decoded.codec,
        doubts=tuple(
            _doubts(decoded, lines, request, [d for each in read for d in each.doubts], day or created)
        ),
        person=_person(request, day or created),
        numbers=frozenset({request.number} if request.number else ()),
    )


def _ends_head(line: str) -> bool:
    return any(form.match(line) for form in (_RESULT, _REQUEST_END, _FOOTER))


def _header(lines: Sequence[str]) -> list[str]:
    """The nine lines, stripped; blank lines before them do not count, missing ones are empty."""
    kept = list(lines)
    while len(kept) > HEADER_LINES and not kept[0].strip(_BLANK):
        del kept[0]
    return [*(line.strip(_BLANK) for line in kept[:HEADER_LINES]), *[""] * HEADER_LINES][:HEADER_LINES]


def _request(lines: Sequence[str], first: int) -> Request:
    """The lines of a request, `first` being the ordinal of its `#A` line."""
    if not lines:
        return Request()
    own = lines[0][2:].strip(_BLANK)
    found = [*(line.rstrip(_BLANK) for line in lines[1:]), *[""] * 9]
    if re.search(r"[^\d%\s]", found[1]):  # the address stands before the birth date
        name, street, home, number, birth, sex, day, reference, protocol, *_ = found
        postcode, _, town = home.strip().partition(" ")
        number = number.strip() or own
        return Request(
            name, birth.strip(), sex.strip(), day.strip(), reference.strip(), protocol.strip(), _one_line(street),
            postcode, town.strip(), number, (first + 1, first + 2),
        )  # fmt: skip
    name, birth, sex, day, reference, protocol, street, postcode, town, *_ = found
    return Request(
        name, birth.strip(), sex.strip(), day.strip(), reference.strip(), protocol.strip(), _one_line(street),
        postcode.strip(), town.strip(), own, (first + 1, first + 7),
    )  # fmt: skip


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _names(line: str) -> tuple[str, str]:
    """Family name and first name: they stand in columns of 24 signs, or with two blanks or more between."""
    if len(line) > _NAMES_AT and " " in line[_NAMES_AT - 1 : _NAMES_AT + 1]:
        return line[:_NAMES_AT].strip(), line[_NAMES_AT:].strip()
    apart = re.match(r"(.*\S)\s{2,}(\S.*)", line.strip())
    return (apart[1].strip(), apart[2].strip()) if apart else (line.strip(), "")


def _sender(header: Sequence[str]) -> Sender:
    """A laboratory by its name, or a doctor by both; the number stands in the first line or in a free one."""
    numbers = (_NIHDI.search(line) for line in (header[0], header[4], header[5]))
    number = next(("".join(found.groups()) for found in numbers if found), "")
    family, first = _names(header[1])
    return Sender(" ".join(part for part in (first, family) if part), number)


def _identity(request: Request, date: str | None) -> Identity:
    family, first = _names(request.name)
    return Identity(
        family_name=family,
        first_name=first,
        sex=_SEXES.get(request.sex.upper()),
        birth=None if request.birth in _NO_DATES else year_first(request.birth, date),
        inss=clean_inss(request.number),
        street=request.street,
        postcode=request.postcode,
        town=request.town,
        lines=request.at,
    )


def _person(request: Request, date: str | None) -> Person:
    who = _identity(request, date)
    return Person(fold_name(who.family_name), fold_name(who.first_name), fold_birth(who.birth), who.sex or "")


def _blocks(lines: Sequence[str], body: int) -> Iterator[Block]:
    """The results below the head: each from its `#R` line to its end, or to the next control line if its end is missing."""
    at = body
    while at < len(lines):
        opening = _RESULT.match(lines[at])
        if opening is None:
            at += 1
            continue
        end = at + 1
        while end < len(lines) and not (_RESULT_END.match(lines[end]) or _ends_head(lines[end])):
            end += 1
        closed = end < len(lines) and _RESULT_END.match(lines[end]) is not None
        yield Block(at + 1, end - at + closed, opening[1].lower(), tuple(lines[at + 1 : end]))
        at = end + closed


def _pieces(lines: Sequence[str], body: int, blocks: Sequence[Block], results: set[int]) -> Iterator[Piece]:
    """The units: each line of the header and of the head, each result whole, any other line that states something."""
    starts = {block.line - 1: block for block in blocks}
    at = 0
    while at < len(lines):
        block = starts.get(at)
        if block is not None:
            kind = UnitKind.RESULT if block.line in results else UnitKind.COMMENT
            yield Piece(block.line, block.size, kind, "\n".join(lines[at : at + block.size]))
            at += block.size
            continue
        line = lines[at]
        is_nothing = not line.strip(_BLANK) or _FOOTER.match(line) or _REQUEST_END.match(line)
        kind = UnitKind.MESSAGE_HEADER if at < body else UnitKind.COMMENT
        yield Piece(at + 1, 1, None if is_nothing else kind, line)
        at += 1


def _parts(
    lines: Sequence[str], body: int, blocks: Sequence[Block], read: Sequence[Sequence[Part]], texts: str
) -> Iterator[Part]:
    """What the results say, and lines between and after them that are no control lines; `texts`: what a text is here."""
    starts = {block.line - 1: (block, parts) for block, parts in zip(blocks, read, strict=True)}
    at = body
    while at < len(lines):
        if at in starts:
            block, parts = starts[at]
            yield from (part._replace(kind=texts) if part.kind == "letter" else part for part in parts)
            at += block.size
            continue
        line = lines[at]
        if line.strip(_BLANK) and not (_FOOTER.match(line) or _REQUEST_END.match(line)):
            yield Part(at + 1, texts, line)
        at += 1


def _doubts(
    decoded: Decoded, lines: Sequence[str], request: Request, found: Sequence[Doubt], date: str | None
) -> Iterator[Doubt]:
    if decoded.doubtful:
        strange = decoded.strange or tuple(n for n, line in enumerate(lines, 1) if not line.isascii())
        yield Doubt(strange[0], "code_page_doubtful", lines[strange[0] - 1])
    for at in decoded.mended[:1]:
        yield Doubt(at, "encoding_repaired", lines[at - 1])
    if request.birth not in _NO_DATES and year_first(request.birth, date) is None:
        yield Doubt(request.at[0], "birth_date_unreadable", request.birth)
    digits = plain_digits(request.number)
    if len(digits) == 11 and digits.isdigit() and not clean_inss(digits):
        yield Doubt(request.at[0], "national_number_invalid", request.number)
    yield from found
