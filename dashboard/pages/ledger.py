"""The ledger: growth, heads, stamps, witnesses, the last full check, and its entries in words."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from dashboard import charts, rendering
from dashboard.visit import Visit
from flows.views.ledger import check_now, entries_backwards, ledger_sheet

A_PAGE = 50


def show(visit: Visit) -> Response:
    """The log as it is now, and its entries, newest first."""
    control = visit.look()
    sheet = ledger_sheet(control)
    page = visit.asked_page()
    entries, size = entries_backwards(control, page, A_PAGE)
    return visit.page(
        "ledger.html",
        sheet=sheet,
        entries=entries,
        page=page,
        pages=max(-(-size // A_PAGE), 1),
        chart=charts.growth(sheet.growth, visit.language, partial(rendering.number, visit.language)),
    )


def check(visit: Visit) -> Response:
    """Check the whole log, then show it."""
    check_now(visit.look())
    return visit.go("/ledger")
