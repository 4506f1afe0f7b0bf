"""The host: what endangers a promise on it, trust material and its age, sweep and workers."""

from __future__ import annotations

from starlette.responses import Response

from dashboard.visit import Visit
from flows.views.host import host_sheet


def show(visit: Visit) -> Response:
    """The host as it is now."""
    return visit.page("host.html", sheet=host_sheet(visit.look()))
