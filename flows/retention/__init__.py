"""The sweep: destroys what is due, whatever else has died.

* `round`: one round
* `units`: text of the timer's units
* `install`: install and remove the units
"""

__all__ = ["install", "round", "units"]
