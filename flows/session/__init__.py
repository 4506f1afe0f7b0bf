"""One act of an operator: who acts, on which home, on which order, and what comes back.

* `control`: home, site, operator, clock and ledger of one act
* `acts`: an act and its ledger entry, in one order
* `orders`: sealed orders
* `results`: what a run and a sweep give back
* `observer`: who is told of progress
* `progress`: per cent done
* `coded_errors`: errors as code and facts
* `stored_results`: no results stored by Prefect
* `user_settings`: home and operator of a user who names neither
"""

__all__ = [
    "acts",
    "coded_errors",
    "control",
    "observer",
    "orders",
    "progress",
    "results",
    "stored_results",
    "user_settings",
]
