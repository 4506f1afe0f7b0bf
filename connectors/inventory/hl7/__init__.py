"""Reading HL7 v2 messages for the counter.

* `lines`: the lines of a file as messages of one patient, and what a message says
"""

__all__ = ["lines"]
