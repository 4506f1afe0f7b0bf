"""What happens around a run: evidence, copies, intakes, proof, confirmation, end.

* `evidence`: the signed instruction, read from files or from the record
* `copies`: copies in the operator's custody
* `intakes`: open, bind and close intakes
* `ending`: destruction and certificate
* `proof`: issue the proof folder
* `retract`: remove a delivery from its destination
* `confirmation`: what the practice reports about the package
* `mapping_drafts`: drafts of mapping files for unknown tables
* `package_place`: the location of the package
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
