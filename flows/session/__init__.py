"""One act of an operator: who acts, on which home, on which order, and what comes back.

* `control`: home, site, operator, clock and ledger of one act
* `acts`: an act and its ledger entry, in one order
* `orders`: sealed orders
* `sources`: where exports are, sealed
* `results`: what a run and a sweep return
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
