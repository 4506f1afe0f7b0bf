"""Counting what is delivered, in the same normal form as its source.

* `chart`: counts one chart while it is written
* `charts`: counts several charts at once
"""

__all__ = ["chart", "charts"]
