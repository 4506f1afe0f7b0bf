"""The access log, for the data-protection officer: read, filtered, exported as CSV."""

from __future__ import annotations

import csv
import io

from starlette.responses import Response

from dashboard.rendering import local_day
from dashboard.visit import Visit
from flows.views.names import name_of
from vault.accounts.access_log import NOBODY, Access

A_PAGE = 100


def show(visit: Visit) -> Response:
    """The newest entries first."""
    found, wanted = _found(visit)
    page = visit.asked_page()
    return visit.page(
        "access_log.html",
        entries=found[(page - 1) * A_PAGE : page * A_PAGE],
        total=len(found),
        page=page,
        pages=max(-(-len(found) // A_PAGE), 1),
        wanted=wanted,
        accounts=_logins(visit),
        nobody=NOBODY,
    )


def export(visit: Visit) -> Response:
    """The same entries as CSV, by opaque ids."""
    found, _ = _found(visit)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("at", "account", "kind", "what", "about", "result"))
    for one in found:
        table.writerow(
            [_harmless(v) for v in (one.at, one.account, one.kind, one.what, one.about, one.result)]
        )
    return Response(
        out.getvalue(),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="access-log.csv"'},
    )


def _found(visit: Visit) -> tuple[list[Access], dict[str, str]]:
    wanted = {name: visit.asked(name) for name in ("kind", "account", "about")} | visit.asked_period()
    entries = [one for one in visit.dashboard.access_log.read() if _fits(one, wanted)]
    return entries[::-1], wanted


def _fits(one: Access, wanted: dict[str, str]) -> bool:
    day = local_day(one.at)
    return (
        wanted["kind"] in ("", one.kind)
        and wanted["account"] in ("", one.account)
        and wanted["about"] in ("", one.about)
        and wanted["since"] <= day
        and (not wanted["until"] or day <= wanted["until"])
    )


def _logins(visit: Visit) -> dict[str, str]:
    """Returns sign-in names by account id, with the name of the operator or doctor behind each that has one."""
    control = visit.look()
    found = {}
    for one in visit.dashboard.accounts.all():
        person = one.operator_id or one.doctor_id
        name = name_of(control, person) if person else None
        found[one.id] = f"{one.login} ({name})" if name else one.login
    return found


def _harmless(value: str) -> str:
    """Returns a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] in "=+@\t" else value
