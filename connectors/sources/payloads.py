"""Messages inside texts and attachments, also where base64, a mail or an archive is around them (docs/formats/flat.md).

The counters have their own code for base64 and mails.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress

import pybase64

from connectors.archived import PAYLOAD_BYTES, archived_files
from connectors.media_types import HEAD_BYTES, MAIL
from connectors.nested import archive_kind
from connectors.sources.sniffing import begins_with

CONTAINER = "container"
"""The message format of an attachment that may hold messages in a container, not as it is."""
DEEPEST = 5
"""Containers in containers; a compressed archive counts as one."""
MOST_PAYLOADS = 1000
DEEPEST_PARTS = 8
"""Parts in parts of a mail."""
_SPACE = b" \t\r\n"
_ENCODED = re.compile(rb"[ \t\r\n]*(?:[A-Za-z0-9+/][ \t\r\n]*){24}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_END_OF_FIELDS = re.compile(rb"(?:\A|\r?\n)\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_LINE_END = re.compile(rb"\r?\n")
_BOUNDARY = re.compile(rb";[ \t]*boundary=(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)


def held_format(head: bytes) -> str | None:
    """The format of the messages with which a content begins, or CONTAINER if it may hold some; else None."""
    return begins_with(head) or (CONTAINER if may_hold(head) else None)


def may_hold(head: bytes) -> bool:
    """Whether the beginning is that of base64, of a mail, or of an archive."""
    return _is_mail(head) or _is_encoded(head) or archive_kind(head[:512]) is not None


def _is_mail(data: bytes) -> bool:
    return MAIL.match(data[:HEAD_BYTES]) is not None


def _is_encoded(data: bytes) -> bool:
    return _ENCODED.match(data[:HEAD_BYTES]) is not None


def payloads(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each stretch of messages with its format: the content itself, or what lies in it."""
    waiting, met = [(content, 0)], 0
    while waiting and met < MOST_PAYLOADS:
        data, level = waiting.pop()
        met += 1
        name = begins_with(data)
        if name is not None:
            yield name, data
        elif level < DEEPEST:
            inner = [each for each in _unwrapped(data) if len(each) <= PAYLOAD_BYTES]
            waiting += [(each, level + 1) for each in reversed(inner)]


def _unwrapped(data: bytes) -> Iterator[bytes]:
    if _is_mail(data):
        yield from _mail_parts(data)
    elif _is_encoded(data):
        yield from _decoded(data)
    else:
        yield from archived_files(data)


def _decoded(data: bytes) -> Iterator[bytes]:
    """Yield what base64 stands for, if all of it is that."""
    signs = data.translate(None, _SPACE)
    if len(signs) % 4 == 0 and _BASE64.fullmatch(signs):
        with suppress(binascii.Error):
            yield pybase64.b64decode(signs, validate=True)


def _mail_parts(mail: bytes) -> Iterator[bytes]:
    """Yield the decoded parts of a mail that have no parts themselves, in order."""
    waiting, met = [(mail, 0)], 0
    while waiting and met < MOST_PAYLOADS:
        part, level = waiting.pop()
        met += 1
        fields, body = _fields_and_body(part)
        kind = fields.get(b"content-type", b"")
        boundary = _BOUNDARY.search(kind) if kind.lower().startswith(b"multipart/") else None
        if boundary is not None and level < DEEPEST_PARTS:
            found = _split(body, boundary[1] or boundary[2])
            waiting += [(each, level + 1) for each in reversed(found)]
        elif not kind.lower().startswith(b"multipart/"):
            yield from _transferred(body, fields.get(b"content-transfer-encoding", b""))


def _fields_and_body(part: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """The fields above the first empty line, the first of each name, and what follows it."""
    end = _END_OF_FIELDS.search(part)
    head, body = (part[: end.start()], part[end.end() :]) if end else (part, b"")
    found = map(_FIELD.fullmatch, _LINE_END.split(_FOLD.sub(b"", head)))
    fields: dict[bytes, bytes] = {}
    for field in filter(None, found):
        fields.setdefault(field[1].lower(), field[2])
    return fields, body


def _split(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the delimiter lines; the line end before a delimiter is part of it."""
    mark = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    parts: list[bytes] = []
    begin = -1
    for found in mark.finditer(body):
        if begin >= 0:
            parts.append(_without_first_end(body[begin : found.start()]))
        begin = -1 if found[1] else found.end()
        if found[1]:
            break
    if begin >= 0:
        parts.append(_without_first_end(body[begin:]))
    return parts


def _without_first_end(part: bytes) -> bytes:
    end = _LINE_END.match(part)
    return part[end.end() :] if end else part


def _transferred(body: bytes, encoding: bytes) -> Iterator[bytes]:
    name = encoding.strip().lower()
    if name == b"base64":
        yield from _decoded(body)
    elif name == b"quoted-printable":
        yield binascii.a2b_qp(body)
    else:
        yield body
