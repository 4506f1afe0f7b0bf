"""Acts of an operator on a home.

* `operators`: a home and its operators
* `enrolment`: doctors and mandates
* `recipients`: keys whose holders proved possession
* `trust`: what signatures are checked against
* `destinations`: declared servers
* `authorisations`: instructions checked, recorded, shown
* `handwritten`: instructions signed by hand
* `erasure`: what is kept of a person, shown and erased
* `backup`: backup and restore
* `ledger`: the ledger as others check it
* `stamps`: time stamps over heads and signatures
* `status`: where a home stands
"""

__all__ = [
    "authorisations",
    "backup",
    "destinations",
    "enrolment",
    "erasure",
    "handwritten",
    "ledger",
    "operators",
    "recipients",
    "stamps",
    "status",
    "trust",
]
