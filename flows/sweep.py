"""The scheduled sweep as a Prefect flow. The same sweep runs from a timer or cron without Prefect."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from flows.coded import coded
from flows.sweep_round import sweep_round


@flow(name="sweep", persist_result=False, validate_parameters=False, log_prints=False)
@coded
def sweep(home: str) -> dict[str, int]:
    """Destroy whatever is overdue or half-destroyed; report what no lease explains."""
    return sweep_round(Path(home)).to_json()
