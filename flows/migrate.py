"""The Prefect flows of a run. They see an order's opaque id, counts and codes; nothing else.

`migrate` runs an order from its authorisation to its certificate, `rehearse` does the same without delivery, `probe` only
counts. A flow never raises: a failure becomes a Prefect state with the code alone, so nothing of an exception reaches Prefect's
database, logs or disk. The flows do not guarantee that staging is destroyed: the lease and the sweep do.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.logging import get_run_logger
from prefect.runtime import flow_run as current
from prefect.states import Completed, Failed, Running, State

from flows.engine.run import abandon_order, start_order
from flows.lifecycle.run_views import run_of_order, short_name
from flows.session.coded_errors import CodedFailure, parts_of
from flows.session.progress import progress_percent
from flows.session.results import RunResult
from flows.session.stored_results import refuse_results
from schemas.outcome import Cause
from schemas.steps import Counts
from vault.home_folder import Home
from vault.runs.state import RunState

_TALLIES = ("dispositions", "findings", "units")
"""Counts by kind that are reported to Prefect; all other nested values stay in the home."""


@task(name="step", persist_result=False, cache_policy=NO_CACHE, log_prints=False)
def _step() -> None:
    """A step of a run, as Prefect's pages show it."""


_results: dict[str, RunResult | CodedFailure] = {}


def _counted(counts: Counts) -> dict[str, int]:
    """Return the numbers of a step: its own, and those of its tallies as `tally.kind`."""
    found = {name: value for name, value in counts.items() if type(value) is int}
    for tally in _TALLIES:
        kinds = counts.get(tally, {})
        found |= {f"{tally}.{kind}": n for kind, n in kinds.items()} if isinstance(kinds, dict) else {}
    return found


class _PrefectProgress:
    """Shows a run in Prefect's pages: name and tag, a task run and a log line for each step, per cent, and the balance."""

    def __init__(self, home: Home, order: str) -> None:
        self._home, self._order = home, order
        self._log = get_run_logger()
        self._artifact = create_progress_artifact(
            progress=0.0, key="reprise-progress", description="How far the run is, by its steps."
        )
        self._shown, self._began = 0.0, datetime.now(UTC)

    def progress(self, step: str, done: int, total: int) -> None:
        percent = progress_percent(step, done, total)
        if percent >= self._shown + 1:
            self._shown = percent
            update_progress_artifact(self._artifact, progress=percent)

    def step(self, step: str, counts: Counts) -> None:
        if step == "lease":
            self.name_run()
        self.progress(step, 1, 1)
        numbers = ", ".join(f"{name} {n}" for name, n in _counted(counts).items())
        self._log.info("%s: %s", step, numbers or "done")
        self._show_step(step)
        tally = counts.get("dispositions")
        if isinstance(tally, dict):
            create_table_artifact(
                key="reprise-balance",
                table=[{"disposition": kind, "units": n} for kind, n in tally.items()],
                description="What became of the units that came: each has exactly one disposition.",
            )

    def _show_step(self, step: str) -> None:
        """Show a completed step as a task run, from the end of the step before. It was done in the data process, not here."""
        began, self._began = self._began, datetime.now(UTC)
        if current.id is None:
            return
        with get_client(sync_client=True) as client:
            key = f"{step}-{current.run_count}"
            shown = client.create_task_run(
                _step, UUID(current.id), key, name=step, state=Running(timestamp=began)
            )
            client.set_task_run_state(shown.id, Completed(timestamp=self._began), force=True)

    def name_run(self) -> None:
        """Give the flow run the short id of its run, if there is one, as name and tag."""
        run = run_of_order(self._home, self._order)
        if run is not None and current.id is not None:
            short = short_name(run.run_id)
            with get_client(sync_client=True) as client:
                client.update_flow_run(UUID(current.id), name=short, tags=sorted({*current.tags, short}))
            self._log.info("run %s", run.run_id)


def _run_order(home: str, order: str) -> State[Any]:
    """Run an order, resume its run, or find that the run has ended."""
    try:
        at = Home(Path(home))
        _ = at.site  # fails here on a home that cannot be read
        before = run_of_order(at, order)
        observer = _PrefectProgress(at, order)
        observer.name_run()
        result = start_order(at, order, observer)
    except Exception as error:  # noqa: BLE001 - whatever it is, its text must not reach Prefect
        failure = CodedFailure(*parts_of(error))
        _results[order] = failure
        return Failed(message=str(failure))
    _results[order] = result
    if before is not None and before.state is RunState.CERTIFIED:
        return Completed(message=f"Run {result.run} had ended before ({before.outcome}): nothing was done.")
    return Completed(message=f"Run {result.run}: {result.outcome}, {result.state}.")


def result_of(order: str) -> RunResult:
    """Return the result of this order's flow run, in the process that ran it. Raises CodedFailure."""
    found = _results.pop(order)
    if isinstance(found, CodedFailure):
        raise found
    return found


def _abandon(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001 - Prefect calls by these names
    """Destroy the staging of a run that Prefect cancels; if this hook never runs, the sweep destroys it."""
    parameters = flow_run.parameters
    abandon_order(Home(Path(parameters["home"])), parameters["order"], cause=Cause.CANCELLED)


@flow(
    name="migrate",
    persist_result=False,
    validate_parameters=False,
    log_prints=False,
    on_cancellation=[_abandon],
)
def migrate(home: str, order: str) -> State[Any]:
    """Migrate one doctor's records; the order, named by an opaque id, says which."""
    return _run_order(home, order)


@flow(
    name="rehearse",
    persist_result=False,
    validate_parameters=False,
    log_prints=False,
    on_cancellation=[_abandon],
)
def rehearse(home: str, order: str) -> State[Any]:
    """Rehearse a migration up to reconciliation; then destroy and certify, because real records were staged."""
    return _run_order(home, order)


@flow(
    name="probe",
    persist_result=False,
    validate_parameters=False,
    log_prints=False,
    on_cancellation=[_abandon],
)
def probe(home: str, order: str) -> State[Any]:
    """Count what a source holds; then destroy and certify."""
    return _run_order(home, order)


FLOWS = {"migration": migrate, "rehearsal": rehearse, "inventory": probe}
"""The flow for each use."""


def run_here(home: Home, use: str, order: str) -> RunResult:
    """Run an order as a flow run in this process; return its result. Raises CodedFailure."""
    refuse_results()
    FLOWS[use](str(home.path), order, return_state=True)
    return result_of(order)
