"""What happens around a run: evidence, copies, intakes, proof, confirmation, end.

* `evidence`: the signed instruction, from files or as recorded
* `copies`: copies that the operator may hold
* `intakes`: intakes opened, bound and closed
* `ending`: destruction and certificate
* `proof`: the proof folder issued
* `retract`: a delivery taken back
* `confirmation`: what the practice says of the package
* `package_place`: where the package lies
* `run_views`: runs as they are seen from outside
"""

__all__ = [
    "confirmation",
    "copies",
    "ending",
    "evidence",
    "intakes",
    "package_place",
    "proof",
    "retract",
    "run_views",
]
