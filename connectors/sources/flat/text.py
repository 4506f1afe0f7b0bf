"""Decode flat Belgian messages: as UTF-16 or UTF-8 if they are, otherwise in the 8-bit code page that fits their signs best.

Such files name no encoding: DOS programs wrote cp850, Windows programs windows-1252, and some files mix the two, or were
decoded wrongly before they were written as UTF-8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.sources.flat._code_pages import choose_page, rate, read_as
from connectors.sources.flat.lines import wide_codec, wide_text

NBSP_AS_A = re.compile(r"á(?=[:\s])")
OE_AS_POUND = re.compile(r"(?<=[A-Za-z])£(?=[A-Za-z])")
_UTF_8 = re.compile(
    rb"((?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]{2})+)"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_SIGNS = re.compile(r"[^\x00-\x7f]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_BETWEEN_LETTERS = re.compile(r"(?<=[a-z])[‚„…†‡ˆ‰Š‹Œ“”•–—˜™š›œƒ\x80-\x9f](?=[a-z])")
_BYTES = {read_as(bytes((byte,)), "cp1252"): bytes((byte,)) for byte in range(0x100)}
_CONTROLS = {byte: read_as(bytes((byte,)), "cp1252") for byte in range(0x80, 0xA0)}
_SENSE = 2
"""The rating from which a sign makes sense in its place."""


@dataclass(frozen=True, repr=False)
class Decoded:
    """A text, how many signs were not read in the code page itself, and whether another page is as likely.

    `mended`: the lines, from 1, that had been decoded wrongly before; `strange`: those that may have been.
    """

    text: str
    codec: str
    repaired: int
    doubtful: bool = False
    mended: tuple[int, ...] = ()
    strange: tuple[int, ...] = ()


def decode_flat(data: bytes, declared: str | None = None) -> Decoded:
    """Decode a message. No content is dropped: in an 8-bit page every byte becomes a character.

    `declared`: the 8-bit page that the message names, which is believed where it is neither UTF-16 nor UTF-8.
    """
    wide = wide_codec(data)
    if wide is not None:
        return Decoded(wide_text(data, wide), "utf-16", 0)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return _mended(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    if declared is not None:
        return Decoded(read_as_declared(data, declared), declared, 0)
    return _mostly_utf_8(data) or _eight_bit(data)


def read_as_declared(data: bytes, page: str) -> str:
    """Decode in a page of ISO 8859; the bytes 0x80 to 0x9F, which stand for no sign there, as windows-1252."""
    return read_as(data, page).translate(_CONTROLS)


def _mended(text: str) -> Decoded:
    """Valid UTF-8. A line whose signs make sense nowhere as they stand, and everywhere as other bytes, is read as these."""
    if text.isascii():
        return Decoded(text, "utf-8", 0)
    lines, mended, strange, signs = _LINE.findall(text), list[int](), list[int](), 0
    for at, line in enumerate(lines):
        if line.isascii():
            continue
        again = _read_again(line)
        if again is not None:
            lines[at] = again
            mended.append(at + 1)
            signs += len(_HIGH_SIGNS.findall(again))
        elif any(rate(line, found.start()) == 0 for found in _BETWEEN_LETTERS.finditer(line)):
            strange.append(at + 1)
    return Decoded("".join(lines), "utf-8", signs, bool(strange), tuple(mended), tuple(strange))


def _read_again(line: str) -> str | None:
    """The line as it was before somebody decoded it wrongly as windows-1252; None without proof of that."""
    try:
        data = line.encode("cp1252")
    except UnicodeEncodeError:
        try:
            data = b"".join(_BYTES[sign] for sign in line)
        except KeyError:  # a sign that windows-1252 does not have
            return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    places = [found.start() for found in _HIGH.finditer(data)]
    if any(rate(line, at) for at in places):
        return None
    again = read_as(data, "cp850")
    return again if all(rate(again, at) >= _SENSE for at in places) else None


def _mostly_utf_8(data: bytes) -> Decoded | None:
    """UTF-8 with single bytes of windows-1252, as when texts of two programs were joined."""
    pieces = _UTF_8.split(data)  # every second one is UTF-8 beyond ASCII
    if len(pieces) == 1:
        return None
    sequences = sum(len(piece.decode()) for piece in pieces[1::2])
    single = sum(len(_HIGH.findall(piece)) for piece in pieces[::2])
    if single >= sequences:
        return None
    texts = (piece.decode() if at % 2 else read_as(piece, "cp1252") for at, piece in enumerate(pieces))
    return Decoded("".join(texts), "utf-8", single)


def _eight_bit(data: bytes) -> Decoded:
    choice = choose_page(data)
    text, repaired = read_as(data, choice.page), 0
    if choice.page == "cp850":
        # Some programs wrote cp850 with the no-break space and the œ of windows-1252.
        text, spaces = NBSP_AS_A.subn("\u00a0", text)
        text, ligatures = OE_AS_POUND.subn("œ", text)
        repaired = spaces + ligatures
    return Decoded(text, choice.page, repaired, choice.doubtful)


def page_of(data: bytes) -> str:
    """The encoding of a whole file: UTF-16 or UTF-8 if it is that, otherwise the 8-bit page that fits its signs best."""
    wide = wide_codec(data)
    if wide is not None:
        return wide
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return choose_page(data).page
    return "utf-8"


def in_page(data: bytes, page: str) -> str:
    """A part of a file in the encoding of the file; bytes that it does not know become U+FFFD, or keep their number."""
    if page in ("utf-16-le", "utf-16-be", "utf-8"):
        return data.decode(page, "replace")
    return read_as(data, page)
