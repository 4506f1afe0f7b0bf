"""Run every command in one process, begun as `reprise` begins: `python -I every_command.py HOME AUTHORISATION SCRATCH`.

First its help, then itself with a value for each parameter that it demands and for each path that it can take: whoever
adds a command adds nothing here. Prints one line a command: its words and its exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from vault.home_folder import Home
from vault.system.isolation import isolate, leave_working_directory


def commands_below(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield words, command
    for word, below in getattr(command, "commands", {}).items():
        yield from commands_below(below, (*words, word))


def arguments(command: Any, home: str, authorisation: str, scratch: Path) -> Iterator[str]:
    """What the command demands, and the paths that it can take, each below a folder of its own."""
    known = {
        "home": home,
        "operator": "trial",
        "authorisation": authorisation,
        "patients": "1",
        "to": str(scratch / "to"),
    }
    for option in command.params:
        kind = option.type_descriptor.annotation
        is_path = isinstance(kind, type) and issubclass(kind, Path)
        if not (option.required or is_path or option.name in known):
            continue
        value = known.get(option.name) or (str(scratch / option.name) if is_path else value_of(kind))
        yield from ([value] if option.param_type_name == "argument" else [option.opts[0], value])


def value_of(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str(next(iter(kind)).value)
    return "1" if kind is int else "x"


def exit_code(run: Any, words: list[str]) -> int:
    try:
        run(words)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def main() -> None:
    home, authorisation, scratch = sys.argv[1:4]
    isolate(__file__)
    leave_working_directory()
    import typer

    from flows.cli import app, run

    for words, command in commands_below(typer.main.get_command(app)):
        folder = Path(scratch, "-".join(words))
        folder.mkdir(parents=True)
        helped = exit_code(run, [*words, "--help"])
        ended = exit_code(run, [*words, *arguments(command, home, authorisation, folder)])
        sys.stderr.write(f"RAN {helped} {ended} {' '.join(words)}\n")
    from flows.worker.prefect_settings import child_settings, settle_prefect
    from vault.system.child_process import start_python

    settle_prefect(Home(Path(home)))
    from prefect.settings import get_current_settings

    from flows import migrate

    child = start_python(
        "flows.worker.flow_run", environment=child_settings()
    )  # of a worker; here it finds no server
    child.communicate('{"act": "run", "flow_run": "00000000-0000-0000-0000-000000000000", "homes": []}\n')
    assert child.returncode != 0
    sys.stderr.write(f"PREFECT {get_current_settings().api.url} {migrate.migrate.name}\n")


if __name__ == "__main__":
    main()
