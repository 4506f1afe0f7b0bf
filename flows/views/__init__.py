"""Answers for those who watch over a home, made of ledger, runs and sealed records. Nothing here changes a record.

* `today`: what needs attention
* `runs`: runs as rows, and one run in full
* `run_list`: one page of the runs, with what its filter and its chart need
* `run_evidence`: what shows that a run's staging is gone
* `deletion`: every run with its end, as of a moment
* `deletion_index`: the runs of the log as of a moment, asked of the index
* `deletion_export`: the same as files
* `proof_copies`: proofs to hand out
* `completeness`: the runs of the log by their numbers
* `authorisations`: instructions and their states
* `doctors`: doctors, with what is kept of them
* `names`: names of persons, opened one at a time
* `ledger`: growth, heads, stamps and the last full check
* `log_entries`: the entries of the ledger as rows
* `host`: findings, trust material, sweep, workers
* `proposals`: acts that wait for a second person
* `status`: the state of a home in one line
* `measures`: what monitoring measures of a home
* `figures`: figures over time
* `index`: what these answers need of ledger and runs, kept in a small local file
* `index_check`: the index rebuilt and compared
"""

__all__ = [
    "authorisations",
    "completeness",
    "deletion",
    "deletion_export",
    "deletion_index",
    "doctors",
    "figures",
    "host",
    "index",
    "index_check",
    "ledger",
    "log_entries",
    "measures",
    "names",
    "proof_copies",
    "proposals",
    "run_evidence",
    "run_list",
    "runs",
    "status",
    "today",
]
