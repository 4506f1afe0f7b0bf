"""The texts of some folders, and their tags with a zero byte in place of each text, by which recipes are looked up."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import numpy as np

from connectors.inventory.facts.normal_form import value_of
from connectors.inventory.kmehr.byte_scan import Bools, Ints, Tags, Units, UnknownForm, Why, pieces_of

NESTED = b"<?unit?>"
"""Replaces a unit cut out of another unit's tags, where the gap counts."""
_ENTITY = re.compile("&(?:#([0-9]+)|#x([0-9A-Fa-f]+)|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_SIGNS = b"&\\()|\r"
_SPECIAL = bytes(byte > 127 or byte in _SIGNS for byte in range(256))
"""Bytes that can change between the file and a normal form."""
_IS_VALUE = re.compile(rb"[!-%'-~]+").fullmatch  # ASCII without white space and references
_SHORT = 200
_LONG = 1 << 14


class Texts:
    """The texts of leaves (elements without elements) between the tags of some folders, in document order.

    Between other tags there may be only white space, which does not count; anything else raises UnknownForm.
    """

    def __init__(self, chunk: bytes, tags: Tags) -> None:
        begin, end, leaf = _between(tags)
        found = [chunk[low:high] for low, high in zip(begin.tolist(), end.tolist(), strict=True)]
        self.skeleton = _without(chunk, begin, end, leaf)
        self._begin = begin
        self._removed = np.concatenate(([0], np.cumsum(end - begin - leaf)))
        self._leaves = np.concatenate(([0], np.cumsum(leaf)))
        if not leaf.all():
            kept = leaf.tolist()
            if b"".join(text for text, keep in zip(found, kept, strict=True) if not keep).strip(b" \t\r\n"):
                raise UnknownForm(Why.MIXED)
            found = [text for text, keep in zip(found, kept, strict=True) if keep]
        self.begin = begin[leaf]
        self.raw = found
        self.written = found.copy()
        for at in _specials(found).tolist():
            self.written[at] = written(found[at])

    def places(self, at: Ints) -> tuple[Ints, Ints]:
        """For positions where a tag begins or ends: the position in the skeleton, and the number of texts before it."""
        before = np.searchsorted(self._begin, at)
        return at - self._removed[before], self._leaves[before]


def _between(tags: Tags) -> tuple[Ints, Ints, Bools]:
    """Where texts begin and end, and which of them are the only content of their element."""
    begin, end = tags.end[:-1], tags.begin[1:]
    some = np.flatnonzero(end > begin)
    opened = ~(tags.closing | tags.single)
    return begin[some], end[some], opened[some] & tags.closing[some + 1]


def _without(chunk: bytes, begin: Ints, end: Ints, leaf: Bools) -> bytes:
    """The bytes with a zero byte in place of each text of a leaf; other texts are removed."""
    lows, highs = [0, *end.tolist()], [*begin.tolist(), len(chunk)]
    tags = [chunk[low:high] for low, high in zip(lows, highs, strict=True)]
    if leaf.all():
        return b"\0".join(tags)
    pieces = [b""] * (2 * len(tags) - 1)
    pieces[::2] = tags
    pieces[1::2] = [b"\0" if keep else b"" for keep in leaf.tolist()]
    return b"".join(pieces)


def _specials(texts: list[bytes]) -> Ints:
    """Which texts hold a special byte. Long texts, mostly documents, are searched for each, which costs less than a copy."""
    long = [at for at, text in enumerate(texts) if len(text) > _LONG]
    if long:
        texts = texts.copy()
        long, blanked = [at for at in long if _is_special(texts[at])], long
        for at in blanked:
            texts[at] = b""
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    hits = np.flatnonzero(np.frombuffer(b"\0".join(texts).translate(_SPECIAL), np.uint8))
    return np.unique(np.concatenate((np.searchsorted(ends, hits, side="right"), np.array(long, np.int64))))


def _is_special(text: bytes) -> bool:
    return not text.isascii() or any(sign in text for sign in _SIGNS)


def text_of(raw: bytes) -> str:
    """The characters of a piece of well-formed text."""
    text = raw.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _ENTITY.sub(_sign, text) if "&" in text else text


def value_in(raw: bytes) -> str:
    """A piece of well-formed text as a value."""
    return raw.decode() if _IS_VALUE(raw) else value_of(text_of(raw))


def _sign(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name = entity.groups()
    return _NAMED[name] if name else chr(int(decimal) if decimal else int(hexadecimal, 16))


def written(raw: bytes) -> bytes:
    """A text as it appears in a normal form: NFC, with the signs of the form escaped."""
    return _remembered(raw) if len(raw) < _SHORT else in_form(text_of(raw))


@lru_cache(1 << 14)
def _remembered(raw: bytes) -> bytes:
    return in_form(text_of(raw))


def in_form(text: str) -> bytes:
    """Characters as they appear in a normal form."""
    raw = (text if text.isascii() else unicodedata.normalize("NFC", text)).encode()
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)").replace(b"|", b"\\|")


class UnitTexts:
    """The content of each unit: its tags without those of nested units, and its texts."""

    def __init__(self, chunk: bytes, tags: Tags, units: Units) -> None:
        texts = Texts(chunk, tags)
        self.owner, self.begin, self.end = pieces_of(units)
        (low_tag, low), (high_tag, high) = texts.places(self.begin), texts.places(self.end)
        places = zip(low_tag.tolist(), high_tag.tolist(), low.tolist(), high.tolist(), strict=True)
        skeleton, raw, written = texts.skeleton, texts.raw, texts.written
        self._pieces: list[tuple[bytes, list[bytes], list[bytes]]]
        self._pieces = [(skeleton[begin:end], raw[a:b], written[a:b]) for begin, end, a, b in places]
        self._first: list[int] = np.searchsorted(self.owner, np.arange(len(units.kind) + 1)).tolist()
        self._cut = units.cut.tolist()

    def own(self, unit: int) -> tuple[bytes, list[bytes], list[bytes]]:
        """Its tags, its texts, and the texts as they appear in forms; the caller may change the lists."""
        first, last = self._first[unit], self._first[unit + 1]
        if last == first + 1:
            return self._pieces[first]
        pieces = self._pieces[first:last]
        return (
            (NESTED if self._cut[unit] else b"").join(tags for tags, _, _ in pieces),
            [text for _, raw, _ in pieces for text in raw],
            [text for _, _, written in pieces for text in written],
        )
