"""Count delivered charts from their bytes, several at once, by arithmetic and recipes where these cover the whole chart.

A chart that they do not cover, or that breaks any rule, is counted by `DeliveredChart`, which reports the problem.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice, repeat

from connectors.base import Limits
from connectors.inventory.delivered.chart import DEEPER, ChartAccount, DeliveredChart, DeliveredUnit
from connectors.inventory.facts.markers import DERIVED, SUMMARY, is_mark, says_origin
from connectors.inventory.facts.normal_form import (
    MARK,
    KeyedDigest,
    Node,
    is_mf_id,
    link_target,
)
from connectors.inventory.facts.units import Transaction
from connectors.inventory.kmehr.byte_scan import UnknownForm, Why
from connectors.inventory.kmehr.byte_texts import value_in
from connectors.inventory.kmehr.folder_count import (
    HEADING,
    ITEM,
    NAMES,
    RESULT,
    TRANSACTION,
    FolderCount,
    HeadRecipe,
    Work,
)
from connectors.inventory.kmehr.recipes import Recipe, Skeleton
from schemas.item_kinds import ITEM_KINDS

_TOGETHER = 1 << 20
"""Charts are counted once this many bytes have been collected."""
_LARGEST = 8 << 20
"""A longer chart is never held whole."""
_BEGIN, _END = b"<folder>", b"</folder>"
_FRAMES = 16
_ITEM_KINDS = frozenset(kind.encode() for kind in ITEM_KINDS)
_ONLY_DERIVED = frozenset({DERIVED})


class DeliveredHead(HeadRecipe):
    """The marks in a head's tags, and the places of the texts that further rules check."""

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton)
        children = skeleton.root.children
        schemes = (child.get("SL") or "" for child in children if child.made)
        self.marks = frozenset(scheme for scheme in schemes if scheme.startswith(MARK))
        self._mf_ids = list(skeleton.slots_of(filter(is_mf_id, children)))
        kinds = [child for child in children if child.name == "cd" and child.get("S") == "CD-ITEM"]
        self._kinds = list(skeleton.slots_of(kinds))
        self._states_kinds = len(self._kinds) == len(kinds)
        origins = [c for c in children if c.name == "id" and c.made and c.get("SL") == DERIVED]
        self._origins = list(skeleton.slots_of(origins))
        is_derived = any(is_mark(c, DERIVED) for c in children) and len(self._origins) == len(origins)
        self._made_form = Recipe(skeleton, "derived") if is_derived else None

    def mf_ids(self, raw: list[bytes]) -> set[str]:
        """The values of its MF-IDs."""
        return {value for slot in self._mf_ids if (value := value_in(raw[slot]))}

    def has_known_kind(self, raw: list[bytes]) -> bool:
        """Whether the standard knows each of its kinds, if it is an item."""
        for slot in self._kinds:
            if raw[slot] not in _ITEM_KINDS and value_in(raw[slot]) not in ITEM_KINDS:
                return False
        return self._states_kinds

    def form(self, raw: list[bytes], written: list[bytes]) -> bytes | None:
        """The normal form of an item made from a result of a message; None if it does not name its origin."""
        if self._made_form is None or not all(says_origin(value_in(raw[slot])) for slot in self._origins):
            return None
        return self._made_form.whole(raw, written)


