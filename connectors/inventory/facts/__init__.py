"""The basis of every counter: normal forms, digests, units, the account of bytes.

* `normal_form`: the form in which a source and a delivery are compared
* `forms`: several forms of one value that count as one
* `names`: names without namespaces
* `units`: a unit while it is counted
* `tiles`: assigns each byte to one unit, to the structure, or to a named rule
* `kinds`: what a transaction's head states
* `national_number`: national numbers in any notation
* `persons`: what one place states about a patient
* `attachments`: hashes base64 piece by piece
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
    "national_number",
    "normal_form",
    "originals",
    "persons",
    "tiles",
    "units",
]
