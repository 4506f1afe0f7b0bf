"""Reading MEDAR files (numbered laboratory records, and letters) into rows.

* `messages`: reports and letters as messages
"""

__all__ = ["messages"]
