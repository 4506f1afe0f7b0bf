"""Destruction of staging, keys and copies, and what shows it.

* `destroy`: the sequence of destruction, with evidence
* `due`: what is due
* `held_copies`: copies that the operator may hold, until when
* `heartbeat`: when the sweep last completed
* `trusted_time`: whether the clock is trustworthy
"""

__all__ = ["destroy", "due", "heartbeat", "held_copies", "trusted_time"]
