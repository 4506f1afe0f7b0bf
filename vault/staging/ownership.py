"""The mark in every staging folder: it identifies a folder of this home that belongs to no lease.

It is an HMAC of the folder's name under a sub-key of the site key. So no one else can make the sweep destroy a folder, and a
folder that was renamed, or copied from another home, is left for a person to look at.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from vault.home_folder import Home
from vault.system.files import sync_folder, write_durably

NAME = ".reprise-staging"


def make_staging(home: Home, folder: Path) -> None:
    """Create a run's staging folder with its mark, durably. Idempotent."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    sync_folder(folder.parent)
    if not is_ours(home, folder):
        write_durably(folder / NAME, _mark(home, folder))


def is_ours(home: Home, folder: Path) -> bool:
    """Whether this home made the folder, under this name."""
    path = folder / NAME
    if folder.is_symlink() or path.is_symlink() or not path.is_file():
        return False
    return hmac.compare_digest(path.read_bytes()[:64], _mark(home, folder))


def _mark(home: Home, folder: Path) -> bytes:
    return home.site_key.pseudonym("staging", folder.name).encode()
