"""Ctrl-C and SIGTERM: a command ends within five seconds, with exit code 130 and one line, whatever it is doing.

The first signal raises KeyboardInterrupt in the main thread, so that everything closes in order. A thread that the
kernel's own notice wakes (Python's handler waits until the main thread comes back from C code) ends the process when that
takes too long: it may be ended at any point, for what it leaves is what a killed process leaves.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

INTERRUPTED = 130
GRACE_SECONDS = 4.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_pressed = threading.Event()
_said = threading.Event()
_working = threading.Event()
_counting = threading.Lock()
_terminal: list[Any] = []
_states: list[Callable[[], str]] = []


class Interrupted(KeyboardInterrupt):
    """An interrupt of which somebody knows what became of the work; `state` says it in a sentence."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self.state = state


def install() -> None:
    """Answer SIGINT and SIGTERM from now on; one that was ignored when the process started stays ignored."""
    with contextlib.suppress(OSError, ValueError, termios.error):
        _terminal.append(termios.tcgetattr(sys.stdin.fileno()))
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_wait_for_signal, args=(reading,), daemon=True, name="interrupts").start()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    signal.pthread_sigmask(
        signal.SIG_UNBLOCK, _SIGNALS
    )  # they waited since the first line (vault.system.isolation)
    atexit.register(_ignore)


def _ignore() -> None:
    """The last act before the interpreter is taken down: the command has ended, and keeps its own exit code."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def described_by(state: Callable[[], str]) -> Iterator[None]:
    """Whatever ends this block by an interrupt, the line says what `state` finds of the work."""
    _states.append(state)
    try:
        yield
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt) and not pressed():
            raise
        raise Interrupted(_found()) from None
    finally:
        _states.pop()


def _found() -> str:
    if not _working.is_set():
        return "Nothing was begun."
    try:
        return _states[-1]() if _states else ""
    except Exception:  # noqa: BLE001 - what cannot be looked at now is looked at by whoever reads the line
        return "`reprise runs` lists what waits."


def work_begins() -> None:
    """From now on an interrupt is an exception, which lets what was begun close; before it ends the process on the spot."""
    _working.set()


def pressed() -> bool:
    """Whether somebody asked this process to end."""
    return _pressed.is_set()


def said() -> None:
    """The one line was printed."""
    _said.set()


def end() -> NoReturn:
    """End now with 130; the line is printed unless it was. What libraries would do at exit is not waited for."""
    if threading.current_thread() is threading.main_thread():  # else it may hold the streams' locks
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    if not _said.is_set():
        _said.set()
        restore = "\r\n\x1b[?25h" if os.isatty(2) else ""  # a bar hides the cursor
        line = f"{restore}reprise: Interrupted. {_found()}".rstrip().encode() + b"\n"
        with contextlib.suppress(OSError):
            os.write(_last_writer(), line)
    for attributes in _terminal:
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(
                0, termios.TCSANOW, attributes
            )  # a password that was not asked to its end hides what is typed
    os._exit(INTERRUPTED)


def _last_writer() -> int:
    """A descriptor of standard error that is this line's alone: a bar that another thread still draws goes nowhere."""
    alone = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return alone


def _on_signal(number: int, frame: FrameType | None) -> None:
    """The first is an interrupt; of a second the end that has begun takes no notice.

    Within an import nothing is raised: a library that is half initialised answers an exception by aborting the process.
    """
    if _pressed.is_set():
        return
    if not _working.is_set():
        end()
    threading.Thread(target=_count_down, daemon=True).start()
    if _is_importing(frame):
        threading.Thread(target=_send_again, args=(number,), daemon=True).start()
        return
    _pressed.set()
    logging.disable(logging.CRITICAL)  # what libraries say of being interrupted is not the user's concern
    raise KeyboardInterrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _send_again(number: int) -> None:
    time.sleep(0.05)
    os.kill(os.getpid(), number)


def _wait_for_signal(reading: int) -> None:
    while True:
        if set(os.read(reading, 64)) & set(_SIGNALS):
            _count_down()


def _count_down() -> None:
    if _counting.acquire(blocking=False):
        time.sleep(GRACE_SECONDS)
        end()
