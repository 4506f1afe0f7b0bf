"""Acts of an operator on a home.

* `accounts`: the accounts of the dashboard
* `operators`: the creation of a home, and its operators
* `enrolment`: doctors and mandates
* `recipients`: keys whose holders have proved possession
* `trust`: the certificates and revocation data against which signatures are checked
* `destinations`: declared servers
* `authorisations`: instructions checked, recorded, shown
* `handwritten`: instructions signed by hand
* `holdings`: the data that a home holds about a person
* `erasure`: shows and erases these data
* `backup`: backup and restore
* `ledger`: the files with which others check the ledger
* `stamps`: time stamps on heads and signatures
* `starting`: the sources, instructions and orders with which a run is started
"""

__all__ = [
    "accounts",
    "authorisations",
    "backup",
    "destinations",
    "enrolment",
    "erasure",
    "handwritten",
    "holdings",
    "ledger",
    "operators",
    "recipients",
    "stamps",
    "starting",
    "trust",
]
