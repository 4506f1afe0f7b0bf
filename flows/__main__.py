"""Where `reprise` starts: isolated first, then signals, a first line, and the commands, whose libraries take seconds to load."""

from __future__ import annotations

import os
import sys

from vault.system.isolation import isolate, leave_working_directory

_OPENING = {
    "migrate": "checking the authorisation",
    "rehearse": "checking the authorisation",
    "probe": "checking the authorisation",
    "resume": "looking where the run stands",
}


def main() -> None:
    """Run the command line, isolated from the folder and the environment it was called in."""
    isolate("-m", "flows")
    leave_working_directory()
    begin()


def begin() -> None:
    """Run the command line with a private file mode mask. A person at a terminal reads a first line within a second."""
    from flows import interrupts

    os.umask(0o077)
    interrupts.install()
    try:
        _say_what_begins(sys.argv[1:])
        from flows.cli import run

        run(sys.argv[1:])
    except KeyboardInterrupt:
        interrupts.end()
    finally:
        if interrupts.pressed():
            interrupts.end()


def _say_what_begins(words: list[str]) -> None:
    command = next((word for word in words if word in _OPENING), None)
    if command is not None and "--help" not in words and sys.stderr.isatty():
        sys.stderr.write(f"reprise: {_OPENING[command]}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
