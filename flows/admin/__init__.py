"""Acts of an operator on a home.

* `accounts`: who signs in to the dashboard
* `operators`: a home and its operators
* `enrolment`: doctors and mandates
* `recipients`: keys whose holders have proved possession
* `trust`: the certificates that signatures are checked against
* `destinations`: declared servers
* `authorisations`: instructions checked, recorded, shown
* `handwritten`: instructions signed by hand
* `proposals`: what waits for a second person
* `holdings`: what a home keeps about a person
* `erasure`: show and erase it
* `backup`: backup and restore
* `ledger`: what others need to check the ledger
* `stamps`: time stamps on heads and signatures
* `starting`: what a run is started with: sources, instructions, orders
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
    "proposals",
    "recipients",
    "stamps",
    "starting",
    "trust",
]
