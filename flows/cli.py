"""`reprise`, the command line. `--home`, `--operator` and `--json` may precede or follow the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands import (  # noqa: F401 - each module registers its commands when it is imported
    accounts,
    authority,
    copies,
    description,
    destinations,
    drafting,
    enrolment,
    handwritten,
    heads,
    homes,
    host,
    intake,
    notices,
    orders,
    people,
    proof,
    recipients,
    runs,
    safekeeping,
    shell,
    signing,
    trials,
    trust,
    worker,
)
from flows.commands.apps import app
from vault.system.isolation import from_start_folder
from vault.system.program import describe_tool


def _print_version(wanted: bool) -> None:
    if wanted:
        tool = describe_tool()
        typer.echo(f"reprise {tool['version']} (source digest {tool['sourceDigest']})")
        raise typer.Exit


@app.callback()
def _settings(
    home: Annotated[Path | None, typer.Option(help="Where all state lies (or REPRISE_HOME).")] = None,
    operator: Annotated[str | None, typer.Option(help="Who acts (or REPRISE_OPERATOR).")] = None,
    version: Annotated[  # noqa: ARG001 - its callback prints
        bool,
        typer.Option(
            "--version", help="Print which program this is.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    if home is not None:
        os.environ["REPRISE_HOME"] = from_start_folder(str(home))
    if operator is not None:
        os.environ["REPRISE_OPERATOR"] = operator


def run(words: list[str]) -> None:
    """Run one command. The command, not typer, tests whether a path is readable: typer would use the wrong working directory."""
    command = typer.main.get_command(app)
    for option in _options_below(command):
        option.type_descriptor.parameter_info.readable = False
    if shell.VARIABLE in os.environ:
        shell.prepare()
    command(args=words, prog_name=shell.PROGRAM)


def _options_below(command: Any) -> Iterator[Any]:
    yield from command.params
    for below in getattr(command, "commands", {}).values():
        yield from _options_below(below)
