"""Runs: the list, one run, and the part of its page that changes while it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import anyio
from anyio.to_thread import run_sync
from starlette.responses import Response, StreamingResponse

from dashboard import charts, rendering
from dashboard.advice import advice_of
from dashboard.names import names_of
from dashboard.rendering import start_of_day
from dashboard.visit import NotFound, Visit
from flows.session.control import Control
from flows.views.names import doctors
from flows.views.run_evidence import run_evidence
from flows.views.run_list import run_list
from flows.views.runs import RunSheet, Wanted, progress_of, run_sheet
from schemas.errors import UnreadableSourceError
from schemas.outcome import Outcome
from schemas.steps import STEPS
from schemas.texts import section
from vault.runs.state import RunState

A_PAGE = 50
LONGEST_STREAM_SECONDS = 15 * 60
WORDS = (
    *(state.value for state in RunState if state is not RunState.CERTIFIED),
    *(outcome.value for outcome in Outcome if outcome is not Outcome.FORGOTTEN),
)
"""What a run's state filter offers, which is what `RunRow.word` can be."""


def show_all(visit: Visit) -> Response:
    """The list of runs, filtered by doctor, state, use and period."""
    control = visit.look()
    asked = {name: visit.asked(name) for name in ("doctor", "state", "use")} | visit.asked_period()
    page = visit.asked_page()
    found = run_list(control, visit.only_about, _wanted(asked), A_PAGE, (page - 1) * A_PAGE)
    choosable = doctors(control) if visit.sees_names and visit.only_about is None else []
    return visit.page(
        "runs.html",
        rows=found.rows,
        total=found.total,
        every=found.every,
        page=page,
        pages=max(-(-found.total // A_PAGE), 1),
        wanted=asked,
        words=[word for word in WORDS if word in found.words],
        uses=tuple(STEPS),
        doctors=choosable,
        names=names_of(visit, control, [*(row.doctor for row in found.rows), *choosable]),
        weeks=found.weeks,
        chart=charts.weeks(found.weeks, visit.language, partial(rendering.number, visit.language)),
    )


def _wanted(asked: dict[str, str]) -> Wanted:
    """Returns the filter of a form, whose days are Belgian ones."""
    return Wanted(
        doctor=asked["doctor"],
        word=asked["state"],
        use=asked["use"],
        since=start_of_day(asked["since"]),
        before=start_of_day(asked["until"], later=1),
    )


def show(visit: Visit) -> Response:
    """One run."""
    control = visit.look()
    sheet = _sheet(visit, control)
    names = names_of(visit, control, [sheet.row.doctor])
    return visit.page(
        "run.html",
        sheet=sheet,
        row=sheet.row,
        names=names,
        evidence=run_evidence(control, sheet),
        known_reasons=section(visit.language, "report.reason"),
        why=advice_of(visit.language, sheet.row.failure or ""),
    )


def live(visit: Visit) -> Response:
    """The way of a run, sent anew whenever it changes, until the run has ended or the browser leaves.

    The address says which state the page shows; `state` is sent when it is another, and the page then asks for itself again: its
    acts and downloads depend on the state.
    """
    _sheet(visit, visit.look())
    return StreamingResponse(
        _changes(visit), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _changes(visit: Visit) -> AsyncIterator[str]:
    shown, seen, waited = visit.asked("state"), None, 0.0
    while waited < LONGEST_STREAM_SECONDS and await run_sync(visit.may_go_on):
        now = await run_sync(_progress, visit)
        if now != seen:
            seen = now
            yield _event("way", await run_sync(_way, visit))
        if shown not in ("", now[0]):
            yield _event("state", now[0])
        shown = now[0]
        if now[0] == RunState.CERTIFIED.value:
            yield _event("ended", "")
            return
        await anyio.sleep(1)
        waited += 1


def _progress(visit: Visit) -> tuple[str, int]:
    return progress_of(visit.look(), visit.request.path_params["run"])


def _way(visit: Visit) -> str:
    sheet = _sheet(visit, visit.look())
    return visit.render(
        "way.html", sheet=sheet, row=sheet.row, why=advice_of(visit.language, sheet.row.failure or "")
    )


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


def _sheet(visit: Visit, control: Control) -> RunSheet:
    try:
        return run_sheet(control, str(visit.request.path_params["run"]), visit.only_about)
    except UnreadableSourceError:
        pass
    raise NotFound