class DeliveredFolders(FolderCount[DeliveredHead]):
    """Counts the folders of charts that a run writes. Raises UnknownForm for anything out of order."""

    def __init__(self, key: bytes, token: str) -> None:
        super().__init__(DeliveredHead, token)
        self._token = token
        self._digest = KeyedDigest(key)
        self._summaries: Counter[int] = Counter()
        self._results: list[int] = []  # items made from results of messages
        self._holders: dict[tuple[int, str], int] = {}  # the first unit by folder and MF-ID
        self._shared: defaultdict[tuple[int, str], list[int]] = defaultdict(list)  # further units of the same
        self._versions: set[tuple[int, str | None]] = (
            set()
        )  # units that state they are a new version of an MF-ID

    def count(self, folders: list[memoryview], limits: Limits) -> list[list[DeliveredUnit]]:
        """Returns the units of each folder."""
        self._summaries.clear()
        self._holders.clear()
        self._shared.clear()
        self._results.clear()
        self._versions.clear()
        chunk = b"".join(folders)
        if len(chunk) > limits.max_unit_bytes:
            raise UnknownForm(Why.LARGE)
        work = Work(chunk, limits.max_depth + DEEPER - 1)
        if work.folder_sizes != [len(folder) for folder in folders]:
            raise UnknownForm(Why.STRUCTURE)
        digests = list(map(self._digest, self.forms(work)))
        self._check_versions()
        for at in self._results:
            work.kinds[at] = RESULT
        derived = [kind == RESULT for kind in work.kinds]
        units = map(DeliveredUnit, [NAMES[kind] for kind in work.kinds], digests, repeat(False), derived)
        held = Counter(work.folders)  # units follow each other folder by folder
        return [list(islice(units, held[folder])) for folder in range(len(folders))]

    def _check_versions(self) -> None:
        """Check that all but one of the units with the same MF-ID in a folder say they are new versions."""
        for (folder, mf_id), further in self._shared.items():
            holders = [self._holders[folder, mf_id], *further]
            if sum((at, mf_id) in self._versions for at in holders) < len(further):
                raise UnknownForm(Why.PROBLEM)

    def on_field(self, work: Work, at: int, recipe: Recipe, raw: list[bytes]) -> None:  # noqa: ARG002
        """Leave fields that the run made to the walk."""
        if recipe.skeleton.root.made:
            raise UnknownForm(Why.MARK)

    def on_link(self, work: Work, at: int, link: Node) -> None:
        """Record the MF-ID of which a unit is a new version; leave turned links to the walk."""
        url = link.get("URL") or ""
        if self._token in url:
            raise UnknownForm(Why.MARK)
        if link.get("TYPE") == "isanewversionof":
            self._versions.add((work.parents[at], link_target(url)))

    def on_head(
        self, work: Work, at: int, recipe: DeliveredHead, raw: list[bytes], written: list[bytes]
    ) -> bytes | None:
        """Check each head against the rules for summaries, kinds of items, MF-IDs and marks."""
        kind, folder = work.kinds[at], work.folders[at]
        if recipe.marks and (kind != ITEM or recipe.marks != _ONLY_DERIVED):
            # Beside MF-IDs, only the mark of an item made from a message needs no walk.
            raise UnknownForm(Why.MARK)
        if kind == HEADING:
            return None
        if kind == TRANSACTION:
            self._check_summary(work.told[at], folder)
        elif not recipe.has_known_kind(raw):
            raise UnknownForm(Why.PROBLEM)
        for mf_id in recipe.mf_ids(raw):
            if self._holders.setdefault((folder, mf_id), at) != at:
                self._shared[folder, mf_id].append(at)
        return self._derived(at, recipe.form(raw, written)) if recipe.marks else None

    def _check_summary(self, transaction: Transaction | None, folder: int) -> None:
        """Check that a folder has one summary at most."""
        if transaction is not None and transaction.kind == SUMMARY:
            self._summaries[folder] += 1
            if self._summaries[folder] > 1:
                raise UnknownForm(Why.PROBLEM)

    def _derived(self, at: int, form: bytes | None) -> bytes:
        """Returns the fact of an item made from a result of a message: all that it says."""
        if form is None:
            raise UnknownForm(Why.PROBLEM)
        self._results.append(at)
        return form


@dataclass
class _Chart:
    """A chart that waits to be counted, or one that was too long and is already counted."""

    done: Callable[[ChartAccount], None]
    originals: bytes
    data: bytes = b""
    account: ChartAccount | None = None


