"""Intakes: identities to which a practice seals its export, and the sealed export itself.

* `record`: an intake from its opening to its end
* `identity_store`: where its identity is kept
* `mint`: the process that makes the identity
* `sealed_source`: reading the sealed export
"""

__all__ = ["identity_store", "mint", "record", "sealed_source"]
