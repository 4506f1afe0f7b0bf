"""One act of an operator: the operator, the home, the order and the result.

* `control`: home, site, operator, clock and ledger of one act
* `acts`: records an act and its refusal in the ledger
* `orders`: sealed orders
* `sources`: the sealed paths of exports
* `results`: the results of runs and sweeps
* `observer`: receives progress
* `progress`: progress in per cent
* `coded_errors`: errors reduced to code and facts
* `stored_results`: refuses results that Prefect stored
* `user_settings`: default home and operator of a user
"""

__all__ = [
    "acts",
    "coded_errors",
    "control",
    "observer",
    "orders",
    "progress",
    "results",
    "sources",
    "stored_results",
    "user_settings",
]
