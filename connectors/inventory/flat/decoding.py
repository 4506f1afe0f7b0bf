"""Lines of flat messages as bytes and as texts, by the counter's own code (docs/formats/code_pages.md, flat.md)."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from connectors.inventory.flat._code_pages import characters, tell_page, worth

_END = re.compile(rb"\r\n|\r|\n")
_STRAYS = {0xDC00 + byte: characters(bytes((byte,)), "cp1252") for byte in range(0x80, 0x100)}
_FIRST = 256
_SENSE = 2


def raw_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines, ends kept. Each piece is searched once, even if a line spans many pieces."""
    waiting_pieces = iter(pieces)
    first = next(waiting_pieces, b"")
    order = byte_order(first)
    if order:
        yield from _wide_lines(b"".join((first, *waiting_pieces)), order)
    else:
        yield from _narrow_lines(chain((first,), waiting_pieces))


def byte_order(content: bytes) -> str:
    """`le` or `be` for UTF-16, with its mark or told by its zero bytes; empty for anything else."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "le" if content[:2] == codecs.BOM_UTF16_LE else "be"
    first = content[:_FIRST]
    zeros = [sum(1 for at in range(side, len(first), 2) if first[at] == 0) for side in (0, 1)]
    half = len(first) // 2
    if not half:
        return ""
    if zeros[1] * 2 > half and zeros[0] * 8 < half:
        return "le"
    return "be" if zeros[0] * 2 > half and zeros[1] * 8 < half else ""


def _wide_lines(content: bytes, order: str) -> Iterator[bytes]:
    """UTF-16: each line ends behind the unit of its LF, or of a CR that no LF follows. Unsound content is one line."""
    units = [content[at : at + 2] for at in range(0, len(content) - len(content) % 2, 2)]
    codec = f"utf-16-{order}"
    sound = True
    try:
        text = b"".join(units).decode(codec, "surrogatepass")
        sound = text.encode(codec, "surrogatepass") == b"".join(units)
    except UnicodeError:
        sound = False
    if not sound:
        yield content
        return
    lf, cr = "\n".encode(codec), "\r".encode(codec)
    found: list[bytes] = []
    begin = 0
    for at, unit in enumerate(units):
        after = units[at + 1] if at + 1 < len(units) else b""
        if unit == lf or (unit == cr and after != lf):
            found.append(b"".join(units[begin : at + 1]))
            begin = at + 1
    if begin < len(units):
        found.append(b"".join(units[begin:]))
    if len(content) % 2:
        found[-1:] = [b"".join((*found[-1:], content[-1:]))]
    yield from found


def _narrow_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []  # the unfinished line so far
    waiting = b""  # a CR at the end of a piece: its LF may be in the next one
    for piece in chain(pieces, (b"",)):
        data, waiting = waiting + piece, b""
        if piece and data.endswith(b"\r"):
            data, waiting = data[:-1], b"\r"
        start = 0
        for found in _END.finditer(data):
            yield b"".join((*begun, data[start : found.end()]))
            begun.clear()
            start = found.end()
        if start < len(data):
            begun.append(data[start:])
    if begun:
        yield b"".join(begun)


def signs(line: bytes) -> str:
    """A line as signs of Latin-1, without marks and zero bytes: control lines are told by these."""
    line = line[:_FIRST]
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        line = line.removeprefix(mark)
    return line.translate(None, b"\0").decode("latin-1")


def texts_of(lines: list[bytes]) -> list[str]:
    """The texts of a message's lines, ends kept: UTF-16, UTF-8, otherwise the 8-bit code page by docs/formats/code_pages.md."""
    if not lines:
        return []
    order = byte_order(b"".join(lines)[:_FIRST])
    if order:
        return _wide_texts(lines, order)
    lines = [lines[0].removeprefix(codecs.BOM_UTF8), *lines[1:]]
    with suppress(UnicodeDecodeError):
        return [_as_before(line.decode()) for line in lines]
    texts = [line.decode("utf-8", "surrogateescape") for line in lines]
    beyond = Counter("\ud800" <= sign <= "\udfff" for text in texts for sign in text if sign > "\x7f")
    if beyond[True] < beyond[False]:
        return [text.translate(_STRAYS) for text in texts]
    page, _ = tell_page(b"".join(lines))
    return [_with_mended_signs(characters(line, page), page) for line in lines]


def _wide_texts(lines: list[bytes], order: str) -> list[str]:
    whole = b"".join(lines).decode(f"utf-16-{order}", "replace").removeprefix("\ufeff")
    found = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", whole)
    return found if len(found) == len(lines) else [whole, *[""] * (len(lines) - 1)]


def _as_before(text: str) -> str:
    """A line that somebody decoded as windows-1252 before it was written as UTF-8, as it was; any other line unchanged."""
    if text.isascii():
        return text
    content = bytearray()
    for sign in text:
        found = _byte_of(sign)
        if found is None:
            return text
        content.append(found)
    with suppress(UnicodeDecodeError):
        return content.decode()
    again = characters(bytes(content), "cp850")
    high = [at for at, byte in enumerate(content) if byte > 0x7F]
    senseless = not any(worth(text, at) for at in high)
    return again if senseless and all(worth(again, at) >= _SENSE for at in high) else text


def _byte_of(sign: str) -> int | None:
    if sign < "\x80" or "\xa0" <= sign <= "\xff":
        return ord(sign)
    with suppress(UnicodeEncodeError):
        return sign.encode("cp1252")[0]
    return ord(sign) if sign in "\x81\x8d\x8f\x90\x9d" else None


def _with_mended_signs(text: str, page: str) -> str:
    """Repair text of programs that wrote cp850 with the no-break space and the œ of windows-1252."""
    if page != "cp850":
        return text
    text = re.sub(r"á(?=[:\s])", "\u00a0", text)
    return re.sub(r"(?<=[A-Za-z])£(?=[A-Za-z])", "œ", text)
