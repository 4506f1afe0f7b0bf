"""The sweep: destroys what is due, even if no other process of Reprise is running.

* `round`: one round of the sweep
* `units`: the text of the units that start the sweep
* `install`: installs and removes the units
"""

__all__ = ["install", "round", "units"]
