"""The account of a file's bytes: each belongs to exactly one unit, to the structure, or to a named rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from schemas.errors import UnexplainedUnitError

Span = tuple[int, int]
COMMENT = "comment"
FOLDER_HEAD = "folder-head"
MESSAGE_HEADER = "message-header"
LEFT_OUT = "left-out-by-mapping"  # cells of tables
RULES = (MESSAGE_HEADER, FOLDER_HEAD, COMMENT)
"""Rules that exclude bytes outside units. Comments are those without a letter or digit."""

_FLUSH_AT = 4096


def check_tiling(
    spans: Iterable[Span],
    structural: Iterable[Span],
    ignored: Iterable[Span],
    size: int,
    *,
    start: int = 0,
    file: int = 0,
) -> None:
    """Raise UnexplainedUnitError unless the lists together cover [start, size) without gap or overlap."""
    position = start
    for begin, end in sorted([*spans, *structural, *ignored]):
        if begin != position or end <= begin:
            code = "bytes_without_owner" if begin > position else "bytes_with_two_owners"
            raise UnexplainedUnitError(code, file=file, bytes=abs(begin - position))
        position = end
    if position != size:
        raise UnexplainedUnitError("bytes_without_owner", file=file, bytes=abs(size - position))


class Tiles:
    """Assigns each stretch of bytes to its owner during parsing; checks and then forgets what is settled."""

    def __init__(self, file: int) -> None:
        self.structural: list[Span] = []
        self.ignored: dict[str, list[Span]] = {rule: [] for rule in RULES}
        self.loose: list[Span] = []  # loose bytes of units that end later
        self.unit_bytes = 0
        self.structural_bytes = 0
        self.ignored_bytes: Counter[str] = Counter(dict.fromkeys(RULES, 0))
        self._file = file
        self._owner = self.structural
        self._mark = 0
        self._checked = 0

    def switch(self, position: int, owner: list[Span]) -> None:
        """Assign bytes before the position to the current owner, and those after it to the new one."""
        if position > self._mark:
            present = self._owner
            if present and present[-1][1] == self._mark:
                present[-1] = (present[-1][0], position)
            else:
                present.append((self._mark, position))
            self._mark = position
        self._owner = owner

    def settle(self, spans: list[Span]) -> None:
        """Check everything up to the current position against the spans of the units that have just ended."""
        aside = [span for rule in self.ignored.values() for span in rule]
        spans = [*spans, *self.loose]
        check_tiling(spans, self.structural, aside, self._mark, start=self._checked, file=self._file)
        self._checked = self._mark
        self.unit_bytes += sum(end - begin for begin, end in spans)
        self.structural_bytes += sum(end - begin for begin, end in self.structural)
        self.structural.clear()
        self.loose.clear()
        for rule, found in self.ignored.items():
            if found:
                self.ignored_bytes[rule] += sum(end - begin for begin, end in found)
                found.clear()

    def leap(self, position: int, unit_bytes: int, ignored: Counter[str]) -> None:
        """Skip bytes that were counted elsewhere: `unit_bytes` in units, `ignored` by rule, the rest structure."""
        self.settle([])
        rest = position - self._mark - unit_bytes - ignored.total()
        self.unit_bytes += unit_bytes
        self.structural_bytes += rest
        self.ignored_bytes.update(ignored)
        self._mark = self._checked = position

    def is_long(self) -> bool:
        """Whether the lists outside units are long enough to be settled."""
        return len(self.structural) + len(self.loose) + sum(map(len, self.ignored.values())) > _FLUSH_AT


class NoTiles(Tiles):
    """Ignores bytes, for trees of which only the units are accounted for."""

    def __init__(self) -> None:
        super().__init__(0)

    def switch(self, position: int, owner: list[Span]) -> None:
        """Does nothing."""

    def settle(self, spans: list[Span]) -> None:
        """Does nothing."""

    def is_long(self) -> bool:
        """Always false."""
        return False
