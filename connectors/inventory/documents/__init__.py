"""Counting plain documents of which path, site or sidecar says whose they are.

* `beside`: what sidecars state of documents
* `counter`: the units of a document
* `paths`: what the path of a document states by the digits in it
* `patterns`: what it states by a pattern of the site
* `sidecar_counter`: the units of a sidecar
* `whose`: all of this, one after the other
"""

__all__ = ["beside", "counter", "paths", "patterns", "sidecar_counter", "whose"]
