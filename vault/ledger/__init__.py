"""The append-only log of a home: C2SP tiles, signed checkpoints, entries.

* `log`: the log on files
* `home_log`: the log of a home, with its key
* `entries`: entries and their types
* `merkle`: tree hashes and proofs
* `tiles`: tiles and entry bundles
* `notes`: signed notes and checkpoints
* `policy`: the trust policy that an auditor holds
* `audit`: the whole log checked
* `completeness`: that each run ends, without a gap
* `issued`: which proofs were issued
"""

__all__ = [
    "audit",
    "completeness",
    "entries",
    "home_log",
    "issued",
    "log",
    "merkle",
    "notes",
    "policy",
    "tiles",
]
