"""Reading MEDAR reports and letters for the counter.

* `lines`: the lines of a file as messages, and what a message says
"""

__all__ = ["lines"]
