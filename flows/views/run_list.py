"""The list of runs as a page shows it: one page of rows, how many there are, and what the filter and the chart need."""

from __future__ import annotations

from dataclasses import dataclass

from flows.session.control import Control
from flows.views.figures import Week, weeks_of
from flows.views.index import RunIndex
from flows.views.runs import RunRow, Wanted, known_as, live_rows, page_of, words_of


@dataclass(frozen=True)
class RunList:
    """One page of the runs that are wanted, newest first."""

    rows: tuple[RunRow, ...]
    total: int  # of those that are wanted
    every: int  # of all that may be seen
    words: frozenset[str]  # of all that may be seen (`RunRow.word`)
    weeks: tuple[Week, ...]


def run_list(control: Control, doctor: str | None, wanted: Wanted, limit: int, offset: int) -> RunList:
    """Returns one page; of a doctor's runs alone if one is given. Costs what one page costs, however many runs there are."""
    with RunIndex.of(control) as index:
        known = known_as(control, doctor)
        living = live_rows(control, index, known)
        fitting = [row for row in living if wanted.fits(row)]
        rows, total = page_of(index, control, known, wanted, fitting, limit, offset)
        return RunList(
            rows=tuple(rows),
            total=total,
            every=len(living) + index.count_settled(known),
            words=frozenset(words_of(index, known, living)),
            weeks=tuple(weeks_of(index, known, wanted, fitting, control.clock.now())),
        )