class ChartBytes:
    """Feed the bytes of one chart, then `close()`."""

    def __init__(
        self, charts: DeliveredCharts, originals: bytes, done: Callable[[ChartAccount], None]
    ) -> None:
        self._charts = charts
        self._chart = _Chart(done, originals)
        self._held: list[bytes] = []
        self._size = 0
        self._walking: DeliveredChart | None = None

    def feed(self, piece: bytes) -> None:
        """Process the next bytes."""
        if self._walking is not None:
            self._walking.feed(piece)
            return
        self._held.append(piece)
        self._size += len(piece)
        if self._size > _LARGEST:
            self._walking = self._charts.walking(self._chart.originals, Why.LARGE)
            self._walking.feed(b"".join(self._held))
            self._held.clear()

    def close(self) -> None:
        """End the chart; nothing may be fed afterwards."""
        if self._walking is not None:
            self._chart.account = self._walking.close()
        self._chart.data = b"".join(self._held)
        self._held.clear()
        self._charts.take(self._chart)


@dataclass
class DeliveredCharts:
    """Counts the charts of one run. `walked`: charts counted singly, by reason; `token`: carried by the run's marks."""

    fact_key: bytes
    token: str
    limits: Limits = field(default_factory=Limits)
    walked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._folders = DeliveredFolders(self.fact_key, self.token)
        self._frames: dict[tuple[bytes, bytes], bool] = {}
        self._waiting: list[_Chart] = []
        self._size = 0

    def open(self, originals: bytes, done: Callable[[ChartAccount], None]) -> ChartBytes:
        """Begin the next chart. `done` is called with each account, in the order of charts, by `flush` at the latest."""
        return ChartBytes(self, originals, done)

    def take(self, chart: _Chart) -> None:
        """Take a complete chart."""
        self._waiting.append(chart)
        self._size += len(chart.data)
        if self._size >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Count all charts that wait."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        ready = {id(chart): self._folder(chart) for chart in waiting if chart.account is None}
        known = [chart for chart in waiting if isinstance(ready.get(id(chart)), memoryview)]
        self._count(known, [body for body in map(ready.get, map(id, known)) if isinstance(body, memoryview)])
        for chart in waiting:
            why = ready.get(id(chart))
            if chart.account is None:
                chart.account = self._walk(chart, why if isinstance(why, Why) else Why.STRUCTURE)
            chart.done(chart.account)

    def walking(self, originals: bytes, why: Why) -> DeliveredChart:
        """Returns a walk over one chart."""
        self.walked[why.value] += 1
        return DeliveredChart(self.fact_key, self.token, originals, self.limits)

    def _walk(self, chart: _Chart, why: Why) -> ChartAccount:
        walk = self.walking(chart.originals, why)
        walk.feed(chart.data)
        return walk.close()

    def _count(self, charts: list[_Chart], folders: list[memoryview]) -> None:
        """Count charts together; halve the list to find those that are not covered, and walk these."""
        if not charts:
            return
        try:
            found = self._folders.count(folders, self.limits)
        except UnknownForm as unknown:
            why = unknown.why
        else:
            for chart, units in zip(charts, found, strict=True):
                chart.account = ChartAccount(units)
            return
        if len(charts) == 1:
            charts[0].account = self._walk(charts[0], why)
            return
        middle = len(charts) // 2
        self._count(charts[:middle], folders[:middle])
        self._count(charts[middle:], folders[middle:])

    def _folder(self, chart: _Chart) -> memoryview | Why:
        """Returns the folder of a chart if everything around it is in order, otherwise the reason for a walk."""
        begin, end = chart.data.find(_BEGIN), chart.data.rfind(_END) + len(_END)
        if chart.originals:
            return Why.PROSE
        if begin < 0 or end <= begin or not self._is_in_order(chart.data[:begin], chart.data[end:]):
            return Why.OUTSIDE
        return memoryview(chart.data)[begin:end]

    def _is_in_order(self, head: bytes, tail: bytes) -> bool:
        """Whether the bytes around a folder form, with an empty folder, a chart without units and problems."""
        if (head, tail) not in self._frames:
            if len(self._frames) >= _FRAMES:
                self._frames.clear()
            walk = DeliveredChart(self.fact_key, self.token)
            walk.feed(head + _BEGIN + _END + tail)
            self._frames[head, tail] = walk.close() == ChartAccount()
        return self._frames[head, tail]
