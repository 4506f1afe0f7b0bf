"""The age file format (age-encryption.org/v1): headers, payload, recipients.

* `header`: header and recipient stanzas
* `reader`: decryption as a stream, for sealed exports
* `writer`: encryption as a stream, for packages
* `sealing`: small objects, and identities
* `bech32`: encoding of keys as text
"""

__all__ = ["bech32", "header", "reader", "sealing", "writer"]
