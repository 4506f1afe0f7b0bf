"""The host check: what endangers a promise on this machine.

* `examination`: all checks in order
* `findings`: each finding with severity and advice
* `host`: swap, core dumps, ptrace
* `sweep`: whether a timer calls the sweep
* `keyring_self_test`: the process that reads a key of its parent
* `prefect_api`: whether a Prefect API asks for a password
* `workers`: the workers that a Prefect API knows, and their last signs of life
"""

__all__ = ["examination", "findings", "host", "keyring_self_test", "prefect_api", "sweep", "workers"]
