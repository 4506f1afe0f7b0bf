"""Destruction of staging, keys and copies, and its evidence.

* `destroy`: destroys a run's key and staging, with evidence
* `due`: finds the runs and folders that are due
* `held_copies`: copies that the operator may hold until a date
* `heartbeat`: the record of the last completed sweep
* `trusted_time`: decides whether the wall clock is trustworthy
"""

__all__ = ["destroy", "due", "heartbeat", "held_copies", "trusted_time"]
