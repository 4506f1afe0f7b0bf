"""Reading plain documents (PDF, pictures, letters) of which path, site or sidecar says whose they are.

* `connector`: a document as a chart's transaction with its attachment
* `naming`: what the path of a document states by the digits in it
* `patterns`: what it states by a pattern of the site
* `sidecar_connector`: a sidecar's rows, and links in the place of files that the export does not hold
* `sidecars`: what a file beside a document states of it
* `statement`: all of this held together
"""

__all__ = ["connector", "naming", "patterns", "sidecar_connector", "sidecars", "statement"]
