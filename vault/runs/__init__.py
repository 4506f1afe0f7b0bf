"""What a home keeps of a run: lease, facts, journal.

* `lease`: the right to hold staging until a deadline
* `run`: one run, with its state
* `state`: states, acts, and what each act does
* `facts`: files beside the lease
* `journal`: steps done, with their counts
* `run_lock`: one run at a time per doctor and instruction
* `outcome_words`: a run in a list, and how it ended, in words
"""

__all__ = ["facts", "journal", "lease", "outcome_words", "run", "run_lock", "state"]
