"""The log of a home: its signing key, and the store opened under the site's origin."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.ledger.log import FileLedger
from vault.site import Site
from vault.system.files import write_secret


def make_log_key(home: Path) -> None:
    """Create the log's signing key for a new home."""
    write_secret(home / "keys" / "log.key", Ed25519PrivateKey.generate().private_bytes_raw())


def load_log_key(home: Path) -> Ed25519PrivateKey:
    """Load the log's signing key."""
    return Ed25519PrivateKey.from_private_bytes((home / "keys" / "log.key").read_bytes())


def open_store(home: Path) -> FileLedger:
    """Open the ledger of a home."""
    return FileLedger(home / "ledger", Site.load(home).origin, load_log_key(home))
