"""The first thing that happens in a `reprise`: nothing that lies in the working directory, or that the environment names, is run.

The export that an operator stands in, a folder that others may write to, and the environment of whoever calls are foreign.
This module imports only what the interpreter has loaded before it runs a first line of ours; so no pathlib.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # the interpreter's own; `signal` is a file, with imports
import os
import sys

FIXED = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"}
"""What every process of ours has instead of the user's: a library that looks for settings in its user's home finds none."""

_KEPT = frozenset(
    {
        *("USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"),
        *("LANG", "LANGUAGE", "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"),
        *("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_API_KEY", "PREFECT_API_SSL_CERT_FILE"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "SOFTHSM2_CONF"),
        *("_REPRISE_COMPLETE", "COMP_WORDS", "COMP_CWORD"),
        *("_TYPER_COMPLETE_ARGS", "_TYPER_COMPLETE_FISH_ACTION"),
    }
)
"""What is kept of the environment, beside REPRISE_* and LC_*: how the user's terminal is, where his Prefect server is, what
a card's library needs to ask for a PIN, and what a shell asks that completes a line (docs/operations.md)."""

INTERRUPTS = (_signal.SIGINT, _signal.SIGTERM)
_PATHS = ("REPRISE_HOME", "REPRISE_STATE", "XDG_STATE_HOME", "TMPDIR")
_FOLDER = "/"
"""Only root puts a file there: whatever looks for its settings in the working directory finds none."""
_start_folder: str | None = None


def isolate(*program: str) -> None:
    """Drop what is foreign from the environment and begin anew as `python -I PROGRAM`; nothing to do in a process begun so.

    Interrupts wait from here on until somebody answers them (`flows.interrupts.install`): an interpreter that starts answers
    them with a traceback. The interpreter that begins anew passes over PYTHON*, the user's own packages and the working
    directory, the loader over LD_*.
    """
    _signal.pthread_sigmask(_signal.SIG_BLOCK, INTERRUPTS)
    foreign = [name for name, value in os.environ.items() if not _is_kept(name, value)]
    for name in foreign:
        del os.environ[name]
    os.environ.update(FIXED)
    if foreign or not sys.flags.isolated:
        os.execv(  # noqa: S606 - there is no shell on purpose
            sys.executable, [sys.executable, "-I", *program, *sys.argv[1:]]
        )


def is_path(name: str, value: str) -> bool:
    """Whether a language or a time zone is a path: gettext and the C library read the file that it leads to."""
    if name == "TZ":
        return value.startswith((":", "/")) or ".." in value
    return name.startswith(("LANG", "LC_")) and "/" in value


def _is_kept(name: str, value: str) -> bool:
    if is_path(name, value):
        return False
    return name in _KEPT or name in FIXED or name.startswith(("REPRISE_", "LC_"))


def leave_working_directory() -> None:
    """Go to a fixed folder, for good. Relative paths keep their meaning through `from_start_folder`."""
    global _start_folder
    try:
        _start_folder = os.getcwd()  # noqa: PTH109 - see above
    except FileNotFoundError:  # removed meanwhile: nothing relative can be meant
        _start_folder = _FOLDER
    for name in _PATHS:
        if os.environ.get(name):
            os.environ[name] = from_start_folder(os.environ[name])
    os.chdir(_FOLDER)


def from_start_folder(path: str) -> str:
    """A path as its user meant it: relative to the folder that this process was started in."""
    return path if _start_folder is None else os.path.join(_start_folder, path)  # noqa: PTH118 - see above
