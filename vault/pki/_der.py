"""Tests whether bytes are one DER value (ITU-T X.690, 10 and 11), in time linear in their length.

asn1crypto would re-encode a whole object to compare it with the input. For four kilobytes of nested signatures, that takes
minutes.
"""

from __future__ import annotations

MAX_DEPTH = 40
_CONSTRUCTED, _CLASS, _LONG_TAG = 0x20, 0xC0, 0x1F
_BOOLEAN, _INTEGER, _ENUMERATED, _SEQUENCE, _SET = 0x01, 0x02, 0x0A, 0x30, 0x31


def is_der(data: bytes) -> bool:
    """Return whether the data are exactly one value: shortest lengths and integers, sorted sets, no constructed strings."""
    try:
        return len(_values(data, 0)) == 1
    except (IndexError, ValueError):
        return False


def _values(data: bytes, depth: int) -> list[bytes]:
    """Return the consecutive values in the data. Raises IndexError or ValueError if the data are not DER."""
    if depth > MAX_DEPTH:
        raise ValueError
    values, offset = [], 0
    while offset < len(data):
        body, end = _bounds(data, offset + 1)
        if end > len(data):
            raise ValueError
        _check(data[offset], data[body:end], depth)
        values.append(data[offset:end])
        offset = end
    return values


def _bounds(data: bytes, offset: int) -> tuple[int, int]:
    """Return the offsets at which a value's content begins and ends. Its length octets are at `offset`."""
    first = data[offset]
    if first < 0x80:
        return offset + 1, offset + 1 + first
    body = offset + 1 + (first & 0x7F)
    length = int.from_bytes(data[offset + 1 : body], "big")
    if length < 0x80 or data[offset + 1] == 0 or first > 0x84:
        raise ValueError
    return body, body + length


def _check(tag: int, body: bytes, depth: int) -> None:
    universal = not tag & _CLASS
    if tag & _LONG_TAG == _LONG_TAG or (
        universal and tag | _CONSTRUCTED in (_SEQUENCE, _SET) and tag < _SEQUENCE
    ):
        raise ValueError
    if tag & _CONSTRUCTED:
        inner = _values(body, depth + 1)
        if (universal and tag not in (_SEQUENCE, _SET)) or (tag == _SET and inner != sorted(inner)):
            raise ValueError
    elif (tag == _BOOLEAN and body not in (b"\x00", b"\xff")) or (
        tag in (_INTEGER, _ENUMERATED) and not _is_short(body)
    ):
        raise ValueError


def _is_short(number: bytes) -> bool:
    """Return whether the first octet of an integer is significant (8.3.2)."""
    return bool(number) and (len(number) == 1 or (number[0], number[1] >> 7) not in ((0, 0), (0xFF, 1)))
