"""The two programs with which anybody checks a proof without trusting the site: a page for a browser, and a Python file.

The digests that they have at the end of a run are among the facts to which the ledger commits, and the certificate states them. A
later release of a program does not change a proof, because no check compares the digests with a program.
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
    """Return the page; it is built from `desk/src/verify` (`make page`) and committed."""
    return _FILES[PAGE].read_bytes()


def program_digests() -> dict[str, str]:
    """Return the SHA-256 of each program by its file name."""
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in _FILES.items()}
