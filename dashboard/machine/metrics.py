"""`/metrics` for Prometheus (text format 0.0.4): for a token with the scope `metrics`, or a program on this host."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import Response

from dashboard.visit import Visit
from flows.notices.outbox import counts
from flows.views.measures import Measures, measure
from vault.system.program import describe_tool

TYPE = "text/plain; version=0.0.4; charset=utf-8"
Samples = dict[str, int]
"""Labels, as they are written, to value."""


def show(visit: Visit) -> Response:
    """The numbers of this moment."""
    told = exposition(measure(visit.look()), counts(visit.home))
    return Response(told, headers={"Content-Type": TYPE})


def exposition(found: Measures, notices: dict[str, int]) -> str:
    """Returns the numbers in the text format."""
    return "".join(_lines(found, notices))


def _lines(found: Measures, notices: dict[str, int]) -> Iterator[str]:
    yield from _written("notices", "gauge", "Notices by mail and to programs.", _by("state", notices))
    for metric in _metrics(found):
        yield from _written(*metric)


def _written(name: str, kind: str, about: str, samples: Samples) -> Iterator[str]:
    yield f"# HELP reprise_{name} {about}\n# TYPE reprise_{name} {kind}\n"
    yield from (f"reprise_{name}{labels} {value}\n" for labels, value in samples.items())


def _metrics(found: Measures) -> Iterator[tuple[str, str, str, Samples]]:
    home = found.home
    yield "info", "gauge", "The version, as a label.", {f'{{version="{describe_tool()["version"]}"}}': 1}
    yield (
        "runs_ended_total",
        "counter",
        "Runs with an end in the ledger, by outcome.",
        _by("outcome", found.ended),
    )
    alive = {state: count for state, count in home.runs.items() if state != "certified"}
    yield "runs_alive", "gauge", "Runs without a certificate, by state.", _by("state", alive)
    yield "staging_overdue", "gauge", "Runs whose staging should be gone.", {"": home.overdue}
    yield "staging_unknown", "gauge", "Folders of staging that belong to no run.", {"": home.unknown}
    yield "staging_bytes", "gauge", "Sealed bytes that are staged.", {"": found.staged_bytes}
    age = {} if found.oldest_staged_seconds is None else {"": found.oldest_staged_seconds}
    yield (
        "staging_oldest_seconds",
        "gauge",
        "Age of the oldest staged byte; absent when nothing is staged.",
        age,
    )
    yield (
        "imports_unconfirmed",
        "gauge",
        "Delivered packages not confirmed as imported.",
        _by("late", found.unconfirmed),
    )
    yield "copies_held", "gauge", "Exports and packages that the operator holds.", {"": found.copies}
    yield "copies_overdue", "gauge", "Held copies past their date.", {"": found.copies_overdue}
    yield "ledger_entries", "gauge", "Entries of the ledger.", {"": found.entries}
    swept = {} if home.sweep_age_seconds is None else {"": home.sweep_age_seconds}
    yield "sweep_age_seconds", "gauge", "Time since the last sweep; absent before the first.", swept
    yield (
        "sweep_interval_seconds",
        "gauge",
        "How often the site promises a sweep.",
        {"": found.sweep_every_seconds},
    )
    yield "alarm", "gauge", "Alarms that are raised, by code.", _by("code", dict.fromkeys(home.alarms, 1))


def _by(label: str, counts: dict[str, int]) -> Samples:
    return {f'{{{label}="{value}"}}': count for value, count in sorted(counts.items())}
