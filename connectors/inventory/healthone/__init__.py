"""Counting files of the HealthOne family, line by line.

* `counter`: the counter
* `lines`: a tokeniser of its own
"""

__all__ = ["counter", "lines"]
