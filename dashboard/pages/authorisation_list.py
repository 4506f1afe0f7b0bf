"""Authorisations: the list, and one of them with what it orders, its uses and its runs."""

from __future__ import annotations

from starlette.responses import Response

from dashboard.names import names_of
from dashboard.visit import NotFound, Visit
from flows.session.control import Control
from flows.views.authorisations import (
    AuthorisationRow,
    AuthorisationSheet,
    AuthorisationState,
    authorisation_rows,
    authorisation_sheet,
)
from flows.views.runs import rows_of
from schemas.errors import UnreadableSourceError

A_PAGE = 50


def show_all(visit: Visit) -> Response:
    """The instructions, filtered by state."""
    control = visit.look()
    rows = authorisation_rows(control, visit.only_about)
    wanted = {"state": visit.asked("state")}
    found = [row for row in rows if wanted["state"] in ("", row.state)]
    page = visit.asked_page()
    shown = found[(page - 1) * A_PAGE : page * A_PAGE]
    return visit.page(
        "authorisations.html",
        rows=shown,
        total=len(found),
        every=len(rows),
        page=page,
        pages=max(-(-len(found) // A_PAGE), 1),
        wanted=wanted,
        states=[state for state in AuthorisationState if any(row.state is state for row in rows)],
        names=names_of(visit, control, [one for row in shown for one in row.persons]),
    )


def show(visit: Visit) -> Response:
    """One instruction; its text, keys and destination for those who may read names."""
    control = visit.look()
    row, sheet = _sheet(visit, control)
    names = names_of(visit, control, row.persons)
    runs = rows_of(control, row.runs, visit.only_about)
    wording = sheet.wording if sheet is not None and visit.sees_names else None
    return visit.page("authorisation.html", row=row, sheet=sheet, wording=wording, runs=runs, names=names)


def _sheet(visit: Visit, control: Control) -> tuple[AuthorisationRow, AuthorisationSheet | None]:
    try:
        return authorisation_sheet(control, str(visit.request.path_params["authorisation"]), visit.only_about)
    except UnreadableSourceError:
        pass
    raise NotFound
