"""Entry point of `reprise`: isolates the process, installs signal handlers, prints a first line, then loads the slow commands."""

from __future__ import annotations

import os
import sys

from vault.system.isolation import isolate, leave_working_directory

_FIRST_LINES = {
    "migrate": "checking the authorisation",
    "rehearse": "checking the authorisation",
    "probe": "checking the authorisation",
    "resume": "looking where the run stands",
}


def main() -> None:
    """Run the command line, isolated from the working directory and the environment of its caller."""
    isolate("-m", "flows")
    leave_working_directory()
    begin()


def begin() -> None:
    """Run the command line with a private file mode mask. A terminal shows a first line within a second."""
    from flows import interrupts

    os.umask(0o077)
    interrupts.install()
    try:
        _print_first_line(sys.argv[1:])
        from flows.cli import run

        run(sys.argv[1:])
    except KeyboardInterrupt:
        interrupts.end()
    finally:
        if interrupts.pressed():
            interrupts.end()


def _print_first_line(words: list[str]) -> None:
    command = next((word for word in words if word in _FIRST_LINES), None)
    if command is not None and "--help" not in words and sys.stderr.isatty():
        sys.stderr.write(f"reprise: {_FIRST_LINES[command]}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
