"""The steps of a run, from the inventory to the published package: plain functions of a context and the value before.

* `context`: what every step receives
* `values`: what a step returns
* `open_files`: the source, clear or sealed
* `headers`: the headers of all messages, checked first
* `inventory`: the independent count of the source
* `software`: the software that wrote it
* `ranges`: a step cut into ranges, which processes share
* `extract`: rows into sealed staging
* `check`: data contracts on rows, with four outcomes
* `match`: folders of the same patient
* `transform`: tally of codes by scheme
* `plan`: assigns charts to parts
* `parts`: one sealed part
* `deliver`: writes and counts charts
* `reconcile`: compares source and delivery
* `publish`: brings the package to its destination
"""

__all__ = [
    "check",
    "context",
    "deliver",
    "extract",
    "headers",
    "inventory",
    "match",
    "open_files",
    "parts",
    "plan",
    "publish",
    "ranges",
    "reconcile",
    "software",
    "transform",
    "values",
]
