"""Encrypted staging: sealed segments of Arrow batches, and the marks of their owner.

* `segments`: writing and reading segments
* `ownership`: the mark that identifies this home's folders
* `probe`: the process that tries a destroyed key
"""

__all__ = ["ownership", "probe", "segments"]
