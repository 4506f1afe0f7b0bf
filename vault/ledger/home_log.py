"""The log of a home: its signing key, and the store opened under the site's origin."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.home_folder import Home
from vault.ledger.log import FileLedger
from vault.system.files import write_secret


def make_log_key(home: Home) -> None:
    """Create the log's signing key for a new home."""
    write_secret(home.keys / "log.key", Ed25519PrivateKey.generate().private_bytes_raw())


def load_log_key(home: Home) -> Ed25519PrivateKey:
    """Load the log's signing key."""
    return Ed25519PrivateKey.from_private_bytes((home.keys / "log.key").read_bytes())


def open_store(home: Home) -> FileLedger:
    """Open the ledger of a home."""
    return FileLedger(home.ledger, home.site.origin, load_log_key(home))
