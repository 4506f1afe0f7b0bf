"""`reprise migrate` in a pseudo-terminal: what it shows and when, and what a signal does to it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from support.typing_at import shown_pieces
from support.whole_run import WholeRun


class Seen(NamedTuple):
    """What a terminal showed, and when."""

    code: int
    screen: str
    end_seconds: float  # from the signal to the end


def at_a_terminal(
    case: WholeRun,
    *,
    interrupt_at: str | None = None,
    number: int = signal.SIGINT,
    wait: float = 0.3,
    environment: dict[str, str] | None = None,
    before: Callable[[], object] = lambda: None,
) -> Seen:
    """Run `reprise migrate` in a pseudo-terminal; send the signal once the words show, to the whole group as a terminal does."""
    control, terminal = pty.openpty()
    command = [
        str(Path(sys.executable).with_name("reprise")), "migrate", case.made["source"],
        "--authorisation", case.made["authorisation"], "--to", case.made["destination"],
    ]  # fmt: skip
    settings = {
        **os.environ,
        "REPRISE_HOME": str(case.home),
        "REPRISE_OPERATOR": "trial",
        "TERM": "xterm",
        "COLUMNS": "250",
        **(environment or {}),
    }
    pressed = 0.0
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=settings, start_new_session=True
    )
    os.close(terminal)
    screen = ""
    for piece in shown_pieces(control):
        screen += piece
        if interrupt_at and not pressed and interrupt_at in screen:
            before()
            time.sleep(wait)
            pressed = time.monotonic()
            os.killpg(process.pid, number)
    os.close(control)
    code = process.wait(timeout=60)
    return Seen(code, screen, time.monotonic() - pressed)


LINE = re.compile(r"reprise:\S* Interrupted\.[^\r\n]*")


def last_line(seen: Seen) -> str:
    """The one line about the interrupt. Nothing follows it, and nothing was dumped before."""
    (line,) = LINE.findall(seen.screen)
    assert seen.screen.rstrip().endswith(line)
    assert "Traceback" not in seen.screen
    assert seen.code == 130
    assert seen.end_seconds < 15  # 4 s on a machine that has time; waiting for a server took 70
    return line
