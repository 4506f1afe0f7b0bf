"""Messages inside texts and attachments, as the counters find them: in base64, in mails, in archives (docs/formats/flat.md)."""

from __future__ import annotations

import binascii
from collections.abc import Iterator

import pybase64

from connectors.archived import PAYLOAD_BYTES, archived_files
from connectors.inventory.flat.reading import ReadMessage
from connectors.inventory.message_formats import format_of, read_all

_DEEPEST = 5
_MOST = 1000
_DEEPEST_PARTS = 8
_LEAST_SIGNS = 24
_HEAD = 1 << 16
_BLANK = b" \t\r\n"
_ALPHABET = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_MAIL_FIELDS = (b"mime-version", b"message-id")
_HEADER_FIELDS = 60


def read_held(content: bytes) -> Iterator[tuple[int, ReadMessage]]:
    """Yield every message in a content with its number there."""
    number = 0
    for name, data in _Search().of(content, 0):
        for message in read_all(name, data):
            number += 1
            yield number, message


class _Search:
    """The search through one content; what it has looked at is counted."""

    def __init__(self) -> None:
        self._met = 0

    def of(self, content: bytes, level: int) -> Iterator[tuple[str, bytes]]:
        """Yield each stretch of messages with its format."""
        if self._met >= _MOST:
            return
        self._met += 1
        name = format_of(content)
        if name is not None:
            yield name, content
        elif level < _DEEPEST:
            for inner in _inside(content):
                if len(inner) <= PAYLOAD_BYTES:
                    yield from self.of(inner, level + 1)


def _inside(content: bytes) -> Iterator[bytes]:
    if is_mail(content):
        yield from _Mail().parts(content)
    elif is_encoded(content):
        found = decode(content)
        if found is not None:
            yield found
    else:
        yield from archived_files(content)


def is_encoded(content: bytes) -> bool:
    """Whether the first signs that are not blank are those of base64."""
    count = 0
    for sign in content[:_HEAD]:
        if sign in _ALPHABET:
            count += 1
            if count == _LEAST_SIGNS:
                return True
        elif sign not in _BLANK:
            return False
    return False


def decode(content: bytes) -> bytes | None:
    """What base64 stands for; None if a sign or the padding is wrong."""
    signs = _without_blanks(content)
    bare = signs.rstrip(b"=")
    if len(signs) % 4 or len(signs) - len(bare) > 2 or not _ALPHABET.issuperset(bare):
        return None
    try:
        return pybase64.b64decode(signs, validate=True)
    except binascii.Error:
        return None


def _without_blanks(content: bytes) -> bytes:
    for sign in (b" ", b"\t", b"\r", b"\n"):
        content = content.replace(sign, b"")
    return content


def _lines(content: bytes, at: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield begin, end and the begin of the next of each line; lines end with LF, or CR LF."""
    while at < len(content):
        end = content.find(b"\n", at)
        if end < 0:
            yield at, len(content), len(content)
            return
        yield at, end - 1 if end > at and content[end - 1] == 13 else end, end + 1
        at = end + 1


def is_mail(content: bytes) -> bool:
    """Whether it begins with fields of a header, of which one of the first is that of every mail program."""
    content = content[:_HEAD]
    fields = 0
    for begin, end, after in _lines(content):
        line = content[begin:end]
        if fields and line[:1] in (b" ", b"\t"):
            if b"\r" in line or after == end:
                return False
            continue
        name, colon, value = line.partition(b":")
        if not colon or not name or not all(_is_letter(sign) for sign in name):
            return False
        if name.lower() in _MAIL_FIELDS:
            return True
        fields += 1
        if fields > _HEADER_FIELDS or b"\r" in value or after == end:
            return False
    return False


def _is_letter(sign: int) -> bool:
    return 65 <= sign <= 90 or 97 <= sign <= 122 or sign == 45


class _Mail:
    """The parts of one mail; they are counted."""

    def __init__(self) -> None:
        self._met = 0

    def parts(self, part: bytes, level: int = 0) -> Iterator[bytes]:
        """Yield the contents of the parts that have no parts."""
        if self._met >= _MOST:
            return
        self._met += 1
        fields, body = _header(part)
        kind = fields.get(b"content-type", b"")
        if kind[:10].lower() == b"multipart/":
            boundary = _boundary(kind) if level < _DEEPEST_PARTS else b""
            for inner in _between(body, boundary) if boundary else ():
                yield from self.parts(inner, level + 1)
            return
        encoding = fields.get(b"content-transfer-encoding", b"").strip().lower()
        if encoding == b"base64":
            found = decode(body)
            if found is not None:
                yield found
        else:
            yield binascii.a2b_qp(body) if encoding == b"quoted-printable" else body


def _header(part: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """The fields by their names in small letters, the first of each; and what follows the first empty line."""
    lines: list[list[bytes]] = []  # of each, the pieces that were folded
    body = b""
    for begin, end, after in _lines(part):
        line = part[begin:end]
        if not line and after > end:
            body = part[after:]
            break
        if lines and line[:1] in (b" ", b"\t"):
            lines[-1].append(line)
        else:
            lines.append([line])
    fields: dict[bytes, bytes] = {}
    for pieces in lines:
        name, colon, value = b"".join(pieces).partition(b":")
        name = name.rstrip(b" \t")
        if colon and name and all(33 <= sign <= 126 for sign in name):
            fields.setdefault(name.lower(), value.lstrip(b" \t"))
    return fields, body


def _boundary(kind: bytes) -> bytes:
    """The first parameter `boundary` of a content type, of at most 200 bytes; empty if it has none."""
    at = 0
    while (at := kind.find(b";", at)) >= 0:
        at += 1
        while kind[at : at + 1] in (b" ", b"\t"):
            at += 1
        if kind[at : at + 9].lower() != b"boundary=":
            continue
        value = kind[at + 9 : at + 211]
        if value[:1] == b'"':
            inside, closed, _ = value[1:].partition(b'"')
            inside = inside if closed else b""
        else:
            size = next((n for n, sign in enumerate(value) if sign in b';" \t\r\n\x0b\x0c'), len(value))
            inside = value[: min(size, 200)]
        if inside:
            return inside
    return b""


def _between(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the lines that are delimiters, without the line end before each."""
    mark = b"--" + boundary
    parts: list[bytes] = []
    begin, before = -1, 0
    for start, end, after in _lines(body):
        line = body[start:end].rstrip(b" \t") if body.startswith(mark, start) else b""
        if line in (mark, mark + b"--"):
            if begin >= 0:
                parts.append(body[begin : max(begin, before)])
            begin = -1
            if line != mark:
                return parts
            begin = after
        before = end
    return [*parts, body[begin:]] if begin >= 0 else parts
