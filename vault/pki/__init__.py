"""Certificates, signatures and time stamps of others.

* `trust_store`: the roots and lists that a home trusts
* `trust_admin`: adding and listing them
* `signer_profiles`: which certificates may sign an instruction
* `cms`: checking a signature
* `event_loop`: runs what pyHanko has as coroutines
* `signed_document`: a document with its signatures
* `signature_report`: what a check found, in words
* `timestamps`: time stamps (RFC 3161)
* `pkcs11`: signing with a card
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
