"""Carriers of runs: the worker of a Prefect pool, and one order in a process of its own; they run this project and nothing else.

* `work_pool`: the worker of a Prefect pool
* `flow_run`: one flow run in its own process
* `order_process`: one order in its own process, without Prefect
* `flow_runs`: starts, ends and retries flow runs through the API of a server
* `units`: text of its systemd units
* `prefect_settings`: Prefect's settings for Reprise
"""

__all__ = ["flow_run", "flow_runs", "order_process", "prefect_settings", "units", "work_pool"]
