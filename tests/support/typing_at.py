"""Any command in a pseudo-terminal, with somebody who types: an answer to each prompt as it shows."""

from __future__ import annotations

import fcntl
import math
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

COMMAND = str(Path(sys.executable).with_name("reprise"))


class Typed(NamedTuple):
    """How the command ended, and what its terminal showed."""

    code: int
    screen: str


def shown_pieces(control: int, end: float = math.inf) -> Iterator[str]:
    """What a pseudo-terminal shows, as it comes, until its programs have ended or the monotonic clock says `end`."""
    while time.monotonic() < end:
        if not select.select([control], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(control, 4096).decode(errors="replace")
        except OSError:
            return
        if not piece:
            return
        yield piece


def typed_at(
    *words: str, answers: list[tuple[str, str]], columns: int = 80, cwd: Path, **environment: str
) -> Typed:
    """Run `reprise WORDS`; each answer is typed once its prompt shows after what was answered before."""
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    settings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "REPRISE_HOME")}
    process = subprocess.Popen(
        [COMMAND, *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**settings, "TERM": "xterm", **environment},
        cwd=cwd,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - else no Ctrl-C
    )
    os.close(terminal)
    screen, left, seen, end = "", list(answers), 0, time.monotonic() + 60
    for piece in shown_pieces(control, end):
        screen += piece
        if left and left[0][0] in screen[seen:]:
            seen = len(screen)
            os.write(control, left.pop(0)[1].encode())
    os.close(control)
    code = process.wait(timeout=30)
    assert not left, f"{len(left)} prompt(s) never came, the first {left[0][0]!r}"
    return Typed(code, screen)
