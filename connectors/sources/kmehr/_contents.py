"""Put the long contents of attachments aside, so that only their own decoder goes through them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_BLOCK = 1 << 12
"""A text of twice as many bytes is always found, one of fewer never."""
_LINK = re.compile(rb"<lnk(?=[ \t\n/>])[^<>]*[^<>/]>")
_MARK = "\ue000"  # followed by a number, it takes the place of a content


def put_aside(folder: bytes) -> tuple[bytes, list[bytes]]:
    """Clean bytes with marks for the long contents of their `lnk` elements, and these contents.

    A content is put aside only if nothing in it can matter to what is around it: ASCII without references.
    """
    kept: list[bytes] = []
    contents: list[bytes] = []
    at = 0
    for begin, end in _long_texts(folder):
        content = folder[begin:end]
        if _is_content_of_link(folder, begin, end) and _is_plain(content):
            kept += [folder[at:begin], f"{_MARK}{len(contents)}".encode()]
            contents.append(content)
            at = end
    kept.append(folder[at:])
    if not contents or any(_MARK.encode() in piece for piece in kept[::2]):
        return folder, []
    return b"".join(kept), contents


def put_back(text: str, contents: Sequence[bytes]) -> str:
    """The text of a `lnk` as it is written, or the content for which it stands."""
    return contents[int(text[1:])].decode("ascii") if contents and text.startswith(_MARK) else text


def _long_texts(data: bytes) -> Iterator[tuple[int, int]]:
    """Where long stretches without tags begin and end. Looks for one byte at a time, which costs next to nothing."""
    at = 0
    while at < len(data):
        if data.find(b"<", at, at + _BLOCK) >= 0:
            at += _BLOCK
            continue
        end = data.find(b"<", at)
        if end < 0:
            return
        yield data.rfind(b">", 0, at) + 1, end
        at = end


def _is_content_of_link(data: bytes, begin: int, end: int) -> bool:
    tag = data.rfind(b"<", 0, begin)
    return tag >= 0 and _LINK.fullmatch(data, tag, begin) is not None and data.startswith(b"</lnk", end)


def _is_plain(content: bytes) -> bool:
    return content.isascii() and not any(sign in content for sign in (b"&", b">", b"\r", b"\0"))
