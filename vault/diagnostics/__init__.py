"""The host check: finds settings of this machine that weaken a guarantee of Reprise.

* `examination`: runs all checks in order
* `findings`: every finding with its severity and remedy
* `host`: the host's files, clocks and kernel, as the checks read them
* `sweep`: checks that a timer starts the sweep
* `keyring_self_test`: tests the kernel keyring with a second process
* `prefect_api`: tests whether a Prefect API answers without a password
* `workers`: lists the workers of a Prefect API, with their last heartbeats
"""

__all__ = ["examination", "findings", "host", "keyring_self_test", "prefect_api", "sweep", "workers"]
