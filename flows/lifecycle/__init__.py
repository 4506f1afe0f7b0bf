"""The acts before and after the steps of a run: evidence, copies, intakes, proof, confirmation, end.

* `evidence`: reads the signed instruction from files or from the home
* `copies`: registers and destroys copies in the operator's custody
* `intakes`: opens, binds and closes intakes
* `ending`: destroys staging and certifies the run
* `proof`: issues the proof folder
* `retract`: removes a delivery from its destination
* `confirmation`: records that the practice opened, imported or accepted the package
* `mapping_drafts`: drafts mapping files for unknown tables
* `package_place`: stores the location of the package
* `run_views`: the state and result of runs
"""

__all__ = [
    "confirmation",
    "copies",
    "ending",
    "evidence",
    "intakes",
    "mapping_drafts",
    "package_place",
    "proof",
    "retract",
    "run_views",
]
