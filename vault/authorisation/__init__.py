"""Whether a signed instruction authorises a use here and now, and what is recorded of it.

* `check`: the check, the record, withdrawal
* `check_report`: every test of a check, with what it found
* `terms`: what a site refuses of an instruction
* `signatories`: who signed, as whom
* `may_sign`: whose signature is needed
* `agreement`: whether the parts of a proof agree
* `register`: uses: allowed, claimed, spent, given back
* `handwritten`: pages signed by hand
* `record_handwritten`: recording such a page
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
