"""Lines of flat messages as bytes and as texts, by the counter's own code (docs/formats/code_pages.md, flat.md)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from connectors.inventory.flat._code_pages import characters, tell_page, worth

_BEYOND = re.compile("[^\x00-\x7f]")
_STRAYS = {0xDC00 + byte: characters(bytes((byte,)), "cp1252") for byte in range(0x80, 0x100)}
_BYTES = codecs.charmap_build(characters(bytes(range(256)), "cp1252"))
_FIRST = 256
_SENSE = 2


def raw_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines, ends kept. Each piece is searched once, even if a line spans many pieces."""
    waiting = iter(pieces)
    begun = b""
    while len(begun) < _FIRST and (piece := next(waiting, b"")):
        begun += piece
    if not _suspected(begun):
        yield from _narrow_lines(chain((begun,), waiting))
        return
    content = b"".join((begun, *waiting))
    order = byte_order(content)
    yield from _wide_lines(content, order) if order else _narrow_lines((content,))


def byte_order(content: bytes) -> str:
    """`le` or `be` for UTF-16, with its mark or told by its zero bytes; empty for anything else.

    A surplus byte at the end does not count.
    """
    order = _suspected(content)
    if not order:
        return ""
    whole = content[: len(content) // 2 * 2]
    with suppress(UnicodeError):
        text = whole.decode(f"utf-16-{order}", "surrogatepass")
        return order if text.encode(f"utf-16-{order}", "surrogatepass") == whole else ""
    return ""


def _suspected(content: bytes) -> str:
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "le" if content[:2] == codecs.BOM_UTF16_LE else "be"
    first = content[:_FIRST]
    zeros = [sum(1 for at in range(side, len(first), 2) if first[at] == 0) for side in (0, 1)]
    half = len(first) // 2
    if zeros[1] * 2 > half and zeros[0] * 8 < half:
        return "le"
    return "be" if zeros[0] * 2 > half and zeros[1] * 8 < half else ""


def _wide_lines(content: bytes, order: str) -> Iterator[bytes]:
    """UTF-16: each line ends behind the unit of its LF, or of a CR that no LF follows."""
    lf, cr = "\n".encode(f"utf-16-{order}"), "\r".encode(f"utf-16-{order}")
    begin = 0
    whole = len(content) // 2 * 2
    for at in range(0, whole, 2):
        unit = content[at : at + 2]
        if unit == lf or (unit == cr and content[at + 2 : min(at + 4, whole)] != lf):
            yield content[begin : at + 2]
            begin = at + 2
    if begin < len(content):
        yield content[begin:]


def _narrow_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []  # the unfinished line so far
    waiting = b""  # a CR at the end of a piece: its LF may be in the next one
    for piece in chain(pieces, (b"",)):
        data, waiting = waiting + piece, b""
        if piece and data.endswith(b"\r"):
            data, waiting = data[:-1], b"\r"
        for line in data.splitlines(keepends=True):
            if not line.endswith((b"\n", b"\r")):
                begun.append(line)
            elif begun:
                yield b"".join((*begun, line))
                begun.clear()
            else:
                yield line
    if begun:
        yield b"".join(begun)


def signs(line: bytes) -> str:
    """A line as signs of Latin-1, without marks and zero bytes: control lines are told by these."""
    line = line[:_FIRST]
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        line = line.removeprefix(mark)
    return line.translate(None, b"\0").decode("latin-1")


def texts_of(lines: list[bytes], page: str = "") -> list[str]:
    """The texts of a message's lines, ends kept: UTF-16, UTF-8, otherwise the 8-bit code page by docs/formats/code_pages.md.

    `page`: the 8-bit page that the message names, which is then believed.
    """
    if not lines:
        return []
    order = byte_order(b"".join(lines))
    if order:
        return [_wide_text(line, order, is_first=not at) for at, line in enumerate(lines)]
    lines = [lines[0].removeprefix(codecs.BOM_UTF8), *lines[1:]]
    with suppress(UnicodeDecodeError):
        return [text if text.isascii() else _as_before(text) for text in map(bytes.decode, lines)]
    if page:
        return [in_page(line, page) for line in lines]
    content = b"".join(lines)
    beyond = _BEYOND.findall(content.decode("utf-8", "surrogateescape"))
    if 2 * sum("\ud800" <= sign <= "\udfff" for sign in beyond) < len(beyond):
        return [line.decode("utf-8", "surrogateescape").translate(_STRAYS) for line in lines]
    page, _ = tell_page(content)
    return [
        line.decode() if line.isascii() else _with_mended_signs(characters(line, page), page)
        for line in lines
    ]


def in_page(content: bytes, page: str) -> str:
    """The text in a page of ISO 8859, in which the bytes 0x80 to 0x9F are read as windows-1252."""
    signs_there = (
        _STRAYS[0xDC00 + byte] if 0x80 <= byte < 0xA0 else characters(bytes((byte,)), page)
        for byte in content
    )
    return "".join(signs_there)


def _wide_text(line: bytes, order: str, *, is_first: bool) -> str:
    text = line[: len(line) // 2 * 2].decode(f"utf-16-{order}", "surrogatepass")
    text = text.removeprefix("\ufeff") if is_first else text
    lone = "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
    return lone + ("\ufffd" if len(line) % 2 else "")


def _as_before(text: str) -> str:
    """A line that somebody decoded as windows-1252 before it was written as UTF-8, as it was; any other line unchanged."""
    try:
        content = codecs.charmap_encode(text, "strict", _BYTES)[0]
    except UnicodeEncodeError:
        return text
    with suppress(UnicodeDecodeError):
        return content.decode()
    high = [at for at, sign in enumerate(text) if sign > "\x7f"]
    if any(worth(text, at) for at in high):
        return text
    again = characters(content, "cp850")
    return again if all(worth(again, at) >= _SENSE for at in high) else text


def _with_mended_signs(text: str, page: str) -> str:
    """Repair text of programs that wrote cp850 with the no-break space and the œ of windows-1252."""
    if page != "cp850":
        return text
    text = re.sub(r"á(?=[:\s])", "\u00a0", text)
    return re.sub(r"(?<=[A-Za-z])£(?=[A-Za-z])", "œ", text)


def encoding_of(content: bytes) -> str:
    """The encoding of a whole file: `utf-16-le`, `utf-16-be`, `utf-8`, or the 8-bit page by docs/formats/code_pages.md."""
    order = byte_order(content)
    if order:
        return f"utf-16-{order}"
    with suppress(UnicodeDecodeError):
        content.decode()
        return "utf-8"
    return tell_page(content)[0]


def said_in(content: bytes, encoding: str) -> str:
    """A part of a file as text, where `encoding` is that of the file."""
    return (
        content.decode(encoding, "replace") if encoding.startswith("utf-") else characters(content, encoding)
    )
