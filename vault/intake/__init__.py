"""Intakes: identities to which a practice seals its export, and the sealed export itself.

* `record`: the record of an intake, from its opening to its end
* `identity_store`: the stores for the identity of an intake
* `mint`: the process that makes an identity
* `sealed_source`: opens a sealed export
"""

__all__ = ["identity_store", "mint", "record", "sealed_source"]
