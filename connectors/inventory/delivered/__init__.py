"""Counting what is delivered, in the same normal form as its source.

* `chart`: one chart, while it is written
* `charts`: several charts at once
"""

__all__ = ["chart", "charts"]
