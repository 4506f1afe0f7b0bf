"""The steps of a run, from the inventory to the published package: plain functions of a context and the value before.

* `context`: what every step gets
* `values`: what a step gives
* `value_codec`: values as JSON
* `open_files`: the source, clear or sealed
* `headers`: the headers of all messages
* `inventory`: the independent count of the source
* `software`: the software that wrote it
* `extract`: rows into sealed staging
* `check`: contracts on rows
* `match`: folders of one patient
* `transform`: codes that the target takes
* `plan`: charts into parts
* `parts`: one sealed part
* `deliver`: charts written and counted
* `reconcile`: source against delivered
* `publish`: the package at its destination
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
    "reconcile",
    "software",
    "transform",
    "value_codec",
    "values",
]
