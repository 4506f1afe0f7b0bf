"""Counting tables (CSV and the like) by a reviewed mapping file, with code of its own for cells, values and trees.

* `counter`: the units of a table's rows
* `profile`: what an unknown table holds, without its values
"""

__all__ = ["counter", "profile"]
