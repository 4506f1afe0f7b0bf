"""Counting files of the HealthOne family, line by line.

* `counter`: the counter
* `lines`: its own tokeniser
"""

__all__ = ["counter", "lines"]
