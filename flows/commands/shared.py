"""Shared by all commands: where the home is, who acts, how results and errors are shown."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar, get_args, get_type_hints

import msgspec
import typer
from rich.console import Console, RenderableType

from flows import interrupts
from flows.commands.passphrases import proven
from flows.session.coded_errors import ErrorParts, parts_of
from flows.session.control import Control
from flows.session.user_settings import user_settings
from schemas.errors import HomeError, RepriseError
from vault.home_folder import Home
from vault.system.isolation import from_start_folder

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])
errors_console = Console(stderr=True, highlight=False, soft_wrap=True)
console = Console(highlight=False, soft_wrap=True)

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Where all state lies (or REPRISE_HOME).", show_default=False)
]
OperatorOption = Annotated[
    str | None, typer.Option("--operator", help="Who acts (or REPRISE_OPERATOR).", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")]


def home_path(home: Path | None) -> Home:
    """Return the given home, or the environment's, if it opens.

    Raises HomeError without a home, ForkError if an older copy of it was restored.
    """
    found = home_to_examine(home)
    Control.open_to_look(found)
    return found


def home_at_hand(home: Path | None) -> Control | None:
    """Open the home read-only if one is named, for commands that also work without. Raises what `home_path` raises."""
    return Control.open_to_look(home_to_examine(home)) if _named(home) is not None else None


def home_to_examine(home: Path | None) -> Home:
    """Return the home without opening it, for commands that look for faults. Raises HomeError."""
    found = _named(home)
    if found is None:
        raise HomeError("home_not_given")
    at = Home(found.resolve())
    if not at.settings.is_file():
        raise HomeError("home_not_found")
    return at


def _named(home: Path | None) -> Path | None:
    """Return the home from the command line, else from the environment, else from the user's settings."""
    named = os.environ.get("REPRISE_HOME")
    return home or (Path(named) if named else user_settings().home)


def file_or_id(reference: str) -> str:
    """Return an instruction file's full path, because another process may do the run; an id unchanged."""
    path = Path(from_start_folder(reference)).absolute()
    return str(path) if path.is_file() else reference


def operator_name(operator: str | None) -> str:
    """Return the name of the acting operator; empty if there is none, which the home then refuses and records."""
    return operator or os.environ.get("REPRISE_OPERATOR") or user_settings().operator


def show(result: Any, *, as_json: bool, text: RenderableType) -> None:
    """Print the result for a person, or for a program."""
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(result)) + "\n")
        sys.stdout.flush()
    else:
        console.print(text, markup=False)


@dataclass(frozen=True)
class Shown:
    """What a command prints, for a program and for people; and the error that it raises after printing."""

    result: Any
    text: RenderableType
    failure: Exception | None = None


_ACTING, _PROVING, _NAMING, _LOOKING, _EXAMINING = "acting", "proving", "naming", "looking", "examining"
Acting = Annotated[Control, _ACTING]
"""The home, opened for the operator who acts."""
Proving = Annotated[Control, _PROVING]
"""The same for an act that needs two people: the operator's key is asked for its passphrase."""
Looking = Annotated[Control, _LOOKING]
"""The home, opened read-only."""
Examined = Annotated[Home, _EXAMINING]
"""The home, unopened: the act that is called opens it."""
ActingName = Annotated[str, _NAMING]
"""The name of the operator who acts, for an act that opens the home itself."""


def command(app: typer.Typer, name: str | None = None, *, panel: str | None = None) -> Callable[[F], F]:
    """Make a function a command of `app`.

    A parameter of type `Acting`, `Proving`, `Looking` or `Examined` becomes the option --home; one of type `Acting`, `Proving`
    or `ActingName` becomes --operator. A function that returns `Shown` gets --json. Errors are one line with advice and their
    exit code (`guarded`).
    """

    def register(function: F) -> F:
        app.command(name, rich_help_panel=panel)(guarded(_wired(function)))
        return function

    return register


