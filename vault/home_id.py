"""A home's own name: random, opaque, the same in every copy and backup of it."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from schemas.errors import UnreadableSourceError
from vault.files import write_secret

NAME = "id"
RESTORED = "restored.json"
"""In a home that came out of a backup: when and where, and whether it has forgotten again since (`vault.replay`)."""


def home_id(home: Path) -> str:
    """The name of a home, 32 hexadecimal digits; made the first time it is asked for.

    Raises UnreadableSourceError when the file holds something else.
    """
    path = home / NAME
    if not path.is_file():
        with contextlib.suppress(FileExistsError):  # another process was faster: its name stands
            write_secret(path, secrets.token_hex(16).encode())
    found = path.read_text(encoding="ascii", errors="replace").strip()
    if len(found) != 32 or not set(found) <= set("0123456789abcdef"):
        raise UnreadableSourceError("home_id_malformed")
    return found
