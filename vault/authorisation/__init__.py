"""Checks whether a signed instruction authorises a use, and keeps the instruction with its uses.

* `check`: checks an instruction, stores it, and records its withdrawal
* `check_report`: the result of every test of a check
* `terms`: the refusals of a site, by its settings
* `signatories`: the signers, and the capacities in which they signed
* `may_sign`: the persons who may sign for each controller
* `agreement`: compares the parts of a proof
* `register`: the uses of an instruction: allowed, claimed, consumed, given back
* `handwritten`: pages signed by hand
* `record_handwritten`: records a page signed by hand
* `signature_stamps`: time stamps over signatures
"""

__all__ = [
    "agreement",
    "check",
    "check_report",
    "handwritten",
    "may_sign",
    "record_handwritten",
    "register",
    "signatories",
    "signature_stamps",
    "terms",
]
