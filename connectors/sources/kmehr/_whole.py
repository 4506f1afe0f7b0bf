"""Rows of a folder that was taken apart (`_runs`): the same rows as from reading it event by event."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from xml.parsers import expat

from connectors.sources.kmehr._contents import put_aside, put_back
from connectors.sources.kmehr._names import IDENTITY, IDENTITY_FIELDS, POSITION_VALUE
from connectors.sources.kmehr._runs import Piece, Place, StrangeFolderError, take_apart
from connectors.sources.kmehr._shape import shape_of
from connectors.sources.kmehr.rows import NO_MOMENT, Row, name_of, told_of
from connectors.sources.kmehr.tree import Element
from schemas.disposition import UnitKind
from schemas.shapes import HOLE

_KEPT = 8192  # shapes
_HEADS_KEPT = 512  # for one shape: texts that determine the kind of record
_PATIENT = "<patient></patient>"
_IDENTITY = tuple(f"<{name}{end}" for name in IDENTITY for end in "> \t\n")
_ATTRIBUTE = re.compile(r"""\s+([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_REFERENCE = re.compile("&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|([a-z]+));")
_SIGNS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_WHITE = str.maketrans("\t\n", "  ")  # in an attribute: XML readers do the same
_KIND_FIELDS = frozenset({"cd", "author"})
"""Children of a transaction that state its kind of record and its author."""


class WholeFolder:
    """A folder of known forms only: `pieces`, their texts as characters. Raises StrangeFolderError for any other."""

    def __init__(self, folder: bytes, deepest: int) -> None:
        """`deepest`: the allowed number of levels, including its own."""
        bare, contents = put_aside(folder)
        self.pieces = take_apart(bare, deepest)
        own = self.pieces[0]
        patients = [piece for piece in self.pieces if piece.kind is Place.PATIENT]
        if len(patients) != 1 or not _holds_positions("".join(own.tags)):
            raise StrangeFolderError
        if not all(map(POSITION_VALUE.fullmatch, own.texts)):
            raise StrangeFolderError
        self.patient = patients[0]
        self.fields = [piece for piece in self.pieces if piece.kind is UnitKind.PATIENT_FIELD]
        if "".join(self.patient.tags) != _PATIENT or len(self.fields) > IDENTITY_FIELDS:
            raise StrangeFolderError
        for piece in self.pieces if contents else ():
            if piece.kind is UnitKind.LINK:
                piece.texts = [put_back(text, contents) for text in piece.texts]
        if b"&" in bare:
            for piece in self.pieces:
                piece.texts = [_plain(text) for text in piece.texts]
        self.shapes = [self._shape(piece) for piece in self.pieces]

    @staticmethod
    def _shape(piece: Piece) -> Shape | None:
        if isinstance(piece.kind, Place) or piece.kind is UnitKind.LINK:
            return None
        return _known(piece.kind, "".join(piece.tags))

    def identity(self) -> Element:
        """The `patient` with the children that identify the person."""
        stated = [piece for piece in self.fields if piece.tags[0].startswith(_IDENTITY)]
        tags = "".join(["<patient>", *(tag for piece in stated for tag in piece.tags), "</patient>"])
        return _element(tags, [text for piece in stated for text in piece.texts])


class Shape:
    """A shape, and which of its texts have columns of their own."""

    def __init__(self, kind: UnitKind, tags: str) -> None:
        """`tags`: as written, with a HOLE for each text."""
        self.kind, self._tags = kind, tags
        marks = [f"\ue000{at}\ue001" for at in range(tags.count(HOLE))]
        element = _element(tags, marks)
        self.shape, texts = shape_of(element)
        if texts != marks:
            raise StrangeFolderError
        self._texts, self._marks = marks, {mark: at for at, mark in enumerate(marks)}
        self._name = self._slot(name_of(kind, element))
        stated = [
            each for child in element.children if child.name in _KIND_FIELDS for each in _all_below(child)
        ]
        self._kind_slots = [self._marks[each.own_text] for each in stated if each.own_text in self._marks]
        self._kind_cached = lru_cache(_HEADS_KEPT)(self._kind_and_responsible)
        date = told_of(element)[0] if kind is UnitKind.TRANSACTION else None
        self._date = self._slot(date)

    def _slot(self, text: str | None) -> int | str | None:
        """The place of a text; the text itself if it is not in a hole."""
        return text if text is None else self._marks.get(text, text)

    def name(self, texts: Sequence[str]) -> str | None:
        """The name of a unit."""
        return texts[self._name] if isinstance(self._name, int) else self._name

    def told(self, texts: Sequence[str]) -> Row:
        """Date, kind of record and responsible doctor of a unit, if it is a transaction."""
        if self.kind is not UnitKind.TRANSACTION:
            return NO_MOMENT
        date = texts[self._date] if isinstance(self._date, int) else self._date
        return (date, *self._kind_cached(*[texts[at] for at in self._kind_slots]))

    def _kind_and_responsible(self, *stated: str) -> Row:
        """Kind of record and responsible doctor, from the texts that state them."""
        texts = list(self._texts)
        for at, text in zip(self._kind_slots, stated, strict=True):
            texts[at] = text
        return told_of(_element(self._tags, texts))[1:]


_known = lru_cache(_KEPT)(Shape)


@lru_cache(_KEPT)
def _holds_positions(tags: str) -> bool:
    """Whether a folder's own children, besides patient and transactions, are only ids that are positions."""
    return all(
        child.name == "id"
        and child.attributes.keys() <= {"S", "SV"}
        and child.attributes.get("S") == "ID-KMEHR"
        and POSITION_VALUE.fullmatch(child.attributes.get("SV", ""))
        and not child.children
        for child in _element(tags, [""] * tags.count(HOLE)).children
    )


def _all_below(element: Element) -> list[Element]:
    found = [element]
    for each in found:
        found += each.children
    return found


def _element(tags: str, texts: Sequence[str]) -> Element:
    """The tree of these tags, with the texts in their holes."""
    root = Element("", {}, 0)
    stack = [root]
    waiting = iter(texts)

    def start(name: str, attributes: dict[str, str]) -> None:
        element = Element(name, attributes, len(stack[-1].children) + 1)
        stack[-1].append(element)
        stack.append(element)

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: stack.pop()
    parser.CharacterDataHandler = lambda _mark: stack[-1].parts.append(next(waiting))
    parser.Parse(tags.replace(HOLE, "-").encode(), True)
    return root.children[0]


def _plain(text: str) -> str:
    """Written text as characters. Its references are known to be those of XML."""
    return _REFERENCE.sub(_sign, text) if "&" in text else text


def _sign(found: re.Match[str]) -> str:
    if found[3]:
        return _SIGNS[found[3]]
    return chr(int(found[1], 16) if found[1] else int(found[2]))


def link_element(link: Piece) -> Element:
    """The `lnk` of a piece, without its content."""
    labels = _ATTRIBUTE.findall(link.tag)
    attributes = {name: _plain((one or other).translate(_WHITE)) for name, one, other in labels}
    return Element("lnk", attributes, link.ordinal)
