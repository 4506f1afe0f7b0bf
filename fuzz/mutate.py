"""Changes to valid objects, by their structure, so that what is behind the first check is reached as well."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from random import Random
from typing import Any
from warnings import catch_warnings
from zipfile import ZipFile

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**53, 2**64, 10**400, 1.5, float("inf"), "", "\0", "\r\n", "x" * 5000,
    "\u202eabc\u2066", "e\u0301", "\U0001f600", "\ufeff", "١٢", "²", "2026-1-5", "2026-02-30T00:00:00Z", "../../x",
    "-0", "9" * 5000, [], {}, [[]], {"": None}, [None] * 300,
)  # fmt: skip
TOKENS = (
    b"\n", b"\n\n", b"\r", b"\0", b"\x1b[2J", b"\xff\xfe", b" ", b"+", b"=", b"-", b"--", b"0", b"00", b"9" * 20,
    b"9" * 5000, "—".encode(), "— ".encode(), "\u202e".encode(), "\u2028".encode(), "١".encode(), "²".encode(),
    b"[" * 3000, b'{"":' * 3000, b'"\\ud800"', b"NaN", b"1e999", b"-0", b"1.0", b"none", b"any", b"all", b"A" * 4000,
    b"AAAA", b"\x80", b"\x30\x80", b"\x00\x00", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"../",
)  # fmt: skip


def mutate_bytes(data: bytes, chance: Random) -> bytes:
    """One to four changes to a sequence of bytes or of lines."""
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(_BYTE_CHANGES)(data, chance)
    return data


def _flip(data: bytes, chance: Random) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _span(data: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice((1, 2, 4, 16, 64, 1000)))


def _cut(data: bytes, chance: Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _repeat(data: bytes, chance: Random) -> bytes:
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 2, 70)) + data[end:]


def _insert(data: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(TOKENS) + data[at:]


def _number(data: bytes, chance: Random) -> bytes:
    """A length or an offset, made extreme."""
    if len(data) < 4:
        return data
    at, width = chance.randrange(len(data) - 3), chance.choice((1, 2, 4))
    return (
        data[:at] + chance.choice((b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"))[:width] + data[at + width :]
    )


def _lines(data: bytes, chance: Random) -> bytes:
    """Lines left out, doubled or in another order."""
    lines = data.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(3):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case _:
            lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


_BYTE_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flip, _cut, _repeat, _insert, _number, _lines, _lines,
)  # fmt: skip


def mutate_json(value: Any, chance: Random) -> Any:
    """A copy of the JSON value with one to three of its nodes changed."""
    root: dict[str, Any] = {"": json.loads(json.dumps(value))}
    for _ in range(chance.randint(1, 3)):
        _change_node(root, chance)
    return root.get("", value)


def _change_node(root: dict[str, Any], chance: Random) -> None:
    holder, key = chance.choice(list(_nodes(root)))
    match chance.randrange(6):
        case 0 if isinstance(holder, dict) and holder is not root:
            holder[chance.choice(("", key + "x", "constructor", "\U00010000", "\uffff"))] = holder.pop(key)
        case 1 if holder is not root:
            del holder[key]
        case 2:
            holder[key] = [holder[key]] * chance.choice((1, 2, 30))
        case 3:
            other_holder, other_key = chance.choice(list(_nodes(root)))
            holder[key] = json.loads(json.dumps(other_holder[other_key]))
        case 4 if isinstance(holder[key], str) and holder[key]:
            text = holder[key]
            at = chance.randrange(len(text))
            holder[key] = text[:at] + chance.choice(("", "\0", "x", " ", "\u0301", "٣")) + text[at + 1 :]
        case _:
            holder[key] = deepcopy(chance.choice(ODD_VALUES))


def _nodes(holder: Any) -> list[tuple[Any, Any]]:
    """Every place in the value, as what holds it and where."""
    found, waiting = [], [holder]
    while waiting:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here))
        for key in keys:
            found.append((here, key))
            if isinstance(here[key], dict | list):
                waiting.append(here[key])
    return found


def mutate_der(data: bytes, chance: Random) -> bytes:
    """DER with one to three elements changed, and every length put right: a parser gets past the first."""
    tree = _parse(data, 0)
    for _ in range(chance.randint(1, 3)):
        places = _places(tree)
        if not places:
            break
        _change_element(*chance.choice(places), chance, places)
    return b"".join(map(_encode, tree))


Element = list[Any]  # identifier octet, and bytes or a list of elements


def _parse(data: bytes, depth: int) -> list[Element]:
    found: list[Element] = []
    while data:
        tag, length, head = data[0], data[1] if len(data) > 1 else 0, 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(data[2:head], "big")
        body = data[head : head + length]
        nested = tag & 0x20 or (tag in (0x04, 0x03) and body[:1] == b"\x30")
        found.append([tag, _parse(body, depth + 1) if nested and depth < 40 else body])
        data = data[head + length :]
    return found


def _encode(element: Element) -> bytes:
    tag, body = element
    if isinstance(body, list):
        body = b"".join(map(_encode, body))
    length = len(body)
    if length < 0x80:
        return bytes([tag, length]) + body
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + body


def _places(tree: list[Element]) -> list[tuple[list[Element], int]]:
    found: list[tuple[list[Element], int]] = []
    waiting = [tree]
    while waiting:
        here = waiting.pop()
        for at, element in enumerate(here):
            found.append((here, at))
            if isinstance(element[1], list):
                waiting.append(element[1])
    return found


def _change_element(
    holder: list[Element], at: int, chance: Random, places: list[tuple[list[Element], int]]
) -> None:
    if at >= len(holder):
        return
    element = holder[at]
    match chance.randrange(6):
        case 0:
            del holder[at]
        case 1:
            holder.insert(at, [element[0], element[1]])
        case 2:
            element[0] = chance.choice(
                (element[0] ^ 1 << chance.randrange(8), 0x05, 0x17, 0x18, 0x30, 0x31, 0xA0)
            )
        case 3:
            other_holder, other_at = chance.choice(places)
            if other_at < len(other_holder):
                holder[at] = _parse(_encode(other_holder[other_at]), 0)[0]
        case 4 if isinstance(element[1], bytes):
            element[1] = mutate_bytes(element[1], chance)
        case _:
            element[1] = chance.choice((b"", b"\xff" * 9, b"99991231235959Z", b"000000000000Z", b"\x80"))


ODD_NAMES = (
    "",
    ".",
    "..",
    "../x",
    "/x",
    "a/",
    "a//b",
    "a/../../x",
    "x" * 300,
    "a\\b",
    "A",
    "e\u0301",
    "\u202ea",
    "a\nb",
    "keys/log.key",
)


def mutate_zip(data: bytes, chance: Random) -> bytes:
    """A zip with its members changed; or, as often, its bytes."""
    if chance.random() < 0.5:
        return mutate_bytes(data, chance)
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:  # noqa: BLE001 - no zip any more: its bytes then
        return mutate_bytes(data, chance)
    packed = BytesIO()
    with catch_warnings(action="ignore"), ZipFile(packed, "w", chance.choice((0, 8, 12, 14))) as archive:
        for name, body in _members(members, chance):
            archive.writestr(name or "-", body)
    return packed.getvalue()


def mutate_tar(data: bytes, chance: Random) -> bytes:
    """A tar with its members changed, of other kinds too; or, now and then, its bytes."""
    if chance.random() < 0.2:
        return mutate_bytes(data, chance)
    try:
        with tarfile.open(fileobj=BytesIO(data)) as archive:
            members = [(info.name, archive.extractfile(info).read()) for info in archive if info.isreg()]
    except Exception:  # noqa: BLE001 - no tar any more: its bytes then
        return mutate_bytes(data, chance)
    packed = BytesIO()
    with tarfile.open(
        fileobj=packed, mode="w", format=chance.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))
    ) as archive:
        for name, body in _members(members, chance):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            if chance.random() < 0.05:
                info.type, info.linkname = chance.choice((b"1", b"2", b"3", b"5", b"6", b"S")), "site.toml"
            archive.addfile(info, BytesIO(body))
    return packed.getvalue()


def _members(members: list[tuple[str, bytes]], chance: Random) -> list[tuple[str, bytes]]:
    """One to three members renamed, doubled, left out, moved or changed."""
    members = list(members)
    for _ in range(chance.randint(1, 3)):
        if not members:
            break
        at = chance.randrange(len(members))
        name, body = members[at]
        match chance.randrange(6):
            case 0:
                members[at] = (chance.choice(ODD_NAMES), body)
            case 1:
                members.insert(chance.randrange(len(members)), (name, body))
            case 2:
                del members[at]
            case 3:
                members[at] = (name + chance.choice(("/x", "x", "\x00", "/")), body)
            case 4 if body[:1] in (b"{", b"["):
                members[at] = (name, _json_bytes(body, chance))
            case _:
                members[at] = (name, mutate_bytes(body, chance))
    return members


def _json_bytes(data: bytes, chance: Random) -> bytes:
    try:
        return json.dumps(
            mutate_json(json.loads(data), chance), sort_keys=True, separators=(",", ":")
        ).encode()
    except (ValueError, RecursionError):
        return mutate_bytes(data, chance)
