"""One flow run of Prefect's in a process of its own: `python -m flows.worker.flow_run`, with an order on its stdin.

Whoever can write to Prefect's API chooses what a deployment says. So nothing that it says is executed here: not its entry
point, pull steps, job variables or results. The name of the flow picks one of ours; its parameters are a home that this
worker serves and the id of an order; anything else is refused, by a code.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from schemas.errors import FlowRunRefusedError

ENTRY_POINTS = {
    "migrate": "flows/migrate.py:migrate",
    "rehearse": "flows/migrate.py:rehearse",
    "probe": "flows/migrate.py:probe",
    "sweep": "flows/sweep.py:sweep",
}
_PULL_STEP = "prefect.deployments.steps.set_working_directory"
"""What `prefect deploy` writes by itself; it is not executed."""
_ORDER = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Accepted:
    """Which of our flows runs, with parameters that were looked at."""

    flow: str
    parameters: dict[str, str]


def accept(flow_name: str, flow_run: Any, deployment: Any, homes: list[str]) -> Accepted:
    """What is run. Raises FlowRunRefusedError for everything that is not a flow of ours, unchanged, on a home of this worker."""
    if flow_name not in ENTRY_POINTS:
        raise FlowRunRefusedError("flow_unknown")
    if deployment is None or deployment.entrypoint != ENTRY_POINTS[flow_name]:
        raise FlowRunRefusedError("entry_point_unknown")
    if any(set(step) != {_PULL_STEP} for step in deployment.pull_steps or []):
        raise FlowRunRefusedError("pull_step_refused")
    if deployment.job_variables or flow_run.job_variables:
        raise FlowRunRefusedError("job_variables_refused")
    parameters = flow_run.parameters
    wanted = {"home"} if flow_name == "sweep" else {"home", "order"}
    if set(parameters) != wanted or not all(isinstance(value, str) for value in parameters.values()):
        raise FlowRunRefusedError("parameters_unknown")
    if parameters["home"] not in homes:
        raise FlowRunRefusedError("home_not_served")
    if "order" in wanted and not _ORDER.fullmatch(parameters["order"]):
        raise FlowRunRefusedError("parameters_unknown")
    return Accepted(flow_name, dict(parameters))


def main() -> None:
    """Run, or clean up after, the flow run that stdin names."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads what a library prints
    asked = json.loads(sys.stdin.readline())
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Failed

    from flows.session.stored_results import refuse_results

    refuse_results()
    run_id = UUID(asked["flow_run"])
    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_run(run_id)
        name = client.read_flow(flow_run.flow_id).name
        try:
            deployment = client.read_deployment(flow_run.deployment_id) if flow_run.deployment_id else None
        except ObjectNotFound:
            deployment = None
        try:
            accepted = accept(name, flow_run, deployment, asked["homes"])
        except FlowRunRefusedError as refusal:
            if asked["act"] == "run":
                refused = Failed(name="Refused", message=f"{refusal.code} (exit {refusal.exit_code})")
                client.set_flow_run_state(run_id, refused, force=True)
            return
    if asked["act"] == "abandon":
        _abandon(accepted)
    else:
        _run(accepted, flow_run)


def _run(accepted: Accepted, flow_run: Any) -> None:
    from prefect.engine import handle_engine_signals
    from prefect.flow_engine import run_flow

    from flows import migrate, sweep

    flow = sweep.sweep if accepted.flow == "sweep" else getattr(migrate, accepted.flow)
    with handle_engine_signals(flow_run.id):
        run_flow(flow, flow_run=flow_run, parameters=dict(accepted.parameters), return_type="state")


def _abandon(accepted: Accepted) -> None:
    """The flow run was cancelled: its staging goes at once."""
    from flows.engine.run import abandon_order
    from schemas.outcome import Cause

    if accepted.flow != "sweep":
        abandon_order(Path(accepted.parameters["home"]), accepted.parameters["order"], cause=Cause.CANCELLED)


if __name__ == "__main__":
    main()
