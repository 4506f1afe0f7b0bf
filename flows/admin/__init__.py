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
* `erasure`: what a home keeps about a person: show and erase it
* `backup`: backup and restore
* `ledger`: what others need to check the ledger
* `stamps`: time stamps on heads and signatures
* `index`: what pages need of ledger and runs, kept in a small local file
* `measures`: what monitoring measures of a home
* `oversight`: runs and what needs attention, for those who watch
* `log_entries`: the entries of the ledger as rows
* `authorisation_views`: instructions for those who watch
* `doctor_views`: doctors, with what is kept of them
* `run_evidence`: what shows that a run's staging is gone
* `deletion`: every run with its end, as of a moment
* `deletion_export`: the same as files
* `proof_copies`: proofs to hand out
* `ledger_views`: growth, heads, stamps and the last full check
* `host_views`: findings, trust material, sweep, workers
* `figures`: figures over time
* `starting`: what a run is started with: sources, instructions, orders
* `proposals`: what waits for a second person
* `status`: the state of a home
"""

__all__ = [
    "accounts",
    "authorisation_views",
    "authorisations",
    "backup",
    "deletion",
    "deletion_export",
    "destinations",
    "doctor_views",
    "enrolment",
    "erasure",
    "figures",
    "handwritten",
    "host_views",
    "index",
    "ledger",
    "ledger_views",
    "log_entries",
    "measures",
    "operators",
    "oversight",
    "proof_copies",
    "proposals",
    "recipients",
    "run_evidence",
    "stamps",
    "starting",
    "status",
    "trust",
]
