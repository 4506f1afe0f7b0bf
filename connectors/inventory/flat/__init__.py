"""The common part of the counters of flat messages, which share no code with their readers.

* `counter`: the `Counter` of a format that is told how to divide and to read its messages
* `decoding`: lines of bytes, and their texts
* `expected`: the item that a result must become
* `ranges`: reference ranges, for the counter
* `reading`: what a message says, as the counter reads it
"""

__all__ = ["counter", "decoding", "expected", "ranges", "reading"]
