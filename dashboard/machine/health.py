"""`/health`: 200 while everything is in order, else 503. Who is not signed in and shows no token learns nothing more."""

from __future__ import annotations

from starlette.responses import Response

from dashboard.machine.endpoint import as_json
from dashboard.machine.facts import Health
from dashboard.visit import Visit
from flows.views import today as today_view
from schemas.errors import RepriseError
from schemas.roles import WHO_SEES_ALL


def show(visit: Visit) -> Response:
    """Whether the sweep is on time, nothing is overdue and no alarm is raised."""
    try:
        found = today_view.today(visit.look())
        alarms = list(found.home.alarms) + ["copy_overdue"] * any(copy.overdue for copy in found.held)
    except (RepriseError, OSError) as error:
        alarms = [error.code if isinstance(error, RepriseError) else "file_missing"]
    told = alarms if visit.account is not None and visit.account.may(WHO_SEES_ALL) else None
    return as_json(Health("failing" if alarms else "ok", told), 503 if alarms else 200)
