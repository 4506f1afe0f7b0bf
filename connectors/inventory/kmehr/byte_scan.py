"""Find the units of whole folders by arithmetic over their bytes, without an object for each element.

Precondition of everything here: the bytes are well-formed XML in UTF-8. Unless they hold a comment, a CDATA section or an
instruction, each `<` begins a tag. Forms that the arithmetic does not cover raise UnknownForm, and the walk counts them.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from xml.parsers import expat

import numpy as np
import numpy.typing as npt
import pybase64

from connectors.base import LONGEST_TAG

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

FIELD, TRANSACTION, HEADING, ITEM, TEXT, LNK = range(6)
_NO_UNIT = -1
_NAMES = (
    b"folder", b"patient", b"transaction", b"heading", b"item", b"lnk", b"text", b"text-with-layout", b"id",
    b"EncryptedData", b"Base64EncryptedData", b"kmehrmessage",
)  # fmt: skip
_FOLDER, _PATIENT, _TRANSACTION, _HEADING, _ITEM, _LNK, _TEXT, _LAYOUT, _ID, *_REFUSED = range(len(_NAMES))
_OTHER = len(_NAMES)
_UNIT_OF_NAME = np.full(_OTHER + 1, _NO_UNIT, np.int8)
_UNIT_OF_NAME[[_TRANSACTION, _HEADING, _ITEM, _LNK]] = TRANSACTION, HEADING, ITEM, LNK
_LONG_TEXT = 1 << 12
_BEHIND_NAME = np.zeros(256, np.bool_)
_BEHIND_NAME[list(b"> /\t\r\n")] = True
_TAG = re.compile(rb"<[^<>\"']*(?:\"[^\"]*\"[^<>\"']*|'[^']*'[^<>\"']*)*>")
_STRUCTURE = re.compile(rb"(?:[ \t\r\n]+|</?(?:folder|patient)[ \t\r\n]*>)*")


class Why(StrEnum):
    """Why the walk counts a folder: codes for a tally."""

    MARKUP = "markup"  # comment, CDATA section, instruction
    NAMESPACE = "namespace"  # a prefix or a declaration
    STRUCTURE = "structure"  # elements where the arithmetic expects none
    LOOSE = "loose"  # text or attributes that belong to no unit
    MIXED = "mixed"  # text beside elements
    MARK = "mark"  # marks of the run, other than the frequent ones
    PROSE = "prose"  # the chart holds elements as prose
    PROBLEM = "problem"  # a broken rule: the walk reports which one
    ENCODING = "encoding"
    LARGE = "large"
    MALFORMED = "malformed"
    OUTSIDE = "outside"  # a folder in no message, or its first child


class UnknownForm(Exception):
    """Bytes that the arithmetic does not cover. Not an error: the walk counts them."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of some folders, one entry each in document order."""

    begin: Ints  # of `<`
    end: Ints  # after `>`
    closing: Bools
    single: Bools  # empty-element tags


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of some folders, one entry each in document order."""

    first: Ints  # index of its start tag
    last: Ints  # index of its end tag; for an empty-element tag, of that tag
    name: Bytes  # index into `_NAMES`, or `_OTHER`
    parent: Ints  # index of the enclosing element, or -1
    ordinal: Ints  # from 1, among its siblings
    levels: list[Ints]  # the elements by depth, folders first

    def is_leaf(self, some: Ints) -> Bools:
        """Whether each of these holds no element."""
        return self.last[some] - self.first[some] <= 1


@dataclass(frozen=True, slots=True)
class Units:
    """The units of some folders, one entry each in document order; all positions are offsets in the bytes."""

    kind: npt.NDArray[np.int8]
    element: Ints  # its index among the elements
    begin: Ints
    end: Ints
    content: Ints  # after its start tag
    close: Ints  # where its end tag begins; `end` of an empty-element tag
    parent: Ints  # index of the enclosing unit, or -1
    folder: Ints  # index of its folder
    cut: Bools  # a nested unit is elsewhere than directly in a transaction, heading or item
    heads: Ints  # elements that are the `id` of a folder


def scan(chunk: bytes, deepest: int) -> tuple[Tags, Elements, Units]:
    """Find the tags, elements and units of whole folders with only white space between them.

    `deepest`: levels that the walk would go down, including that of the folder. The bytes must end in a tag. This function
    checks that they are well-formed.
    """
    raw = np.frombuffer(chunk, np.uint8)
    tags = _tags(chunk, raw)
    elements = _elements(raw, tags)
    if len(elements.levels) > deepest:
        raise UnknownForm(Why.STRUCTURE)
    _check_people(elements)
    return tags, elements, _units(tags, elements)


def _tags(chunk: bytes, raw: Bytes) -> Tags:
    begin = np.flatnonzero(raw == ord("<"))
    second = raw[begin + 1]
    if ((second == ord("!")) | (second == ord("?"))).any():
        raise UnknownForm(Why.MARKUP)
    _check_well_formed(chunk, begin)
    end = np.flatnonzero(raw == ord(">")) + 1
    if len(end) != len(begin):  # some `>` are in texts or values
        end = np.fromiter((found.end() for found in _TAG.finditer(chunk)), np.int64)
    if (end - begin).max(initial=0) > LONGEST_TAG:
        raise UnknownForm(Why.LARGE)
    closing = second == ord("/")
    single = (raw[end - 2] == ord("/")) & ~closing
    return Tags(begin, end, closing, single)


def _check_well_formed(chunk: bytes, begin: Ints) -> None:
    parser = expat.ParserCreate("utf-8")
    try:
        for piece in (b"<a>", *_without_long_base64(chunk, begin)):
            parser.Parse(piece, False)
        parser.Parse(b"</a>", True)
    except expat.ExpatError:
        pass
    else:
        return
    raise UnknownForm(Why.MALFORMED)


def _without_long_base64(chunk: bytes, begin: Ints) -> Iterator[bytes]:
    """The bytes without long texts of nothing but base64: decoding shows that these are well-formed, at less cost."""
    at = 0
    for tag in np.flatnonzero(np.diff(begin) > _LONG_TEXT).tolist():
        low, high = chunk.find(b">", begin[tag]) + 1, int(begin[tag + 1])
        try:
            pybase64.b64decode(chunk[low:high], validate=True)
        except binascii.Error:
            continue
        yield chunk[at:low]
        at = high
    yield chunk[at:]


def _elements(raw: Bytes, tags: Tags) -> Elements:
    first = np.flatnonzero(~tags.closing)
    step = np.where(tags.closing, -1, np.where(tags.single, 0, 1))
    after = np.cumsum(step).astype(np.int16)
    depth = (after - step.astype(np.int16))[first]
    order = np.argsort(depth, kind="stable")
    last = first.copy()
    opened = order[~tags.single[first[order]]]
    closes = np.flatnonzero(tags.closing)
    # On one level, start and end tags alternate.
    last[opened] = closes[np.argsort(after[closes], kind="stable")]
    bounds = np.searchsorted(depth[order], np.arange(int(depth.max()) + 2))
    levels = [order[low:high] for low, high in pairwise(bounds.tolist())]
    parent, ordinal = _family(len(first), levels)
    return Elements(first, last, _named(raw, tags.begin[first] + 1), parent, ordinal, levels)


def _family(count: int, levels: list[Ints]) -> tuple[Ints, Ints]:
    """The parent of each element, and its ordinal among its siblings."""
    parent, ordinal = np.full(count, -1, np.int64), np.ones(count, np.int64)
    for above, nodes in pairwise(levels):
        around = above[np.searchsorted(above, nodes) - 1]
        parent[nodes] = around
        places = np.arange(len(nodes))
        eldest = np.concatenate(([True], around[1:] != around[:-1]))
        ordinal[nodes] = places - np.maximum.accumulate(np.where(eldest, places, 0)) + 1
    return parent, ordinal


def _named(raw: Bytes, at: Ints) -> Bytes:
    """The name at each position, as an index into `_NAMES`."""
    words = np.lib.stride_tricks.sliding_window_view(raw, 8)[at].view(np.uint64).ravel()
    found = np.full(len(at), _OTHER, np.uint8)
    for number, name in enumerate(_NAMES):
        head = name[:8]
        mask = np.uint64((1 << 8 * len(head)) - 1)
        hits = np.flatnonzero((words & mask) == np.uint64(int.from_bytes(head, "little")))
        hits = hits[at[hits] + len(name) < len(raw)]
        for offset in range(8, len(name)):
            hits = hits[raw[at[hits] + offset] == name[offset]]
        found[hits[_BEHIND_NAME[raw[at[hits] + len(name)]]]] = number
    return found


def _check_people(elements: Elements) -> None:
    """Check that each folder has one patient, and that neither name occurs elsewhere."""
    name, folders = elements.name, elements.levels[0]
    patients = np.flatnonzero(name == _PATIENT)
    others = not (name[folders] == _FOLDER).all() or (name == _FOLDER).sum() != len(folders)
    if others or not np.array_equal(elements.parent[patients], folders) or np.isin(name, _REFUSED).any():
        raise UnknownForm(Why.STRUCTURE)


def _units(tags: Tags, elements: Elements) -> Units:
    kind = _kinds(elements)
    around = np.full(len(kind), -1, np.int64)  # the nearest enclosing element that is a unit
    for nodes in elements.levels[1:]:
        parents = elements.parent[nodes]
        around[nodes] = np.where(kind[parents] != _NO_UNIT, parents, around[parents])
    units = np.flatnonzero(kind != _NO_UNIT)
    first, last = elements.first[units], elements.last[units]
    number = np.full(len(kind) + 1, -1, np.int64)  # the last entry is that of no unit
    number[units] = np.arange(len(units))
    parent = number[around[units]]
    cut = np.zeros(len(units), np.bool_)
    directly = (around[units] == elements.parent[units]) & (kind[around[units]] != TEXT)
    cut[parent[(parent >= 0) & ~directly]] = True
    single = tags.single[first]
    return Units(
        kind=kind[units],
        element=units,
        begin=tags.begin[first],
        end=tags.end[last],
        content=tags.end[first],
        close=np.where(single, tags.end[last], tags.begin[last]),
        parent=parent,
        folder=np.searchsorted(elements.levels[0], units) - 1,
        cut=cut,
        heads=_children_of_folders(elements, _ID),
    )


def _children_of_folders(elements: Elements, name: int) -> Ints:
    some: Ints = elements.levels[1] if len(elements.levels) > 1 else np.zeros(0, np.int64)
    found: Ints = some[elements.name[some] == name]
    return found


def _kinds(elements: Elements) -> npt.NDArray[np.int8]:
    """The kind of unit of each element, or `_NO_UNIT`."""
    name, parent = elements.name, elements.parent
    kind = _UNIT_OF_NAME[name]
    top = elements.levels[1] if len(elements.levels) > 1 else np.zeros(0, np.int64)
    texts = top[(kind[top] == _NO_UNIT) & (name[top] != _PATIENT) & (name[top] != _ID)]
    inner = np.flatnonzero((name == _TEXT) | (name == _LAYOUT))
    holder = kind[parent[inner]]
    kind[inner[(holder == TRANSACTION) | (holder == HEADING)]] = TEXT
    kind[texts] = TEXT
    _settle_patients(elements, kind)
    closed = np.concatenate((np.flatnonzero(kind == LNK), _children_of_folders(elements, _ID)))
    if not elements.is_leaf(closed).all():
        raise UnknownForm(Why.STRUCTURE)
    return kind


def _settle_patients(elements: Elements, kind: npt.NDArray[np.int8]) -> None:
    """Make the children of a patient units, and nothing else in it."""
    patients = np.flatnonzero(elements.name == _PATIENT)
    depth = np.zeros(len(kind) + 1, np.int8)
    depth[patients + 1] += 1
    depth[np.searchsorted(elements.first, elements.last[patients])] -= 1
    kind[np.cumsum(depth[:-1], dtype=np.int8) > 0] = _NO_UNIT
    kind[(elements.parent >= 0) & (elements.name[elements.parent] == _PATIENT)] = FIELD


def pieces_of(units: Units) -> tuple[Ints, Ints, Ints]:
    """The byte ranges of each unit without those of its nested units: owner, begin, end, in the order of owners."""
    count = len(units.begin)
    edge = np.concatenate((units.end, units.begin))  # at one position, an end comes before a beginning
    owner = np.concatenate((units.parent, np.arange(count)))
    order = np.argsort(edge, kind="stable")
    # Units that end together: inner ones first. A stable sort by position leaves them in document order.
    edge, owner = edge[order], owner[order]
    begin, end, whose = edge[:-1], edge[1:], owner[:-1]
    some = np.flatnonzero((whose >= 0) & (end > begin))
    some = some[np.argsort(whose[some], kind="stable")]
    return whose[some], begin[some], end[some]


def check_rest(chunk: bytes, begin: Ints, end: Ints) -> None:
    """Raise UnknownForm if these ranges overlap, or if more than white space and folder and patient tags is left."""
    order = np.argsort(begin, kind="stable")
    begin, end = begin[order], end[order]
    if (begin[1:] < end[:-1]).any():
        raise UnknownForm(Why.STRUCTURE)
    lows, highs = np.concatenate(([0], end)), np.concatenate((begin, [len(chunk)]))
    gaps = np.flatnonzero(lows < highs)
    rest = [chunk[low:high] for low, high in zip(lows[gaps].tolist(), highs[gaps].tolist(), strict=True)]
    if not _STRUCTURE.fullmatch(b"".join(rest)):
        raise UnknownForm(Why.LOOSE)
