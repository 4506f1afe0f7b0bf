"""The proof of a run: statements, certificate, folder, and the full verifier.

* `statements`: signed in-toto statements
* `folder`: the files of a proof folder
* `issued`: whether the log records the issue of a folder
* `certificate`: the certificate as JSON, page and paper
* `names`: the names on the edition that a practice keeps
* `full_verifier`: the check of a folder with everything that a site can know
* `programs`: the page and the file with which anybody checks a proof, and their digests
* `proven`: facts of a run as the proof needs them
"""

__all__ = ["certificate", "folder", "full_verifier", "issued", "names", "programs", "proven", "statements"]
