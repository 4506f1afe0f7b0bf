"""Take a folder apart by runs of tags: its units, each with its own tags and texts.

A run is the sequence of tags between two texts. Runs recur thousands of times in a practice, so the effect of each is
computed once for each stack of open elements. No object is built for an element. Forms that are not covered raise
StrangeFolderError; the folder is then read event by event (`_units`), which covers all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from xml.parsers import expat

from connectors.base import LONGEST_TAG
from connectors.sources.kmehr._names import CONTAINERS, HEADS, NESTED, RECORDS, TEXTS
from connectors.sources.kmehr.bytes import holds
from schemas.disposition import UnitKind
from schemas.shapes import HOLE, PROSE

MOST_TAGS = 200_000  # of a folder
_REMEMBERED = 50_000  # runs
_SPLIT = re.compile(r">(?![ \t\n]+<[^/])([^<]+)<")  # white space before a start tag is not text
_LINK = re.compile(r"<lnk(?=[\s/>])[^<>]*>")
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_ATTRIBUTE = rf"\s+{_NAME}\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')"
_TAG = re.compile(rf"\s*<(/?)({_NAME})((?:{_ATTRIBUTE})*)\s*(/?)>")
_NAMESPACE = re.compile(r"\sxmlns\s*=")
_LEAVING = frozenset({*NESTED, *RECORDS})


class Place(Enum):
    """The parts of a folder besides units."""

    FOLDER = "folder"
    PATIENT = "patient"


Kind = UnitKind | Place
_HOLD_ELEMENTS_ALONE = frozenset({Place.FOLDER, Place.PATIENT, *HEADS})


class StrangeFolderError(Exception):
    """A form that this way of reading does not cover."""


class Piece:
    """A unit, the patient or the folder: its own tags with a HOLE for each text, and the texts as they are written.

    `ordinal`: position among its parent's child elements, from 1. `tag`: the start tag of a link.
    """

    __slots__ = ("children", "kind", "ordinal", "parent", "tag", "tags", "texts")

    def __init__(self, kind: Kind, parent: Piece | None, ordinal: int, tag: str) -> None:
        self.kind, self.parent, self.ordinal, self.tag = kind, parent, ordinal, tag
        self.children = 0  # child elements met so far
        self.tags: list[str] = []
        self.texts: list[str] = []


def is_marked_up(folder: bytes) -> bool:
    """Whether the bytes may hold more than elements and texts, or another message."""
    return b"\0" in folder or holds(folder, b"<!") or holds(folder, b"<?") or b"kmehrmessage" in folder


def _is_well_formed(folder: bytes) -> bool:
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(folder, True)
    except expat.ExpatError:
        return False
    return True


def take_apart(folder: bytes, deepest: int) -> list[Piece]:
    """The pieces of a `folder` element in document order, itself first; `deepest`: the allowed number of levels.

    Raises StrangeFolderError.
    """
    if is_marked_up(folder) or not _is_well_formed(folder) or folder.count(b"<") > MOST_TAGS:
        raise StrangeFolderError
    text = folder.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    links: list[str] = []
    bare = _LINK.sub(lambda found: _put_aside(found[0], links), text)
    parts = _SPLIT.split(bare[1:-1])
    return _pieces(parts[::2], parts[1::2], iter(links), deepest)


def _put_aside(tag: str, links: list[str]) -> str:
    """Keep links apart: their attributes differ, so that every run would be a new one."""
    if len(tag) > LONGEST_TAG:
        raise StrangeFolderError
    links.append(tag)
    return "<lnk/>" if tag.endswith("/>") else "<lnk>"


def _pieces(runs: list[str], texts: list[str], links: Iterator[str], deepest: int) -> list[Piece]:
    state = _START
    pieces: list[Piece] = []
    top: Piece | None = None
    last = len(texts)
    for at, run in enumerate(runs):
        step = state.after(run)
        if (at and not step.ends_first) or step.depth > deepest:
            raise StrangeFolderError  # text beside elements
        state = step.state
        for tags, opens, children in step.moves:
            if top is not None:
                top.tags.append(tags)
                top.children += children
            if opens is Change.ENDS:
                top = top.parent if top is not None else None
            elif not isinstance(opens, Change):
                ordinal = top.children if top is not None else 1
                top = Piece(opens, top, ordinal, next(links, "") if opens is UnitKind.LINK else "")
                pieces.append(top)
        if at == last:
            break
        if not step.ends_open:
            if not texts[at].isspace():
                raise StrangeFolderError
        elif top is None or (top.kind in _HOLD_ELEMENTS_ALONE and step.ends_itself):
            raise StrangeFolderError
        else:
            top.tags.append(HOLE)
            top.texts.append(texts[at])
    if state is not _START or next(links, None) is not None:
        raise StrangeFolderError
    return pieces


class Change(Enum):
    """What happens after the tags of a move, if no piece opens."""

    ENDS = "ends"
    STAYS = "stays"


Move = tuple[str, "Kind | Change", int]
"""Tags of the innermost piece; the kind of the piece that then opens, or whether the innermost one ends or stays; and the
number of child elements of the innermost piece that have begun by then."""


class _Step:
    """The effect of a run of tags."""

    __slots__ = ("depth", "ends_first", "ends_itself", "ends_open", "moves", "state")

    def __init__(
        self, state: _State, run: _Run, *, ends_first: bool, ends_open: bool, ends_itself: bool
    ) -> None:
        self.state, self.moves, self.depth = state, run.moves, run.depth
        self.ends_first = ends_first  # whether its first tag is an end tag
        self.ends_open = ends_open  # whether its last tag is a start tag
        self.ends_itself = ends_itself  # whether the element then open is a piece


class _State:
    """A stack of open elements: their names, and the kinds of those that are pieces."""

    known: dict[tuple[tuple[str, ...], tuple[Kind | None, ...]], _State] = {}  # noqa: RUF012 - of all folders
    runs = 0

    def __init__(self, names: tuple[str, ...], kinds: tuple[Kind | None, ...]) -> None:
        self._names, self._kinds = names, kinds
        self._steps: dict[str, _Step] = {}

    @classmethod
    def of(cls, names: tuple[str, ...], kinds: tuple[Kind | None, ...]) -> _State:
        """The one state for these elements."""
        if not names:
            return _START
        found = cls.known.get((names, kinds))
        if found is None:
            found = cls.known[names, kinds] = cls(names, kinds)
        return found

    def after(self, run: str) -> _Step:
        """The effect of a run in this state."""
        return self._steps.get(run) or self._learn(run)

    def _learn(self, run: str) -> _Step:
        if _State.runs >= _REMEMBERED:
            _drop_all()
        _State.runs += 1
        learning = _Run(list(self._names), list(self._kinds))
        text, at, slash, single = f"<{run}>", 0, "", ""
        while at < len(text):
            tag = _TAG.match(text, at)
            if tag is None or tag.end() - at > LONGEST_TAG:
                raise StrangeFolderError
            slash, name, labels, single = tag.groups()
            learning.tag(name, labels, ends=bool(slash), empty=bool(single))
            at = tag.end()
        learning.flush()
        names, kinds = tuple(learning.names), tuple(learning.kinds)
        step = self._steps[run] = _Step(
            _State.of(names, kinds),
            learning,
            ends_first=run.startswith("/"),
            ends_open=not slash and not single,
            ends_itself=bool(kinds) and kinds[-1] is not None,
        )
        return step


_START = _State((), ())


def _drop_all() -> None:
    _State.known.clear()
    _State.runs = 0
    _START._steps.clear()  # noqa: SLF001 - its own module


class _Run:
    """A run while its effect is computed."""

    def __init__(self, names: list[str], kinds: list[Kind | None]) -> None:
        self.names, self.kinds = names, kinds
        self.moves: list[Move] = []
        self._tags: list[str] = []
        self._children = 0
        self.depth = 0  # of the innermost element met

    def tag(self, name: str, labels: str, *, ends: bool, empty: bool) -> None:
        if ends:
            self._end(name)
            return
        kind = self._kind(name)
        if (labels and isinstance(kind, Place)) or _NAMESPACE.search(labels):
            raise StrangeFolderError
        if not self.kinds or self.kinds[-1] is not None:
            self._children += 1
        if kind is not None:
            self.flush(kind)
        self._tags.append(f"<{name}{labels}>")
        self.names.append(name)
        self.depth = max(self.depth, len(self.names))
        self.kinds.append(kind)
        if empty:
            self._end(name)

    def _end(self, name: str) -> None:
        self._tags.append(f"</{name}>")
        kind = self.kinds[-1] if self.kinds else None
        if not self.names or self.names.pop() != name:
            raise StrangeFolderError
        self.kinds.pop()
        if kind is not None:
            self.flush(Change.ENDS)

    def flush(self, opens: Kind | Change = Change.STAYS) -> None:
        """Add what has been met so far to the innermost piece; then one opens or ends."""
        if self._tags or self._children or opens is not Change.STAYS:
            self.moves.append(("".join(self._tags), opens, self._children))
        self._tags, self._children = [], 0

    def _kind(self, name: str) -> Kind | None:
        """The kind of piece that an element begins; None: a part of the innermost one."""
        if not self.names:
            if name != "folder":
                raise StrangeFolderError
            return Place.FOLDER
        parent = self.kinds[-1]
        if parent is Place.FOLDER:
            return self._in_folder(name)
        if parent is Place.PATIENT:
            return UnitKind.PATIENT_FIELD if name != "lnk" else _strange()
        if parent is UnitKind.LINK or PROSE in self.names:
            raise StrangeFolderError
        found = self._in_unit(parent, name)
        if found is None and (name == "lnk" or (name in _LEAVING and "patient" not in self.names[1:2])):
            raise StrangeFolderError
        return found

    @staticmethod
    def _in_unit(parent: Kind | None, name: str) -> Kind | None:
        if parent in CONTAINERS and name in ("heading", "item"):
            return NESTED[name]
        if parent in CONTAINERS and name in TEXTS:
            return UnitKind.TEXT
        return UnitKind.LINK if parent in HEADS and name == "lnk" else None

    @staticmethod
    def _in_folder(name: str) -> Kind | None:
        found: dict[str, Kind | None] = {
            "id": None,
            "patient": Place.PATIENT,
            "transaction": UnitKind.TRANSACTION,
        }
        return found[name] if name in found else _strange()


def _strange() -> Kind:
    raise StrangeFolderError
