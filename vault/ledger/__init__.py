"""The append-only log of a home: C2SP tiles, signed checkpoints, entries.

* `log`: the log on files
* `home_log`: the log of a home, with its key
* `entries`: entries and their types
* `merkle`: tree hashes and proofs
* `tiles`: tiles and entry bundles
* `notes`: signed notes and checkpoints
* `policy`: the trust policy that an auditor holds
* `audit`: checks the whole log
* `completeness`: checks that each run has all its entries
"""

__all__ = [
    "audit",
    "completeness",
    "entries",
    "home_log",
    "log",
    "merkle",
    "notes",
    "policy",
    "tiles",
]
