"""The proof of a run: statements, certificate, folder, and the full verifier.

* `statements`: signed in-toto statements
* `folder`: the files of a proof folder
* `issued`: checks that the log records the issue of a folder
* `certificate`: the certificate as JSON, page and PDF
* `names`: the names on the edition for the practice
* `full_verifier`: checks a folder, with signatures and time stamps
* `programs`: the two programs with which anybody can check a proof, and their digests
* `proven`: stores the evidence that was checked before a run
"""

__all__ = ["certificate", "folder", "full_verifier", "issued", "names", "programs", "proven", "statements"]
