"""Decode flat Belgian messages: as UTF-8 if valid, otherwise in the 8-bit code page that fits their signs best.

Such files name no encoding: DOS programs wrote cp850, Windows programs windows-1252, and some files mix the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.sources.healthone._code_pages import choose_page, read_as

NBSP_AS_A = re.compile(r"á(?=[:\s])")
OE_AS_POUND = re.compile(r"(?<=[A-Za-z])£(?=[A-Za-z])")
_UTF_8 = re.compile(
    rb"((?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]{2})+)"
)
_HIGH = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, repr=False)
class Decoded:
    """A text, how many signs were not read in the code page itself, and whether another page is as likely."""

    text: str
    codec: str
    repaired: int
    doubtful: bool = False


def decode_flat(data: bytes) -> Decoded:
    """Decode a message. No content is dropped: in an 8-bit page every byte becomes a character."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Decoded(data.decode("utf-16", "replace"), "utf-16", 0)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return Decoded(data.decode("utf-8"), "utf-8", 0)
    except UnicodeDecodeError:
        pass
    return _mostly_utf_8(data) or _eight_bit(data)


def _mostly_utf_8(data: bytes) -> Decoded | None:
    """UTF-8 with single bytes of windows-1252, as when texts of two programs were joined."""
    pieces = _UTF_8.split(data)  # every second one is UTF-8 beyond ASCII
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
