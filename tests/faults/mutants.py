"""Start the data process with one thing broken (`mutated_data_process`), where the true one would be started."""

from __future__ import annotations

import os

from support.forked_python import Forked, start_forked


def start_mutant(lock: int) -> Forked:
    """In the place of `flows.engine._ipc.start_process`; what is broken says REPRISE_MUTANT."""
    return start_forked(["mutated_data_process", str(os.getpid()), str(lock)], os.environ, (lock,))
