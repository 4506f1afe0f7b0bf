"""The geometry of the charts: widths in percent and heights in pixels, so that a chart fits any page without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import log10

from dashboard.rendering import day_and_month
from flows.views.deletion import DeletionRow, Standing
from flows.views.figures import Staged, Week
from vault.system.clock import parse_utc

HEIGHT = 132
"""Pixels of the drawing area of a chart with columns."""
SHOWN_RUNS = 25
"""How many of the newest runs a chart of lifetimes shows."""
MOST_COLUMNS = 400
_TICKS = (60, 3600, 86_400, 30 * 86_400)
_ORDER = ("good", "plain", "live", "warn", "bad")


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float  # percent from the left, or pixels from the top
    label: str


@dataclass(frozen=True)
class Lifetime:
    """The bar of one run: how long its staging existed, and its deadline."""

    row: DeletionRow
    width: float
    deadline: float
    colour: str


@dataclass(frozen=True)
class Lifetimes:
    """Staging lifetimes and deadlines on a logarithmic axis, so that seconds and days are both visible."""

    bars: tuple[Lifetime, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Column:
    """A rectangle of a chart with columns."""

    x: float
    width: float
    y: float
    height: float
    colour: str


@dataclass(frozen=True)
class Columns:
    """Columns over time."""

    columns: tuple[Column, ...]
    below: tuple[Tick, ...]
    beside: tuple[Tick, ...]


def lifetimes(rows: Iterable[DeletionRow], span: Callable[[int], str]) -> Lifetimes:
    """Returns a bar for each run, in the order of `rows`."""
    shown = list(rows)
    longest = max((max(row.staged_seconds, row.allowed_seconds) for row in shown), default=1) * 1.4

    def place(seconds: float) -> float:
        return round(100 * log10(1 + max(seconds, 0)) / log10(1 + longest), 2)

    bars = (
        Lifetime(row, place(row.staged_seconds), place(row.allowed_seconds), _colour(row)) for row in shown
    )
    return Lifetimes(tuple(bars), tuple(Tick(place(at), span(at)) for at in _TICKS if at < longest))


def _colour(row: DeletionRow) -> str:
    if row.staged_seconds > row.allowed_seconds or row.standing is Standing.OVERDUE:
        return "bad"
    return "live" if row.standing is Standing.OPEN else "good" if row.colour == "good" else "plain"


def weeks(found: Sequence[Week], language: str, number: Callable[[float], str]) -> Columns:
    """Returns a stacked column for each week: delivered at the bottom, failed at the top."""
    most = max([week.total for week in found] + [1])
    step = 100 / max(len(found), 1)
    columns: list[Column] = []
    for place, week in enumerate(found):
        base = float(HEIGHT)
        for _, colour, count in sorted(week.words, key=lambda word: _ORDER.index(word[1])):
            height = HEIGHT * count / most
            base -= height
            columns.append(_column(place * step + step * 0.18, step * 0.64, base, height, colour))
    below = tuple(
        Tick(round(place * step + step / 2, 2), day_and_month(language, week.monday))
        for place, week in enumerate(found)
    )
    return Columns(tuple(columns), below, _beside(most, number))


def staged(found: list[Staged], language: str, size: Callable[[float], str]) -> Columns:
    """Returns one column for each period with bytes in staging; its width is the length of the period."""
    if not found:
        return Columns((), (), ())
    first, last = parse_utc(found[0].since), parse_utc(found[-1].until)
    whole = max((last - first).total_seconds(), 1)
    most = max([stretch.bytes for stretch in found] + [1])

    def place(at: str) -> float:
        return 100 * (parse_utc(at) - first).total_seconds() / whole

    columns = tuple(
        _column(
            place(one.since),
            max(place(one.until) - place(one.since), 0.35),  # seconds would not be seen at all
            HEIGHT * (1 - one.bytes / most),
            HEIGHT * one.bytes / most,
            "accent",
        )
        for one in found[-MOST_COLUMNS:]
        if one.bytes
    )
    below = (
        Tick(0, day_and_month(language, found[0].since)),
        Tick(100, day_and_month(language, found[-1].until)),
    )
    return Columns(columns, below, _beside(most, size))


def growth(found: Iterable[tuple[str, int]], language: str, number: Callable[[float], str]) -> Columns:
    """Returns the size of the log: one column for each day on which it grew, up to the next such day.

    The chart starts one empty day earlier.
    """
    days = list(found)
    if not days:
        return staged([], language, number)
    steps = [(_moved(days[0][0], -1), 0), *days, (_moved(days[-1][0], 1), 0)]
    stretches = [
        Staged(f"{day}T12:00:00Z", f"{following}T12:00:00Z", size)
        for (day, size), (following, _) in pairwise(steps)
    ]
    return staged(stretches, language, number)


def _moved(day: str, days: int) -> str:
    return (parse_utc(f"{day}T12:00:00Z") + timedelta(days=days)).strftime("%Y-%m-%d")


def _column(x: float, width: float, y: float, height: float, colour: str) -> Column:
    return Column(round(x, 2), round(width, 2), round(y, 1), round(height, 1), colour)


def _beside(most: float, written: Callable[[float], str]) -> tuple[Tick, ...]:
    return (Tick(0, written(most)), Tick(HEIGHT, written(0)))
