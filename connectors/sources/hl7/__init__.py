"""Reading HL7 v2 files (results, documents, hospital notices, batches of them) into rows.

* `messages`: each patient of a message as a message of its own
"""

__all__ = ["messages"]
