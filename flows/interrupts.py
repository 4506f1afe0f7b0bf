"""Handles Ctrl-C and SIGTERM: a command ends within five seconds, with exit code 130 and one line, in any state of its work.

The first signal raises KeyboardInterrupt in the main thread, so that resources are closed in order. Python's handler waits until
the main thread returns from C code; therefore a second thread, woken by the signal's wakeup descriptor, ends the process if that
takes too long. The process may be ended at any point: it leaves the same state as a killed process.
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
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

INTERRUPTED = 130
GRACE_SECONDS = 4.0
_AGAIN_SECONDS = 0.25
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_pressed = threading.Event()
_line_printed = threading.Event()
_working = threading.Event()
_counting = threading.Lock()
_terminal: list[Any] = []
_states: list[Callable[[], str]] = []


class Interrupted(KeyboardInterrupt):
    """An interrupt whose effect on the work is known. `state` describes that effect in a sentence."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self.state = state


def install() -> None:
    """Handle SIGINT and SIGTERM from now on; a signal that was ignored when the process started stays ignored."""
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
    )  # blocked since the process started (vault.system.isolation)
    atexit.register(_ignore)


def _ignore() -> None:
    """Ignore signals during interpreter shutdown: the command has ended and keeps its own exit code."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def described_by(state: Callable[[], str]) -> Iterator[None]:
    """Run the block. If an interrupt ends it, the interrupt line contains the sentence about the work that `state` returns."""
    _states.append(state)
    try:
        yield
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt) and not pressed():
            raise
        raise Interrupted(_state_of_work()) from None
    finally:
        _states.pop()


def _state_of_work() -> str:
    if not _working.is_set():
        return "Nothing was begun."
    try:
        return _states[-1]() if _states else ""
    except Exception:  # noqa: BLE001 - the reader of the line can look up what is not readable now
        return "`reprise runs` lists what waits."


def work_begins() -> None:
    """Turn interrupts into exceptions, so that work is closed in order. Before this call, they end the process at once."""
    _working.set()


def pressed() -> bool:
    """Return whether this process has received an interrupt."""
    return _pressed.is_set()


def note_line_printed() -> None:
    """Note that the interrupt line was printed."""
    _line_printed.set()


def end() -> NoReturn:
    """End the process with exit code 130, without exit handlers of libraries. Print the interrupt line if it was not printed."""
    if threading.current_thread() is threading.main_thread():  # else it may hold the streams' locks
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    if not _line_printed.is_set():
        _line_printed.set()
        restore = "\r\n\x1b[?25h" if os.isatty(2) else ""  # a bar hides the cursor
        line = f"{restore}reprise: Interrupted. {_state_of_work()}".rstrip().encode() + b"\n"
        with contextlib.suppress(OSError):
            os.write(_last_writer(), line)
    for attributes in _terminal:
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(
                0, termios.TCSANOW, attributes
            )  # an interrupted password prompt leaves echo off
    os._exit(INTERRUPTED)


def _last_writer() -> int:
    """Return a new descriptor of standard error, and discard the later output of other threads, such as a progress bar."""
    alone = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return alone


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Turn the first signal into an interrupt; ignore a second one while the process is ending.

    Nothing is raised within an import: a half-initialised library aborts the process on an exception.
    """
    if _pressed.is_set():
        return
    if not _working.is_set():
        end()
    threading.Thread(target=_count_down, args=(number,), daemon=True).start()
    if _is_importing(frame):
        threading.Thread(target=_send_again, args=(number,), daemon=True).start()
        return
    _pressed.set()
    _silence_libraries()
    raise KeyboardInterrupt


def _silence_libraries() -> None:
    """Show no message of a library about the interrupt: no log line, no warning, no exception of a finaliser."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _unraisable: None


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
        for number in set(os.read(reading, 64)) & set(_SIGNALS):
            _count_down(number)


def _count_down(number: int) -> None:
    """End the process after the grace time. Meanwhile interrupt the main thread again until its handler has run.

    A signal that arrives just before a blocking read does not interrupt that read.
    """
    if not _counting.acquire(blocking=False):
        return
    main = threading.main_thread().ident
    end_seconds = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < end_seconds:
        time.sleep(_AGAIN_SECONDS)
        if not _pressed.is_set() and main is not None:
            signal.pthread_kill(main, number)
    end()
