"""Figures over time that people would rather look at than read: runs by week and outcome, and bytes in staging."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flows.session.control import Control
from flows.views.index import RunIndex, whose_runs
from flows.views.runs import RunRow, Wanted, known_as, word_of
from vault.runs.lease import find_lease
from vault.system.clock import format_utc, parse_utc

WEEKS, DAYS = 12, 30
MOST_STAYS = 200
"""Up to so many runs, each moment at which the bytes in staging changed is shown; of more, the most in each stretch of time."""
STRETCH_SECONDS = 2 * 3600


@dataclass(frozen=True)
class Week:
    """The runs that began in a week, by their word and its colour."""

    monday: str
    words: tuple[tuple[str, str, int], ...]  # word, colour, number

    @property
    def total(self) -> int:
        """The number of runs."""
        return sum(count for _, _, count in self.words)


@dataclass(frozen=True)
class Staged:
    """How many bytes lay in staging from one moment to the next."""

    since: str
    until: str
    bytes: int


def weeks_of(
    index: RunIndex, known: frozenset[str] | None, wanted: Wanted, living: list[RunRow], now: datetime
) -> list[Week]:
    """The same, for an open index, the ids of a doctor, and the wanted runs without a certificate."""
    this = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    first = this - timedelta(weeks=WEEKS - 1)
    counted = [Counter[tuple[str, str]]() for _ in range(WEEKS)]
    for place, cause, count in _ended_by_week(index, known, wanted, first):
        if place < WEEKS:
            counted[place][word_of(cause)] += count
    for row in living:
        place = (parse_utc(row.created) - first) // timedelta(weeks=1)
        if 0 <= place < WEEKS:
            counted[place][row.word, row.colour] += 1
    return [
        Week(
            format_utc(first + timedelta(weeks=place)),
            tuple((*key, count) for key, count in sorted(found.items())),
        )
        for place, found in enumerate(counted)
    ]


def _ended_by_week(
    index: RunIndex, known: frozenset[str] | None, wanted: Wanted, first: datetime
) -> list[tuple[int, str | None, int]]:
    whose, persons = whose_runs(known)
    where, values = wanted.condition()
    sql = (
        "SELECT (strftime('%s', s.created) - ?) / 604800, s.cause, COUNT(*) FROM settled s"
        f" WHERE s.created >= ? AND {whose} AND {where} GROUP BY 1, 2"
    )
    return index.query(sql, int(first.timestamp()), format_utc(first), *persons, *values)


def staged_over_time(control: Control, living: Iterable[RunRow], doctor: str | None = None) -> list[Staged]:
    """Returns the bytes in staging over the last days, stretch by stretch; of a doctor's runs alone if one is given.

    An ended run counts from its start to the end of its destruction, with the size that its staging had then; a living run with
    the size that it has now. Of many runs, each stretch has the most bytes that there were in it.
    """
    now = control.clock.now()
    first = now - timedelta(days=DAYS)
    alive = [(row.created, format_utc(now), _size_of(control, row.run)) for row in living]
    with RunIndex.of(control) as index:
        known = known_as(control, doctor)
        whose, persons = whose_runs(known)
        own = whose.replace("s.run", "t.run")
        ended = f"SELECT t.started_at, t.ended_at, t.bytes FROM told t WHERE t.ended_at >= ? AND {own}"
        asked = (format_utc(first), *persons)
        stays = index.query(f"{ended} LIMIT {MOST_STAYS + 1}", *asked)
        if len(stays) > MOST_STAYS:
            return _by_stretch(index, ended, asked, alive, first, now)
    changes = Counter[datetime]()
    for began, over, size in stays + alive:
        changes[max(parse_utc(began) if began else first, first)] += size
        changes[parse_utc(over)] -= size
    return _stretches(changes, first, now)


_BY_STRETCH = """
WITH stay (began, ended, size) AS ({ended} UNION ALL SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)),
change (at, by) AS (
  SELECT MAX(COALESCE(strftime('%s', began) - ?1, 0), 0), size FROM stay
  UNION ALL SELECT strftime('%s', ended) - ?1, -size FROM stay
),
moment (at, by) AS (SELECT at, SUM(by) FROM change GROUP BY at),
held (at, by, bytes) AS (SELECT at, by, SUM(by) OVER (ORDER BY at) FROM moment)
SELECT at / ?2, SUM(by), MAX(bytes) FROM held GROUP BY 1 ORDER BY 1
"""


def _by_stretch(
    index: RunIndex,
    ended: str,
    asked: tuple[str, ...],
    alive: list[tuple[str, str, int]],
    first: datetime,
    now: datetime,
) -> list[Staged]:
    """Returns stretches of equal length with the most bytes in each."""
    sql = _BY_STRETCH.format(ended=ended)
    for name, value in (("?1", int(first.timestamp())), ("?2", STRETCH_SECONDS)):
        sql = sql.replace(name, str(value))
    found = {place: (by, most) for place, by, most in index.query(sql, *asked, json.dumps(alive))}
    stretches, held, length = [], 0, timedelta(seconds=STRETCH_SECONDS)
    for place in range(-(-(now - first) // length)):
        by, most = found.get(place, (0, 0))
        since, until = first + place * length, min(first + (place + 1) * length, now)
        stretches.append(Staged(format_utc(since), format_utc(until), max(held, most)))
        held += by
    return stretches


def _size_of(control: Control, run: str) -> int:
    """Returns the bytes below a living run's folders; files may vanish meanwhile."""
    folders = find_lease(control.home, run).folders
    return sum(_size(path) for folder in folders for path in folder.rglob("*"))


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if path.is_file() else 0


def _stretches(changes: Counter[datetime], first: datetime, now: datetime) -> list[Staged]:
    found, held, since = [], 0, first
    for at in sorted({*changes, now}):
        if at > since:
            found.append(Staged(format_utc(since), format_utc(at), held))
            since = at
        held += changes[at]
    return found
