"""What all commands share: where the home is, who acts, how a result and an error are shown."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer
from rich.console import Console

from flows import interrupts
from flows.session.coded_errors import Told, told
from flows.session.control import Control
from schemas.errors import HomeError, RepriseError
from vault.system.isolation import from_start_folder

P = ParamSpec("P")
errors_console = Console(stderr=True, highlight=False, soft_wrap=True)
console = Console(highlight=False, soft_wrap=True)

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Where all state lies (or REPRISE_HOME).", show_default=False)
]
OperatorOption = Annotated[
    str | None, typer.Option("--operator", help="Who acts (or REPRISE_OPERATOR).", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")]


def home_path(home: Path | None) -> Path:
    """The home given, or that of the environment, if it opens.

    Raises HomeError when there is none, ForkError when an older copy of it was put back.
    """
    found = home_to_examine(home)
    Control.open_to_look(found)
    return found


def home_to_examine(home: Path | None) -> Path:
    """The same without opening it, for those who look what is wrong. Raises HomeError."""
    found = home or (Path(os.environ["REPRISE_HOME"]) if os.environ.get("REPRISE_HOME") else None)
    if found is None:
        raise HomeError("home_not_given")
    if not (found / "site.toml").is_file():
        raise HomeError("home_not_found")
    return found.resolve()


def file_or_id(reference: str) -> str:
    """An instruction's file by its full path, for the run may be another process's; an id as it is written."""
    path = Path(from_start_folder(reference)).absolute()
    return str(path) if path.is_file() else reference


def operator_name(operator: str | None) -> str:
    """Who acts; empty when nobody does, which the home then refuses and records."""
    return operator or os.environ.get("REPRISE_OPERATOR", "")


def show(result: Any, *, as_json: bool, text: str) -> None:
    """Print the result for a person, or for a program."""
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
    else:
        console.print(text, markup=False)


def guarded(function: Callable[P, None]) -> Callable[P, None]:
    """Turn an error into one clear line, advice, and its exit code. No traceback: it could quote data.

    Paths reach the command absolute: the process has left the folder that it was started in.
    """

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        interrupts.work_begins()
        try:
            function(*args, **{name: absolute(value) for name, value in kwargs.items()})
            return
        except (typer.Exit, typer.BadParameter):
            raise
        except typer.Abort as unanswered:
            if not isinstance(
                unanswered.__context__, KeyboardInterrupt
            ):  # the end of the input, at a question
                raise
            code = _show_error(_interruption(unanswered), as_json=as_json)
        except KeyboardInterrupt as interrupt:
            code = _show_error(_interruption(interrupt), as_json=as_json)
        except Exception as error:  # noqa: BLE001 - a defect of ours; its text and its traceback could quote a patient
            code = _show_error(_told_of(error), as_json=as_json)
        raise typer.Exit(code)

    return wrapped


def _told_of(error: Exception) -> dict[str, Any]:
    if interrupts.pressed():  # a library made an error of its own of the interrupt
        return _interruption(error)
    return error.to_json() if isinstance(error, RepriseError) else _as_json(told(error))


def _interruption(error: BaseException) -> dict[str, Any]:
    """One line: that it was interrupted, and what became of the work where somebody knows."""
    interrupts.said()
    words = ["Interrupted.", error.state] if isinstance(error, interrupts.Interrupted) else ["Interrupted."]
    return _as_json(("interrupted", interrupts.INTERRUPTED, " ".join(words), ""))


def absolute(value: Any) -> Any:
    """The value; a path, or each of several, relative to the folder that the command was started in. `-` is no path."""
    if isinstance(value, Path) and str(value) != "-":
        return Path(from_start_folder(str(value)))
    if isinstance(value, list | tuple):
        return type(value)(absolute(each) for each in value)
    return value


def _as_json(found: Told) -> dict[str, Any]:
    code, exit_code, message, advice = found
    return {"error": code, "exit": exit_code, "message": message, "advice": advice}


def _show_error(error: dict[str, Any], *, as_json: bool) -> int:
    errors_console.print(
        f"[bold red]reprise:[/] {error['message']}".replace(
            "[" + str(error["error"]), "\\[" + str(error["error"])
        )
    )
    if error["advice"]:
        errors_console.print(f"  {error['advice']}")
    if as_json:
        sys.stdout.write(json.dumps(error) + "\n")
    return int(error["exit"])
