"""What every counter counts by: normal forms, digests, units, the account of bytes.

* `normal_form`: the form by which a source and a delivery are compared
* `forms`: forms of one value that count as one
* `names`: names without namespaces
* `units`: a unit while it is counted
* `tiles`: each byte belongs to one unit, to the structure, or to a named rule
* `kinds`: what a transaction's head says
* `attachments`: base64 hashed piece by piece
* `markers`: what a target adds and marks
* `originals`: elements that a chart holds as prose
* `batches`: rows of the books
"""

__all__ = [
    "attachments",
    "batches",
    "forms",
    "kinds",
    "markers",
    "names",
    "normal_form",
    "originals",
    "tiles",
    "units",
]
