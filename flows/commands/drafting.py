"""`reprise authorise draft`: from questions, or from a file of fields, to what the doctor signs."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import HomeOption, JsonOption, guarded, home_path, show
from flows.drafting.checking import draft_problems
from flows.drafting.fields_file import read_fields
from flows.drafting.form import Form
from flows.drafting.known import Known
from flows.drafting.template import template as make_template
from schemas.errors import AuthorisationError, RepriseError
from vault.clock import SystemClock
from vault.files import write_durably
from vault.instruction import draft as draft_instruction
from vault.instruction import parse
from vault.instruction_fields import Problem
from vault.instruction_pdf import render_pdf

UNCHECKED = "No home was given: its doctors, recipients, servers and ceiling were not looked at."


@guarded
def draft(
    fields: Annotated[
        Path | None,
        typer.Argument(help="The fields, TOML or JSON; without it you are asked.", show_default=False),
    ] = None,
    to: Annotated[
        list[Path] | None,
        typer.Option(
            "--to", help="Where to write what is to be signed: JSON, or a PDF (.pdf). Repeat for both."
        ),
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print a template of FIELDS to fill in, with comments.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw up an instruction: answer questions, or give FIELDS. Says all that is wrong at once; prints the text.

    A FILE that ends in .pdf becomes the page that a doctor reads and signs, the JSON inside it. With a home, what that home
    would refuse later is said now.
    """
    place = home_path(home) if home is not None or os.environ.get("REPRISE_HOME") else None
    now = SystemClock().now()
    if template:
        typer.echo(make_template(Known.of(place, now), now), nl=False)
        return
    if fields is not None:
        body = read_fields(fields)
    elif sys.stdin.isatty():
        body = Form(Known.of(place, now), now, _answer, typer.echo).fill()
    else:
        raise AuthorisationError("fields_not_given")
    refused = draft_problems(body, place, now)
    if refused:
        raise typer.Exit(_show_problems(refused, as_json=as_json))
    document = draft_instruction(body)
    if fields is None:
        typer.echo("\n" + parse(document).shown)
        to = _confirmed(to)
    else:
        typer.echo(parse(document).shown, err=as_json)
    for path in to or []:
        write_durably(path, render_pdf(document) if path.suffix.lower() == ".pdf" else document)
    if place is None:
        typer.echo(UNCHECKED, err=True)
    written = [str(path) for path in to or []]
    text = "\n".join(f"written: {path}" for path in written) or "Nothing was written: give --to FILE."
    show({"written": written, "problems": []}, as_json=as_json, text=text)


def _answer(prompt: str) -> str:
    """A line from the terminal. Raises AuthorisationError: fields_not_given, when it ends."""
    with suppress(EOFError):
        return input(prompt)
    raise AuthorisationError("fields_not_given")


def _confirmed(to: list[Path] | None) -> list[Path]:
    """Where to write it, once who drafts has read the text."""
    if not typer.confirm("Is this what the doctor shall sign?"):
        raise AuthorisationError("draft_not_confirmed")
    return to or [Path(str(typer.prompt("Write it to", default="instruction.pdf")))]


def _show_problems(problems: list[Problem], *, as_json: bool) -> int:
    """Every problem on a line, then what to do; the exit code is that of the first refusal of the site, if one is."""
    told: RepriseError = next(
        (problem.error for problem in problems if problem.error is not None),
        AuthorisationError("fields_refused", count=len(problems)),
    )
    for problem in problems:
        typer.echo(problem.line, err=True)
    if as_json:
        listed = [problem.to_json() for problem in problems]
        sys.stdout.write(json.dumps({**_without_advice(told), "problems": listed}) + "\n")
    return told.exit_code


def _without_advice(told: RepriseError) -> dict[str, Any]:
    return {name: value for name, value in told.to_json().items() if name != "advice"}
