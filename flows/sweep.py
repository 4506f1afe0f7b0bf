"""The scheduled sweep as a Prefect flow. A timer or cron runs the same sweep without Prefect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed, State

from flows.notices.after_sweep import sweep_and_tell
from flows.session.coded_errors import CodedFailure, parts_of
from vault.home_folder import Home


@flow(name="sweep", persist_result=False, validate_parameters=False, log_prints=False)
def sweep(home: str) -> State[Any]:
    """Destroy what is overdue or half-destroyed; report staging without a lease."""
    try:
        report = sweep_and_tell(Home(Path(home)))
    except Exception as error:  # noqa: BLE001 - whatever it is, its text must not reach Prefect
        return Failed(message=str(CodedFailure(*parts_of(error))))
    counts = ", ".join(f"{name} {n}" for name, n in report.to_json().items() if n) or "nothing was due"
    get_run_logger().info("sweep: %s", counts)
    if report.incomplete or report.copies_incomplete:
        return Failed(message="destruction_incomplete (exit 80)")
    return Completed(message=f"Sweep: {counts}.")
