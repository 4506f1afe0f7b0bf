"""Acts on one run: resume, cancel, abandon, and the state of the import at the practice."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.responses import Response

from dashboard.actions.answers import as_file, attempt, is_confirmed, sent
from dashboard.visit import NotFound, Visit
from flows.engine import run as engine
from flows.lifecycle import confirmation
from flows.lifecycle.evidence import sent_evidence
from flows.lifecycle.run_views import RunStatus, status
from flows.worker import flow_runs
from flows.worker.order_process import cancel as cancel_local
from flows.worker.order_process import running_process_kind, start_resume_process
from schemas.errors import AuthorisationError, BusyError, RunEndedError, UnreadableSourceError
from schemas.outcome import Outcome
from vault.runs.state import RunState

_WAIT_SECONDS = 4.0


def resume(visit: Visit) -> Response:
    """Go on with an interrupted or failed run: through Prefect's Retry where Prefect ran it, else in a process on this host."""
    run = _known(visit)

    def act() -> str:
        operator = visit.acting().person.name.reveal()
        if run.state is RunState.CERTIFIED:
            raise RunEndedError("run_has_ended", run=run.run_id)
        if running_process_kind(visit.home, run.run_id) != "nobody":
            raise BusyError("doctor_busy", run=run.run_id)
        if flow_runs.is_configured() and flow_runs.retry(run.run_id):
            return "resumed"
        process = start_resume_process(visit.home, run.run_id, operator)
        until = time.monotonic() + _WAIT_SECONDS
        while not process.ended and time.monotonic() < until:
            time.sleep(0.1)
        process.raise_failure()
        return "resumed"

    return attempt(visit, act, f"/runs/{run.run_id}")


def cancel(visit: Visit) -> Response:
    """End a run that goes on: its process ends, its staging is destroyed, its end is certified."""
    run = _known(visit)

    def act() -> str:
        operator = visit.acting().person.name.reveal()
        if running_process_kind(visit.home, run.run_id) == "prefect":
            if not (flow_runs.is_configured() and flow_runs.cancel(run.run_id)):
                raise BusyError("doctor_busy", run=run.run_id)
            return "cancelling"
        cancel_local(visit.home, run.run_id, operator)
        return "cancelled"

    return _ending(visit, run, act)


def abandon(visit: Visit) -> Response:
    """End a run that waits, without delivering: its staging is destroyed, its end is certified."""
    run = _known(visit)

    def act() -> str:
        engine.abandon(visit.home, run.run_id, visit.acting().person.name.reveal())
        return "abandoned"

    return _ending(visit, run, act)


def _ending(visit: Visit, run: RunStatus, act: Callable[[], str]) -> Response:
    back = f"/runs/{run.run_id}"
    if not is_confirmed(visit, run.run_id):
        return visit.go(back)
    return attempt(visit, act, back)


def confirm(visit: Visit) -> Response:
    """Record what the practice says of a delivered package; `accepted` needs the file that a controller signed."""
    run = _known(visit)

    def act() -> str:
        wanted = visit.entered("state")
        if wanted not in set(confirmation.ImportState):
            raise AuthorisationError("import_state_not_later")
        control, state = visit.acting(), confirmation.ImportState(wanted)
        signed = None
        if state is confirmation.ImportState.ACCEPTED:
            signature = sent(visit, "signature")
            signed = sent_evidence(sent(visit, "document"), [signature] if signature else [])
        confirmation.confirm(control, run.run_id, state, signed)
        return "confirmed"

    return attempt(visit, act, f"/runs/{run.run_id}")


def draft_acceptance(visit: Visit) -> Response:
    """The page that a controller signs to accept a delivery."""
    run = _known(visit)
    if run.outcome is not Outcome.DELIVERED:
        raise NotFound
    document = confirmation.draft_page(visit.look().home, run.run_id)
    return as_file(document, f"acceptance-{run.run_id[:8]}.pdf")


def _known(visit: Visit) -> RunStatus:
    try:
        return status(visit.home, str(visit.request.path_params["run"]))
    except UnreadableSourceError:
        pass
    raise NotFound
