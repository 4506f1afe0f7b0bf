"""One Prefect flow run in its own process: `python -m flows.worker.flow_run`, with an order on stdin.

Anyone who can write to Prefect's API chooses what a deployment says. So nothing in it is executed here: not its entry point,
pull steps, job variables or results. The flow's name selects one of Reprise's flows; its parameters are a home of this worker
and the id of an order. Anything else is refused with a code.
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
from vault.home_folder import Home

ENTRY_POINTS = {
    "migrate": "flows/migrate.py:migrate",
    "rehearse": "flows/migrate.py:rehearse",
    "probe": "flows/migrate.py:probe",
    "sweep": "flows/sweep.py:sweep",
}
_PULL_STEP = "prefect.deployments.steps.set_working_directory"
"""Written by `prefect deploy` itself; it is not executed."""
_ORDER_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Accepted:
    """The flow to run, with checked parameters."""

    flow: str
    parameters: dict[str, str]


def accept(flow_name: str, flow_run: Any, deployment: Any, homes: list[str]) -> Accepted:
    """Return what to run. Raises FlowRunRefusedError unless it is an unchanged Reprise flow on a home of this worker."""
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
    if "order" in wanted and not _ORDER_ID.fullmatch(parameters["order"]):
        raise FlowRunRefusedError("parameters_unknown")
    return Accepted(flow_name, dict(parameters))


def main() -> None:
    """Run the flow run that stdin names, or clean up after it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # discard output of libraries
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
    """Destroy the staging of a cancelled flow run at once."""
    from flows.engine.run import abandon_order
    from schemas.outcome import Cause

    if accepted.flow != "sweep":
        abandon_order(
            Home(Path(accepted.parameters["home"])), accepted.parameters["order"], cause=Cause.CANCELLED
        )


if __name__ == "__main__":
    main()
