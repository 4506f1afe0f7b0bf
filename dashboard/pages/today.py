"""The start page: what needs attention today."""

from __future__ import annotations

from starlette.responses import Response

from dashboard.names import names_of
from dashboard.visit import Visit
from flows.admin import oversight
from schemas.roles import WHO_SEES_RUNS
from vault.destruction.heartbeat import LATE_AFTER_INTERVALS


def show(visit: Visit) -> Response:
    """What is staged, overdue, failed, held and unconfirmed, and when the last sweep ran."""
    if not visit.person.may(WHO_SEES_RUNS):
        return visit.go("/accounts")
    control = visit.look()
    found = oversight.today(control, visit.only_about)
    persons = [row.doctor for row in (*found.staged, *(one.row for one in found.unconfirmed))]
    return visit.page(
        "today.html",
        today=found,
        late_after=control.site.sweep_every_minutes * 60 * LATE_AFTER_INTERVALS,
        names=names_of(visit, control, persons),
    )
