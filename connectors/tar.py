"""The directory of a tar (POSIX.1-1988 ustar, GNU long names, POSIX.1-2001 pax headers), read block by block.

Every byte is accounted for: a header that is damaged, a kind of member with content that is not known here, and bytes behind the
end are refused, so no member is passed over. Python's `tarfile` is lenient about all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_BLOCK = 512
_NOTES_BYTES = 64 << 10  # of a long name or a pax header
_FILE, _EMPTY = b"0\x007", b"123456"  # kinds with content, and links, devices, folders
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL = b"L", b"K", b"x", b"g"
_NAMING = frozenset({"path", "size"})
_READ = 1 << 20


class TarMember(NamedTuple):
    """An ordinary file: its path, and where its bytes are."""

    name: str
    start: int
    size: int


def tar_members(stream: BinaryIO, size: int) -> Iterator[TarMember]:
    """Yield the ordinary files of a tar of `size` bytes, in order; folders, links and devices have no content.

    Raises ValueError for anything that is not as the formats say, for a path that leaves the archive, and for members that are
    stored in part (sparse).
    """
    at, notes = 0, dict[str, str]()
    while (header := stream.read(_BLOCK)) != bytes(_BLOCK):
        kind, length, name = _parse(header)
        at += _BLOCK
        if kind == _PAX:
            notes |= _pax(_content(stream, length))
        elif kind == _LONG_NAME:
            notes["path"] = _text(_content(stream, length).rstrip(b"\0"))
        elif kind == _LONG_LINK:
            _content(stream, length)
        elif kind == _PAX_GLOBAL:
            if _NAMING & _pax(_content(stream, length)).keys():
                raise ValueError
        else:
            length = _number(notes.get("size", str(length)))
            if kind in _FILE:
                yield TarMember(_safe(notes.get("path", name)), at, length)
            elif kind not in _EMPTY or length:
                raise ValueError
            notes.clear()
        at += -(-length // _BLOCK) * _BLOCK
        if at > size:
            raise ValueError
        stream.seek(at)
    while rest := stream.read(_READ):
        if rest.strip(b"\0"):
            raise ValueError


def _parse(header: bytes) -> tuple[bytes, int, str]:
    """Kind, length and path of a member, from its header (ustar: pax, 4.18 "ustar Interchange Format")."""
    if len(header) != _BLOCK or header[257:262] != b"ustar":
        raise ValueError
    total = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if _octal(header[148:156]) != total:
        raise ValueError
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:265] == b"ustar\00000" else b""
    return header[156:157], _length(header[124:136]), _text(prefix + b"/" + name if prefix else name)


def _length(field: bytes) -> int:
    """A length in octal digits or, above 8 GiB, in binary (GNU)."""
    return int.from_bytes(field[1:], "big") if field[:1] == b"\x80" else _octal(field)


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise ValueError
    return int(digits, 8)


def _number(digits: str) -> int:
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise ValueError
    return int(digits)


def _content(stream: BinaryIO, length: int) -> bytes:
    if length > _NOTES_BYTES:
        raise ValueError
    found = stream.read(length)
    if len(found) != length:
        raise ValueError
    return found


def _pax(records: bytes) -> dict[str, str]:
    """Path and size of the next member (pax Header Block: `LENGTH KEY=VALUE`, each ended by a line feed)."""
    found: dict[str, str] = {}
    while records:
        length = _number(_text(records[:20].partition(b" ")[0]))
        record, records = records[:length], records[length:]
        key, equal, value = record.partition(b" ")[2].partition(b"=")
        if len(record) != length or not equal or not value.endswith(b"\n") or key.startswith(b"GNU.sparse"):
            raise ValueError
        if key in (b"path", b"size"):
            found[_text(key)] = _text(value[:-1])
    return found


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _safe(name: str) -> str:
    if name.startswith("/") or ".." in name.split("/") or "\0" in name:
        raise ValueError
    return name