def _wired(function: Callable[..., Shown | None]) -> Callable[..., None]:
    """Wrap the function: open its home and print its result, under the signature that the command line reads."""
    hints = get_type_hints(function, include_extras=True)
    returned = hints.pop("return")
    kinds = {name: kind for name, hint in hints.items() if (kind := _marker(hint))}
    own = [
        one.replace(annotation=hints[one.name])
        for one in signature(function).parameters.values()
        if one.name not in kinds
    ]
    added = [one for one in _options(set(kinds.values()), returned) if one.name not in {o.name for o in own}]

    @wraps(function)
    def wired(*args: Any, **kwargs: Any) -> None:
        as_json = bool(kwargs.get("as_json"))
        taken = {one.name: kwargs.pop(one.name, None) for one in added}
        opened = {name: _open(kind, taken.get("home"), taken.get("operator")) for name, kind in kinds.items()}
        found = function(*args, **opened, **kwargs)
        if found is not None:
            show(found.result, as_json=as_json, text=found.text)
            if found.failure is not None:
                raise found.failure

    wired.__signature__ = Signature([*own, *added])  # type: ignore[attr-defined]
    wired.__annotations__ = {one.name: one.annotation for one in (*own, *added)}
    return wired


def _options(kinds: set[str], returned: Any) -> list[Parameter]:
    """Return the options that a function gets for its parameters and return type."""
    found: list[tuple[str, Any, Any]] = []
    if kinds - {_NAMING}:
        found.append(("home", HomeOption, None))
    if kinds & {_ACTING, _PROVING, _NAMING}:
        found.append(("operator", OperatorOption, None))
    if Shown in (returned, *get_args(returned)):
        found.append(("as_json", JsonOption, False))
    return [Parameter(n, Parameter.KEYWORD_ONLY, default=d, annotation=hint) for n, hint, d in found]


def _marker(hint: Any) -> str | None:
    marks = getattr(hint, "__metadata__", ())
    return next((mark for mark in marks if mark in (_ACTING, _PROVING, _NAMING, _LOOKING, _EXAMINING)), None)


def _open(kind: str, home: Path | None, operator: str | None) -> Control | Home | str:
    if kind == _NAMING:
        return operator_name(operator)
    found = home_to_examine(home)
    if kind == _EXAMINING:
        return found
    if kind == _LOOKING:
        return Control.open_to_look(found)
    control = Control.open(found, operator_name(operator))
    return proven(control) if kind == _PROVING else control


def guarded(function: Callable[P, None]) -> Callable[P, None]:
    """Turn an error into one clear line, advice, and its exit code. No traceback: it could quote data.

    Paths reach the command absolute, because the process has left its initial working directory.
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
            if not isinstance(unanswered.__context__, KeyboardInterrupt):  # end of input at a question
                raise
            code = _show_error(_interruption(unanswered), as_json=as_json)
        except KeyboardInterrupt as interrupt:
            code = _show_error(_interruption(interrupt), as_json=as_json)
        except Exception as error:  # noqa: BLE001 - a defect of Reprise; its text and traceback could quote a patient
            code = _show_error(_error_json(error), as_json=as_json)
        raise typer.Exit(code)

    return wrapped


def _error_json(error: Exception) -> dict[str, object]:
    if interrupts.pressed():  # a library turned the interrupt into its own error
        return _interruption(error)
    return error.to_json() if isinstance(error, RepriseError) else _as_json(parts_of(error))


def _interruption(error: BaseException) -> dict[str, object]:
    """Return one line: the command was interrupted, and the state of the work if it is known."""
    interrupts.note_line_printed()
    words = ["Interrupted.", error.state] if isinstance(error, interrupts.Interrupted) else ["Interrupted."]
    return _as_json(("interrupted", interrupts.INTERRUPTED, " ".join(words), ""))


def absolute(value: Any) -> Any:
    """Return the value, with paths made absolute from the initial working directory. `-` is no path."""
    if isinstance(value, Path) and str(value) != "-":
        return Path(from_start_folder(str(value)))
    if isinstance(value, list | tuple):
        return type(value)(absolute(each) for each in value)
    return value


def _as_json(found: ErrorParts) -> dict[str, object]:
    code, exit_code, message, advice = found
    return {"error": code, "exit": exit_code, "message": message, "advice": advice}


def _show_error(error: dict[str, object], *, as_json: bool) -> int:
    errors_console.print(
        f"[bold red]reprise:[/] {error['message']}".replace(
            "[" + str(error["error"]), "\\[" + str(error["error"])
        )
    )
    if error["advice"]:
        errors_console.print(f"  {error['advice']}")
    if as_json:
        sys.stdout.write(json.dumps(error) + "\n")
    return int(str(error["exit"]))
