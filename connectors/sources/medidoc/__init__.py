"""Reading MediDoc files (laboratory results and reports of `#A` requests) into rows.

* `messages`: requests as messages, with the header of their document
"""

__all__ = ["messages"]
