"""Deletion proof: every run with its end as of a day, on a page and as files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from typing import IO

from starlette.responses import Response, StreamingResponse

from dashboard import charts, rendering
from dashboard.advice import advice_of
from dashboard.visit import Visit
from flows.admin.ledger import policy
from flows.session.control import Control
from flows.views.deletion import Deletion, deletion, deletion_page
from flows.views.deletion_export import as_csv, as_pdf, write_zip
from vault.proof.programs import PAGE, verify_page

A_PAGE = 100
_IN_MEMORY = 16 << 20
_PART = 1 << 16


def show(visit: Visit) -> Response:
    """The completeness check, staging lifetimes, and the runs, newest first."""
    day, standing, page = visit.asked_day("day"), visit.asked("standing"), visit.asked_page()
    at = rendering.end_of_day(day)
    found = deletion_page(visit.look(), at, standing, A_PAGE, (page - 1) * A_PAGE, charts.SHOWN_RUNS)
    return visit.page(
        "deletion.html",
        found=found.overview,
        meanings={code: advice_of(visit.language, code) for code, _ in found.overview.faults},
        rows=found.rows,
        total=found.total,
        page=page,
        pages=max(-(-found.total // A_PAGE), 1),
        wanted={"day": day, "standing": standing},
        today=rendering.today(),
        chart=charts.lifetimes(found.newest, partial(rendering.span, visit.language)),
    )


def export_csv(visit: Visit) -> Response:
    """One line for each run."""
    found, day = _found(visit, visit.look())
    return _file(as_csv(found), "text/csv", f"deletion-{day or rendering.today()}.csv")


def export_pdf(visit: Visit) -> Response:
    """The list on paper."""
    control = visit.look()
    found, day = _found(visit, control)
    written = partial(rendering.moment, visit.language)
    paper = as_pdf(found, visit.language, written, trial=control.site.trial)
    return _file(paper, "application/pdf", f"deletion-{day or rendering.today()}.pdf")


def export_zip(visit: Visit) -> Response:
    """Everything as one zip, made beside the memory and sent in parts."""
    control = visit.look()
    found, day = _found(visit, control)
    made = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when it is sent
    write_zip(control, found, visit.language, partial(rendering.moment, visit.language), made)
    made.seek(0)
    name = f"deletion-{day or rendering.today()}.zip"
    return StreamingResponse(_parts(made), media_type="application/zip", headers=_as_file(name))


def checking_page(visit: Visit) -> Response:  # noqa: ARG001 - the table gives each page a visit
    """The page that checks a proof offline: to be kept, not to be shown here."""
    return _file(verify_page(), "application/octet-stream", PAGE)


def policy_file(visit: Visit) -> Response:
    """The ledger's key, as verifiers read it."""
    return _file(policy(visit.look()), "text/plain", "policy.txt")


def _found(visit: Visit, control: Control) -> tuple[Deletion, str]:
    day = visit.asked_day("day")
    return deletion(control, rendering.end_of_day(day)), day


def _parts(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while part := made.read(_PART):
            yield part


def _file(data: str | bytes, kind: str, name: str) -> Response:
    return Response(data, media_type=kind, headers=_as_file(name))


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
