"""Acts of an operator on a home.

* `accounts`: who signs in to the dashboard
* `operators`: a home and its operators
* `enrolment`: doctors and mandates
* `recipients`: keys whose holders have proved possession
* `trust`: the certificates that signatures are checked against
* `destinations`: declared servers
* `authorisations`: instructions checked, recorded, shown
* `handwritten`: instructions signed by hand
* `erasure`: what a home keeps about a person: show and erase it
* `backup`: backup and restore
* `ledger`: what others need to check the ledger
* `stamps`: time stamps on heads and signatures
* `index`: what pages need of ledger and runs, kept in a small local file
* `measures`: what monitoring measures of a home
* `oversight`: runs and what needs attention, for those who watch
* `status`: the state of a home
"""

__all__ = [
    "accounts",
    "authorisations",
    "backup",
    "destinations",
    "enrolment",
    "erasure",
    "handwritten",
    "index",
    "ledger",
    "measures",
    "operators",
    "oversight",
    "recipients",
    "stamps",
    "status",
    "trust",
]
