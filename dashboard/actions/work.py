"""The page `/work`: registered sources, waiting orders, the form that starts a run, and the sweep."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from starlette.responses import Response

from dashboard.actions.answers import attempt, refuse, say
from dashboard.names import names_of
from dashboard.visit import NotFound, Visit
from flows.admin.starting import choices, place_order
from flows.lifecycle.intakes import list_described
from flows.retention.round import sweep_round
from flows.session.control import Control
from flows.session.orders import cancel_order, drop_order, list_orders
from flows.session.sources import forget_source, list_sources, register_source
from flows.views.authorisations import certified_runs
from flows.views.runs import runs_of_orders, unended_rows
from flows.worker import flow_runs
from flows.worker.order_process import OrderProcess, start_order_process
from schemas.errors import RepriseError, VerificationFailedError
from schemas.texts import text

USES = ("inventory", "rehearsal", "migration")
KEYS = ("keyring", "memory")
_WAIT_SECONDS = 10.0


def show(visit: Visit) -> Response:
    """Show the page: the choices for a new run, the waiting orders, and the forms."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    control = visit.look()
    offered = choices(control, partial(certified_runs, control))
    entered = {
        name: visit.entered(name) for name in ("source", "authorisation", "use", "keys", "intake", "path")
    }
    return visit.page(
        "actions/work.html",
        status=status,
        sources=list_sources(control.home),
        choices=[one for one in offered if one.usable],
        names=names_of(visit, control, [one.doctor for one in offered if one.usable]),
        intakes=[one for one in list_described(control) if one["state"] == "open"],
        orders=[one for one in _orders(control) if one["run"] is None],
        alive=unended_rows(control),
        uses=USES,
        keys=KEYS,
        entered=entered,
        errors=errors or {},
        through_prefect=flow_runs.is_configured(),
    )


def register(visit: Visit) -> Response:
    """Register the path of an export."""
    control = visit.acting()
    try:
        source = register_source(control.home, visit.entered("path"), control.clock)
    except RepriseError as refused:
        visit.result = refused.code
        wrong = text(visit.language, f"dashboard.work.path_wrong.{refused.code}")
        return _page(visit, status=422, errors={"path": wrong})
    visit.about = source.id
    say(visit, "source_registered")
    return visit.go("/work")


def forget(visit: Visit) -> Response:
    """Delete a registered path."""

    def act() -> str:
        forget_source(visit.acting().home, visit.about)
        return "source_forgotten"

    visit.about = visit.entered("source")
    return attempt(visit, act)


def start(visit: Visit) -> Response:
    """Order a run and start it: through Prefect where a server is configured, else in a process on this host."""
    if missing := _missing(visit):
        return _page(visit, status=422, errors=missing)
    control, use = visit.acting(), visit.entered("use")
    visit.about = visit.entered("authorisation")

    def act() -> str:
        if flow_runs.is_configured():
            flow_runs.refuse_server()
        order = place_order(
            control,
            source=visit.entered("source"),
            authorisation=visit.about,
            use=use,
            keys=visit.entered("keys"),
            intake=visit.entered("intake") or None,
        )
        process = _begin(visit, use, order)
        return f"/orders/{order}" if process is None else _follow(visit, order, process)

    return attempt(visit, act)


def _begin(visit: Visit, use: str, order: str) -> OrderProcess | None:
    """Begin an order, and drop it if it cannot begin; returns its process, or None if Prefect begins it."""
    try:
        if not flow_runs.is_configured():
            return start_order_process(visit.home, order)
        flow_runs.trigger(visit.home, use, order)
    except BaseException:
        drop_order(visit.home, order)
        raise
    return None


def _missing(visit: Visit) -> dict[str, str]:
    found = {
        name: text(visit.language, "dashboard.work.choose")
        for name in ("source", "authorisation")
        if not visit.entered(name)
    }
    if visit.entered("use") not in USES:
        found["use"] = text(visit.language, "dashboard.work.choose")
    if visit.entered("keys") not in KEYS:
        found["keys"] = text(visit.language, "dashboard.work.choose")
    return found


def _follow(visit: Visit, order: str, process: OrderProcess) -> str:
    """Returns the page of the run, or of its order if no run exists within ten seconds.

    Raises CodedFailure if the process failed.
    """
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        if (run := _run_of(visit, order)) is not None:
            return f"/runs/{run}"
        if process.ended:
            break
        time.sleep(0.1)
    run = _run_of(visit, order)
    if run is None:
        process.raise_failure()
    return f"/orders/{order}" if run is None else f"/runs/{run}"


def _run_of(visit: Visit, order: str) -> str | None:
    return runs_of_orders(visit.look(), [order]).get(order)


def _orders(control: Control) -> list[dict[str, Any]]:
    return list_orders(control.home, partial(runs_of_orders, control))


def wait_for(visit: Visit) -> Response:
    """Redirect to the run of an order; until it exists, show a page that reloads."""
    order = str(visit.request.path_params["order"])
    run = _run_of(visit, order)
    if run is not None:
        return visit.go(f"/runs/{run}")
    if not any(one["order"] == order for one in _orders(visit.look())):
        raise NotFound
    return visit.page("actions/order.html", order=order)


def cancel(visit: Visit) -> Response:
    """Delete an order that has no run."""

    def act() -> str:
        cancel_order(visit.acting().home, visit.about)
        return "order_cancelled"

    visit.about = visit.entered("order")
    return attempt(visit, act)


def sweep(visit: Visit) -> Response:
    """Run the sweep now: destroy overdue runs and staging without a key, and finish incomplete destructions."""
    visit.acting()
    try:
        found = sweep_round(visit.home, visit.dashboard.clock)
    except RepriseError as refused:
        refuse(visit, refused)
        return visit.go("/work")
    left = found.incomplete + found.copies_incomplete
    if left:
        refuse(visit, VerificationFailedError("destruction_incomplete", count=left))
    else:
        say(
            visit, "swept", runs=found.destroyed, copies=found.copies_destroyed, intakes=found.intakes_expired
        )
    return visit.go("/work")
