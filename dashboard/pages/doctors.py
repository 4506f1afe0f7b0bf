"""Doctors: the list, and one doctor with instructions, runs, recipients and what is kept of them."""

from __future__ import annotations

from starlette.responses import Response

from dashboard.names import names_of
from dashboard.visit import NotFound, Visit
from flows.session.control import Control
from flows.views.doctors import DoctorSheet, doctor_rows, doctor_sheet
from schemas.errors import UnreadableSourceError

A_PAGE = 50


def show_all(visit: Visit) -> Response:
    """The enrolled doctors; whoever is one sees their own page at once."""
    control = visit.look()
    if visit.only_about is not None:
        return visit.go(f"/doctors/{visit.only_about}")
    rows = doctor_rows(control)
    names = names_of(visit, control, [row.id for row in rows])
    return visit.page("doctors.html", rows=sorted(rows, key=lambda row: names.get(row.id, "")), names=names)


def show(visit: Visit) -> Response:
    """One doctor, with a page of their runs."""
    control = visit.look()
    page = visit.asked_page()
    sheet = _sheet(visit, control, page)
    names = names_of(visit, control, [sheet.id])
    pages = max(-(-sheet.every_run // A_PAGE), 1)
    return visit.page("doctor.html", sheet=sheet, names=names, page=page, pages=pages)


def _sheet(visit: Visit, control: Control, page: int) -> DoctorSheet:
    doctor = str(visit.request.path_params["doctor"])
    try:
        return doctor_sheet(control, doctor, visit.only_about, A_PAGE, (page - 1) * A_PAGE)
    except UnreadableSourceError:
        pass
    raise NotFound
