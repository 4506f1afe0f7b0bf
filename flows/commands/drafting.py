"""`reprise authorise draft`: from questions, or from a file of fields, to the document that the doctor signs."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows import interrupts
from flows.commands.apps import authorise
from flows.commands.documents import refuse_existing, say_text, write_new
from flows.commands.shared import HomeOption, JsonOption, Shown, command, home_at_hand
from flows.drafting.answers import unfinished
from flows.drafting.checking import draft_problems
from flows.drafting.fields_file import read_fields
from flows.drafting.form import Form
from flows.drafting.known import Known
from flows.drafting.template import template as make_template
from schemas.errors import AuthorisationError, RepriseError
from vault.home_folder import Home
from vault.instruction.document import draft as draft_instruction
from vault.instruction.document import parse
from vault.instruction.fields import Problem
from vault.instruction.page import render_pdf
from vault.system.clock import SystemClock
from vault.system.isolation import from_start_folder

UNCHECKED = "No home was given: its doctors, recipients, servers and ceiling were not looked at."
LEFT = "Nothing was written; the answers so far stand above, as FIELDS."
NOT_BEGUN = "Nothing was answered, and nothing was written."


@command(authorise)
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
) -> Shown | None:
    """Draw up an instruction: answer questions, or give FIELDS. Says all that is wrong at once; prints the text.

    A FILE that ends in .pdf becomes the page that a doctor reads and signs, the JSON inside it; no FILE is replaced. With a
    home, what that home would refuse later is said now.
    """
    control = home_at_hand(home)
    place = control.home if control else None
    now = SystemClock().now()
    if template:
        typer.echo(make_template(Known.of(place, now), now), nl=False)
        return None
    for path in to or []:
        refuse_existing(path)
    if fields is None:
        to = _asked(place, now, to)
    else:
        body = read_fields(fields)
        refused = draft_problems(body, place, now)
        if refused:
            raise typer.Exit(_show_problems(refused, as_json=as_json))
        document = draft_instruction(body)
        say_text(parse(document).shown, err=as_json)
        _write(document, to or [])
    if place is None:
        typer.echo(UNCHECKED, err=True)
    written = [str(path) for path in to or []]
    text = "\n".join(f"written: {path}" for path in written) or "Nothing was written: give --to FILE."
    return Shown({"written": written, "problems": []}, text)


def _asked(place: Home | None, now: datetime, to: list[Path] | None) -> list[Path]:
    """Write the instruction from questions; return the files. If anything ends this early, the answers are printed.

    Raises AuthorisationError: fields_not_given, without a terminal or at the end of its input.
    """
    if not sys.stdin.isatty():
        raise AuthorisationError("fields_not_given")
    form = Form(Known.of(place, now), now, _answer, typer.echo)
    begun = dict(form.answers)
    with interrupts.described_by(lambda: LEFT if form.answers != begun else NOT_BEGUN):
        try:
            form.fill()
            while True:
                document = draft_instruction(form.answers)
                say_text("\n" + parse(document).shown)
                if _yes("Is this what the doctor shall sign?"):
                    break
                form.review()
            to = to or [_new_file()]
            _write(document, to)
            return to
        except BaseException:
            if form.answers != begun:
                typer.echo(unfinished(form.answers))
            raise


def _write(document: bytes, to: list[Path]) -> None:
    for path in to:
        write_new(path, render_pdf(document) if path.suffix.lower() == ".pdf" else document)


def _answer(prompt: str) -> str:
    """Return a line from the terminal. Raises AuthorisationError: fields_not_given, at the end of input."""
    with suppress(EOFError):
        return input(prompt)
    raise AuthorisationError("fields_not_given")


def _yes(question: str) -> bool:
    """Ask for yes or no about the text; repeat the question after any other answer."""
    while True:
        answer = _answer(f"{question} (yes, or no to change something): ").strip().lower()
        if answer in ("y", "yes", "n", "no"):
            return answer[0] == "y"


def _new_file() -> Path:
    """Ask where to write it: a new file in an existing folder."""
    while True:
        path = Path(
            from_start_folder(_answer("Write it to [instruction.pdf]: ").strip() or "instruction.pdf")
        )
        if os.path.lexists(path):
            typer.echo("  ! A file of this name is there: name another.")
        elif not path.parent.is_dir():
            typer.echo("  ! There is no such folder.")
        else:
            return path


def _show_problems(problems: list[Problem], *, as_json: bool) -> int:
    """Print every problem on a line, then what to do; return the exit code of the site's first refusal, if there is one."""
    refusal: RepriseError = next(
        (problem.error for problem in problems if problem.error is not None),
        AuthorisationError("fields_refused", count=len(problems)),
    )
    for problem in problems:
        typer.echo(problem.line, err=True)
    if as_json:
        listed = [problem.to_json() for problem in problems]
        sys.stdout.write(json.dumps({**_without_advice(refusal), "problems": listed}) + "\n")
    return refusal.exit_code


def _without_advice(refusal: RepriseError) -> dict[str, object]:
    return {name: value for name, value in refusal.to_json().items() if name != "advice"}
