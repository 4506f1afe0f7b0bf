"""Notices by mail and to programs: what people must know of without looking.

* `after_sweep`: the sweep, and the notices after it
* `due`: what is to be told now
* `outbox`: what was told to whom, once, and what waits
* `message`: the words, in the language of the recipient
* `round`: one round, after a sweep or beside it; it holds nothing up
"""

__all__ = ["after_sweep", "due", "message", "outbox", "round"]
