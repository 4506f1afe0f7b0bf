"""Start the data process with one thing broken (`mutated_data_process`), where the true one would be started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_SCRIPT = (
    f"import runpy, sys; sys.path.insert(0, {str(Path(__file__).parent)!r});"
    " runpy.run_module('mutated_data_process', run_name='__main__')"
)


def start_mutant(lock: int) -> subprocess.Popen[str]:
    """In the place of `flows.data_link.start_process`; what is broken says REPRISE_MUTANT."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _SCRIPT, str(os.getpid()), str(lock)],
        pass_fds=(lock,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
