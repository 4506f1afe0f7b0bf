"""The record of a run in a home: lease, facts, journal, and the state derived from them; and the dialects of earlier exports.

* `lease`: the right to hold staging until a deadline
* `run`: one run, with its state
* `state`: states and acts, and the effect of each act
* `facts`: files beside the lease
* `journal`: the completed steps, with their counts
* `passports`: which names the exports of a software used
* `run_lock`: one run at a time per doctor and instruction
* `outcome_words`: a run in a list, and how it ended, in words
"""

__all__ = ["facts", "journal", "lease", "outcome_words", "passports", "run", "run_lock", "state"]
