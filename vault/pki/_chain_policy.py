"""Lets pyHanko accept only keys that `vault.pki._key_strength` calls strong, on the whole path from a signature to a root."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asn1crypto import keys
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint, DisallowWeakAlgorithmsPolicy

from vault.pki._key_strength import is_strong


class StrongKeysOnly(DisallowWeakAlgorithmsPolicy):
    """The policy for every signature that pyHanko checks on the path: of certificates, revocation lists and OCSP answers."""

    def signature_algorithm_allowed(
        self, algo: Any, moment: datetime | None, public_key: keys.PublicKeyInfo | None
    ) -> AlgorithmUsageConstraint:
        """Return whether pyHanko may accept this algorithm and key."""
        if public_key is not None and not is_strong(public_key):
            return AlgorithmUsageConstraint(allowed=False, failure_reason="key_too_weak")
        return super().signature_algorithm_allowed(algo, moment, public_key)
