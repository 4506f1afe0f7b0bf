"""Reading MediDoc requests for the counter.

* `lines`: the lines of a file as requests, and what a request says
"""

__all__ = ["lines"]
