"""Decoding of flat Belgian messages: UTF-8 when it is, else cp850 or windows-1252 by the letters they use.

Such files carry no label: DOS programs wrote cp850, Windows ones windows-1252, and some mix the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CP850_SIGNS = frozenset(b"\x82\x85\x8a\x87\x88\x8b\x93\x96\x97\xfd\xfc\xe6\xf8\x90\xb7\xd4")
CP1252_SIGNS = frozenset(b"\xe9\xe0\xe8\xe7\xea\xef\xf4\xb5\xb2\xb3\xb0\xeb\xf9\xfb\xc9")
NBSP_AS_A = re.compile(r"á(?=[:\s])")
OE_AS_POUND = re.compile(r"(?<=[A-Za-z])£(?=[A-Za-z])")


@dataclass(frozen=True, repr=False)
class Decoded:
    """A text and how it was read; `repaired` counts the signs mended after decoding."""

    text: str
    codec: str
    repaired: int


def decode_flat(data: bytes) -> Decoded:
    """Read a message's bytes as text. Every byte becomes a character: nothing is dropped."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Decoded(data.decode("utf-16", "replace"), "utf-16", 0)
    try:
        return Decoded(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"), "utf-8", 0)
    except UnicodeDecodeError:
        pass
    if _score(data, CP850_SIGNS) > _score(data, CP1252_SIGNS):
        text, spaces = NBSP_AS_A.subn("\u00a0", data.decode("cp850"))
        text, ligatures = OE_AS_POUND.subn("œ", text)
        return Decoded(text, "cp850", spaces + ligatures)
    return Decoded(_windows_1252(data), "cp1252", 0)


def _score(data: bytes, signs: frozenset[int]) -> int:
    return sum(data.count(bytes((sign,))) for sign in signs)


def _windows_1252(data: bytes) -> str:
    """windows-1252, its five holes keeping their number."""
    return "".join(
        bytes((byte,)).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
        for byte in data
    )
