"""The first step of every `reprise`: no code is run that lies in the working directory or that the environment names.

The working directory may hold an export or be writable by others, and the caller's environment is untrusted. This module imports
only what the interpreter has loaded before the program's first line, so it does not use pathlib.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # the interpreter's own; `signal` is a file, with imports
import os
import sys

FIXED = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"}
"""The values that replace the user's in every process of this program: a library that looks for settings in $HOME finds none."""

_INHERITED = frozenset(
    {
        *("USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"),
        *("LANG", "LANGUAGE", "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"),
        *("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_API_KEY", "PREFECT_API_SSL_CERT_FILE"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "SOFTHSM2_CONF"),
        *("_REPRISE_COMPLETE", "COMP_WORDS", "COMP_CWORD"),
        *("_TYPER_COMPLETE_ARGS", "_TYPER_COMPLETE_FISH_ACTION"),
    }
)
"""The variables that are kept, beside REPRISE_* and LC_*: the user's terminal, the address of their Prefect server, what a
card's library needs to ask for a PIN, and the requests of a shell that completes a line (docs/operations.md).
"""

INTERRUPTS = (_signal.SIGINT, _signal.SIGTERM)
_PATHS = ("REPRISE_HOME", "REPRISE_STATE", "XDG_STATE_HOME", "TMPDIR")
_WORKING_FOLDER = "/"
"""Only root can put files there, so a search for settings in the working directory finds none."""
_start_folder: str | None = None


def isolate(*program: str) -> None:
    """Block interrupts, remove untrusted environment variables, and restart as `python -I PROGRAM`.

    There is no restart if the interpreter is isolated and no variable was removed. Interrupts are blocked until
    `flows.interrupts.install`, because a starting interpreter answers them with a traceback. The restarted interpreter ignores
    the user's own packages and the working directory; PYTHON* and LD_* have been removed.
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
    """Return whether a language or a time zone is a path: gettext and the C library would read the file at that path."""
    if name == "TZ":
        return value.startswith((":", "/")) or ".." in value
    return name.startswith(("LANG", "LC_")) and "/" in value


def _is_kept(name: str, value: str) -> bool:
    if is_path(name, value):
        return False
    return name in _INHERITED or name in FIXED or name.startswith(("REPRISE_", "LC_"))


def leave_working_directory() -> None:
    """Change to a fixed folder for the life of the process. `from_start_folder` keeps the meaning of relative paths."""
    global _start_folder
    try:
        _start_folder = os.getcwd()  # noqa: PTH109 - see above
    except FileNotFoundError:  # the folder was removed: no relative path can be meant
        _start_folder = _WORKING_FOLDER
    for name in _PATHS:
        if os.environ.get(name):
            os.environ[name] = from_start_folder(os.environ[name])
    os.chdir(_WORKING_FOLDER)


def from_start_folder(path: str) -> str:
    """Resolve a path relative to the folder in which this process was started."""
    return path if _start_folder is None else os.path.join(_start_folder, path)  # noqa: PTH118 - see above
