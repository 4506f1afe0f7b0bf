"""Encrypted staging: sealed segments of Arrow batches, and the marks of their owner.

* `segments`: writing and reading segments
* `ownership`: the mark by which a folder is known as ours
* `probe`: the process that tries a destroyed key
"""

__all__ = ["ownership", "probe", "segments"]
