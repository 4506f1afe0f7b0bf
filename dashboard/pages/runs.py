"""Runs: the list, one run, and the part of its page that changes while it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import anyio
from anyio.to_thread import run_sync
from starlette.responses import Response, StreamingResponse

from dashboard import charts, rendering
from dashboard.names import names_of
from dashboard.rendering import local_day
from dashboard.visit import NotFound, Visit
from flows.session.control import Control
from flows.views.figures import runs_by_week
from flows.views.names import doctors
from flows.views.run_evidence import run_evidence
from flows.views.runs import RunRow, RunSheet, progress_of, run_rows, run_sheet
from schemas.advice import ADVICE
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
    rows = run_rows(control, visit.only_about)
    wanted = {name: visit.asked(name) for name in ("doctor", "state", "use")} | visit.asked_period()
    found = [row for row in rows if _fits(row, wanted)]
    page = visit.asked_page()
    shown = found[(page - 1) * A_PAGE : page * A_PAGE]
    by_week = runs_by_week(found, control.clock.now())
    choosable = doctors(control) if visit.sees_names and visit.only_about is None else []
    return visit.page(
        "runs.html",
        rows=shown,
        total=len(found),
        every=len(rows),
        page=page,
        pages=max(-(-len(found) // A_PAGE), 1),
        wanted=wanted,
        words=sorted({row.word for row in rows}, key=WORDS.index),
        uses=tuple(STEPS),
        doctors=choosable,
        names=names_of(visit, control, [*(row.doctor for row in shown), *choosable]),
        weeks=by_week,
        chart=charts.weeks(by_week, visit.language, partial(rendering.number, visit.language)),
    )


def _fits(row: RunRow, wanted: dict[str, str]) -> bool:
    day = local_day(row.created)
    return (
        wanted["doctor"] in ("", row.doctor)
        and wanted["state"] in ("", row.word)
        and wanted["use"] in ("", row.use)
        and wanted["since"] <= day
        and (not wanted["until"] or day <= wanted["until"])
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
        why=ADVICE.get(sheet.row.failure or ""),
    )


def live(visit: Visit) -> Response:
    """The way of a run, sent anew whenever it changes, until the run has ended or the browser leaves."""
    _sheet(visit, visit.look())
    return StreamingResponse(
        _changes(visit), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _changes(visit: Visit) -> AsyncIterator[str]:
    seen, waited = None, 0.0
    while waited < LONGEST_STREAM_SECONDS and await run_sync(visit.may_go_on):
        now = await run_sync(_progress, visit)
        if now != seen:
            seen = now
            yield _event("way", await run_sync(_way, visit))
        if now[0] == RunState.CERTIFIED.value:
            yield _event("ended", "")
            return
        await anyio.sleep(1)
        waited += 1


def _progress(visit: Visit) -> tuple[str, int]:
    return progress_of(visit.look(), visit.request.path_params["run"])


def _way(visit: Visit) -> str:
    sheet = _sheet(visit, visit.look())
    return visit.render("way.html", sheet=sheet, row=sheet.row, why=ADVICE.get(sheet.row.failure or ""))


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


def _sheet(visit: Visit, control: Control) -> RunSheet:
    try:
        return run_sheet(control, str(visit.request.path_params["run"]), visit.only_about)
    except UnreadableSourceError:
        pass
    raise NotFound
