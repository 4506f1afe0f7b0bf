"""Counting plain documents whose path says whose they are.

* `counter`: the units of a document
* `paths`: what the path of a document states
"""

__all__ = ["counter", "paths"]
