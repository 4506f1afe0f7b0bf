"""Certificates, signatures and time stamps of others.

* `trust_store`: the roots and lists that a home trusts
* `trust_admin`: adds trust material, and lists it
* `signer_profiles`: which certificates may sign an instruction
* `cms`: checks a signature
* `event_loop`: runs pyHanko's coroutines
* `signed_document`: a document with its signatures
* `signature_report`: the tests of a signature, in words
* `timestamps`: time stamps (RFC 3161)
* `pkcs11`: signs with a card
* `tested`: one test of a report and its result
* `pyhanko_logging`: loads pyHanko with its loggers disabled
"""

__all__ = [
    "cms",
    "event_loop",
    "pkcs11",
    "pyhanko_logging",
    "signature_report",
    "signed_document",
    "signer_profiles",
    "tested",
    "timestamps",
    "trust_admin",
    "trust_store",
]
