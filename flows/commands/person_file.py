"""The person to enrol: asked for at the terminal, or read from a file or standard input; never an option.

Every user of the machine can read command lines in the list of processes.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from flows.admin.enrolment import Ground, check_inami_numbers, check_national_number
from schemas.errors import AuthorisationError
from schemas.regular_file import open_regular
from vault.home_folder import Home

MAX_BYTES = 64 << 10
PersonOption = Annotated[
    Path | None,
    typer.Option(
        "--person",
        help='A file of inss = "...", name = "...", nihii = ["..."], or - for standard input; asked for without it.',
        show_default=False,
    ),
]


@dataclass(frozen=True, repr=False)
class Person:
    """A national number, a name, and the person's INAMI numbers."""

    inss: str
    name: str
    nihii: tuple[str, ...]


def _ask(question: str, check: Callable[[str], object]) -> str:
    """Ask until `check` raises no AuthorisationError, so that a slip shows at its question, not after the last one."""
    while True:
        answer: str = typer.prompt(question)
        try:
            check(answer)
        except AuthorisationError as problem:
            typer.echo(f"  ! {problem.message} {problem.advice}", err=True)
        else:
            return answer


def read_person(file: Path | None, numbers_of: str, home: Home, ground: Ground) -> Person:
    """Read the person to enrol; `numbers_of` says whose INAMI numbers to ask for.

    At a terminal, a number that `home` would refuse is asked for again; one from a file is refused at enrolment. Raises
    AuthorisationError (person_malformed) for a file with anything but these three fields.
    """
    if file is None:
        number = _ask("National number", lambda said: check_national_number(home, said, ground))
        called = typer.prompt("Name")
        numbers = _ask(
            f"INAMI number of {numbers_of} (several: with blanks)",
            lambda said: check_inami_numbers(tuple(said.split()), ground),
        )
        return Person(number, called, tuple(numbers.split()))
    found: dict[str, object] = {}
    with sys.stdin.buffer if str(file) == "-" else open_regular(file) as stream:
        data = stream.read(MAX_BYTES + 1)
    try:
        found = tomllib.loads(data[:MAX_BYTES].decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        found = {}  # the error's text quotes the line
    inss, name, nihii = found.get("inss"), found.get("name"), found.get("nihii")
    whole = set(found) == {"inss", "name", "nihii"} and len(data) <= MAX_BYTES
    if whole and isinstance(inss, str) and isinstance(name, str) and isinstance(nihii, list):
        return Person(inss, name, tuple(str(number) for number in nihii))
    raise AuthorisationError("person_malformed")
