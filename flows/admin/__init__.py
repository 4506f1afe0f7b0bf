"""Acts of an operator on a home.

* `operators`: a home and its operators
* `recipients`: keys whose holders proved possession
* `destinations`: declared servers
* `erasure`: what is kept of a person, shown and erased
* `backup`: backup and restore
* `ledger`: the ledger as others check it
* `stamps`: time stamps over heads and signatures
* `status`: where a home stands
"""

__all__ = [
    "backup",
    "destinations",
    "erasure",
    "ledger",
    "operators",
    "recipients",
    "stamps",
    "status",
]
