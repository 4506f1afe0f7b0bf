"""What of an ended run can be taken along: its certificate and its proof."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from dashboard.visit import NotFound, Visit
from flows.session.control import Control
from flows.views.proof_copies import certificate_pdf, proof_zip
from flows.views.runs import run_sheet
from schemas.errors import UnreadableSourceError


def certificate(visit: Visit) -> Response:
    """The certificate on paper."""
    return _of_run(visit, certificate_pdf, "application/pdf", "certificate-{}.pdf")


def proof(visit: Visit) -> Response:
    """The proof as one zip; with the signed instruction for those who may read names."""
    named = visit.sees_names

    def zipped(control: Control, run: str) -> bytes:
        return proof_zip(control, run, with_authorisation=named)

    return _of_run(visit, zipped, "application/zip", "proof-{}.zip")


def _of_run(visit: Visit, made: Callable[[Control, str], bytes], kind: str, name: str) -> Response:
    """Returns a file of a run that this person may see; the run's id comes from its lease, never from the address."""
    control = visit.look()
    try:
        run = run_sheet(control, str(visit.request.path_params["run"]), visit.only_about).row.run
        data = made(control, run)
    except UnreadableSourceError:
        data = None
    if data is None:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="{name.format(run[:8])}"'}
    return Response(data, media_type=kind, headers=headers)
