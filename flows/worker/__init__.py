"""Prefect's worker: runs the flows of this project and nothing else.

* `work_pool`: the worker
* `flow_run`: one flow run in its own process
* `units`: text of its systemd units
* `prefect_settings`: Prefect's settings for Reprise
"""

__all__ = ["flow_run", "prefect_settings", "units", "work_pool"]
