"""Append and tell what was acknowledged: `python appending.py HOME COUNT`, one name a line into HOME/acknowledged."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from schemas.errors import RepriseError
from vault.home_folder import Home
from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.home_log import load_log_key
from vault.ledger.log import FileLedger
from vault.system.clock import SystemClock

home, count = Path(sys.argv[1]), int(sys.argv[2])
ledger = Ledger(FileLedger(home / "ledger", "test.example/log", load_log_key(Home(home))), SystemClock())
seen = os.open(home / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
os.open(home / "ready", os.O_WRONLY | os.O_CREAT, 0o600)
for number in range(count):
    code = f"{os.getpid()}-{number}"
    try:
        ledger.record(
            EntryType.AUTHORISATION_REFUSED,
            None,
            code,
            commitments={"operator": commit(b"a", "b", "c", b"d")},
        )
        os.write(seen, f"{code}\n".encode())
    except (OSError, RepriseError):
        continue
