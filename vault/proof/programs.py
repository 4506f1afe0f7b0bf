"""The two programs with which anybody checks a proof without trusting the site: a page for a browser, and a Python file.

Their digests at the end of a run are among the facts to which the ledger commits, and stand on the certificate. A later release
of either does not change a proof: the digests are data of the run, and are compared with nothing.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

PAGE = "verify.html"
VERIFIER = "verify.py"
_FILES = {
    PAGE: Path(__file__).parent / "pages" / PAGE,
    VERIFIER: Path(__file__).parents[1] / VERIFIER,
}


def verify_page() -> bytes:
    """Returns the page; it is built from `desk/src/verify` (`make page`) and committed."""
    return _FILES[PAGE].read_bytes()


def program_digests() -> dict[str, str]:
    """Returns the SHA-256 of each program by its file name."""
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in _FILES.items()}
