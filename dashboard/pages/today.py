"""The start page: what needs attention today."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from dashboard import charts, rendering
from dashboard.advice import advice_of
from dashboard.names import names_of
from dashboard.visit import Visit
from flows.views import figures
from flows.views import today as today_view
from flows.views.authorisations import waiting_for_signature
from schemas.roles import WHO_SEES_RUNS
from vault.destruction.heartbeat import LATE_AFTER_INTERVALS


def show(visit: Visit) -> Response:
    """What is staged, overdue, failed, held, unsigned and unconfirmed, when the last sweep ran, and staging over time."""
    if not visit.person.may(WHO_SEES_RUNS):
        return visit.go("/accounts")
    control = visit.look()
    found = today_view.today(control, visit.only_about)
    persons = [row.doctor for row in (*found.staged, *(one.row for one in found.unconfirmed))]
    staged = figures.staged_over_time(control, found.staged, visit.only_about)
    return visit.page(
        "today.html",
        today=found,
        late_after=control.site.sweep_every_minutes * 60 * LATE_AFTER_INTERVALS,
        waiting=waiting_for_signature(control, visit.only_about),
        why={row.failure: advice_of(visit.language, row.failure or "") for row in found.failed},
        names=names_of(visit, control, persons),
        staged=staged,
        chart=charts.staged(staged, visit.language, partial(rendering.size, visit.language)),
    )
