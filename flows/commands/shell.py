"""`reprise completion`: the script with which a shell completes commands and options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer import _completion_shared

from flows.commands.apps import HOST, app
from flows.commands.shared import Shown, command

PROGRAM, VARIABLE = "reprise", "_REPRISE_COMPLETE"


class Shell(StrEnum):
    """The supported shells."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@command(app, panel=HOST)
def completion(
    shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.", show_default=False)],
) -> Shown:
    """Print what makes a shell complete `reprise`; put it where your shell reads such lines. Nothing is written."""
    script = _completion_shared.get_completion_script(
        prog_name=PROGRAM, complete_var=VARIABLE, shell=shell.value
    )
    return Shown({"shell": shell, "script": script}, script)


def prepare() -> None:
    """Answer a shell's completion request, which it makes through the environment variable."""
    from typer._completion_classes import completion_init

    completion_init()
