"""The books of one file in memory: every unit has one end, and what is delivered is what came."""

from __future__ import annotations

import io
import re
from collections import Counter

from delivering import RUN, Source, compose, read, written
from support.told import untold

from connectors.base import SourceFile
from connectors.targets.medinect import Chart

_CUT = re.compile(r"[.#]")


def open_books(data: bytes) -> Source:
    """What reader and counter make of the bytes of one file."""
    return read(SourceFile(1, len(data), lambda: io.BytesIO(data)))


def enclosing(path: str) -> list[str]:
    """The paths that a unit lies in, its own included."""
    return [path, *(path[: cut.start()] for cut in _CUT.finditer(path))]


def unlisted(chart: Chart) -> list[str]:
    """What the work list does not tell of the units that the chart holds as text."""
    points = {(draft.unit, draft.reason): draft for draft in chart.sheet.drafts}
    degraded = [(o.unit, str(o.reason)) for o in chart.outcome.outcomes if o.disposition == "degraded"]
    return [f"{unit} not listed" for unit in degraded if unit not in points] + [
        flaw for draft in points.values() for flaw in untold(draft)
    ]


def faults(data: bytes, run: str = RUN) -> tuple[list[str], list[bytes]]:
    """What does not balance in the charts of a file, one a patient; and the charts."""
    source = open_books(data)
    aside = Counter(each.unit for each in source.rejects)
    found = ["rejected_twice"] if any(n > 1 for n in aside.values()) else []
    found += ["rejected_uncounted"] if aside.keys() - source.counted.keys() else []
    left = {u: row for u, row in source.counted.items() if not aside.keys() & set(enclosing(u))}
    charts = []
    for patient in set(source.patients):
        composed = compose(source, patient, run=run)
        outcome, account, chart = written(composed, run)
        charts.append(chart)
        found += unlisted(composed)
        mine = {unit: row for unit, row in left.items() if row["patient"] == patient}
        ends = Counter(each.unit for each in outcome.outcomes)
        found += ["without_end"] if mine.keys() - ends.keys() else []
        found += ["two_ends"] if any(n > 1 for n in ends.values()) else []
        found += ["end_of_nothing"] if ends.keys() - mine.keys() else []
        came, went = Counter(row["digest"] for row in mine.values()), Counter(u.digest for u in account.units)
        found += ["lost"] if came - went else []
        found += ["surplus"] if went - came else []
        found += account.problems
    nobody = {unit for unit, row in left.items() if row["patient"] not in source.patients}
    return found + (["without_chart"] if nobody else []), charts
