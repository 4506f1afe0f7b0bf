"""The Prefect flows of a run. They see an order's opaque id, counts and codes; nothing else.

`migrate` carries a run from its authorisation to its certificate, `rehearse` the same without publishing.
The guarantee that staging dies is not here: it is the lease and the sweep (`flows/sweep.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE

from flows.coded import coded
from flows.engine import abandon_order, start_order
from flows.journal_view import progress_percent
from flows.results import RunResult
from schemas.outcome import Cause


def _count_rows(counts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"what": name, "count": value} for name, value in counts.items() if isinstance(value, int)]


class _PrefectProgress:
    """Progress of a run as an artifact in Prefect's own pages: ordinals and per cent."""

    def __init__(self) -> None:
        self._artifact: UUID = create_progress_artifact(progress=0.0, key="reprise-progress")
        self._shown = 0.0

    def progress(self, arrow: str, done: int, total: int) -> None:
        percent = progress_percent(arrow, done, total)
        if percent >= self._shown + 1:
            self._shown = percent
            update_progress_artifact(self._artifact, progress=percent)

    def arrow(self, arrow: str, counts: dict[str, Any]) -> None:
        self.progress(arrow, 1, 1)
        rows = _count_rows(counts)
        if rows:
            create_table_artifact(key=f"reprise-{arrow}", table=rows)


@task(name="carry", cache_policy=NO_CACHE, persist_result=False, log_prints=False)
@coded
def carry(home: str, order: str) -> dict[str, Any]:
    """Authorise, lease, carry to publication, destroy and certify one order."""
    result: RunResult = start_order(Path(home), order, _PrefectProgress())
    return result.to_json()


def _abandon(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001 - Prefect calls by these names
    """When Prefect cancels a run, its staging goes at once; if this hook never runs, the sweep does it."""
    parameters = flow_run.parameters
    abandon_order(Path(parameters["home"]), parameters["order"], cause=Cause.CANCELLED)


@flow(
    name="migrate",
    persist_result=False,
    validate_parameters=False,
    log_prints=False,
    on_cancellation=[_abandon],
)
@coded
def migrate(home: str, order: str) -> dict[str, Any]:
    """Migrate one doctor's records: the order says which, by an opaque id."""
    result: dict[str, Any] = carry(home, order)
    return result


@flow(
    name="rehearse",
    persist_result=False,
    validate_parameters=False,
    log_prints=False,
    on_cancellation=[_abandon],
)
@coded
def rehearse(home: str, order: str) -> dict[str, Any]:
    """Rehearse: the same way up to reconciliation; then destroy and certify, for real patients were staged."""
    result: dict[str, Any] = carry(home, order)
    return result
