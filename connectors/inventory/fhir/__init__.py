"""Reading FHIR R4 in JSON for the counter.

* `lines`: the lines of a file as messages, and what a message says
"""

__all__ = ["lines"]
