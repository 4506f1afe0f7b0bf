"""`reprise subject`: list, show and erase what is kept about people."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Annotated, TextIO

import typer

from flows.admin.erasure import erase_subject, list_subjects, plan_erasure, show_subject
from flows.commands.apps import subject as subjects
from flows.commands.person_page import describe_erasure, describe_subject
from flows.commands.shared import Acting, JsonOption, Looking, Shown, command, errors_console, show
from schemas.errors import TargetRefusedError

SubjectArgument = Annotated[str, typer.Argument(help="A subject's opaque id.", show_default=False)]


@command(subjects, "list")
def list_people(control: Looking) -> Shown:
    """List of whom anything is kept: opaque ids and kinds."""
    found = list_subjects(control)
    return Shown(found, "\n".join(f"{s['subject']}  {s['kind']}" for s in found) or "Nobody.")


@command(subjects, "show")
def show_person(subject: SubjectArgument, control: Acting) -> Shown:
    """Show everything kept about a person; that it was shown is recorded."""
    found = show_subject(control, subject)
    return Shown(found, describe_subject(found))


def _new_receipt(path: Path) -> TextIO:
    """Open the receipt for its owner only, because it opens the ledger's commitment; an empty file is left by an earlier refusal.

    Raises TargetRefusedError (receipt_exists).
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    found = os.fstat(descriptor)
    if found.st_size or not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise TargetRefusedError("receipt_exists")
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


@command(subjects)
def erase(
    subject: SubjectArgument,
    receipt: Annotated[
        Path, typer.Option("--receipt", help="Where to write what the person keeps as proof.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; a program must say so.")] = False,
    as_json: JsonOption = False,
    *,
    control: Acting,
) -> Shown:
    """Show what an erasure touches, ask, and erase a person's records, when nothing needs them any more.

    Neither the law, nor a run, a copy that is held, or something that this operator attested.
    """
    if as_json and not yes:
        errors_console.print("Nothing done: with --json nobody can be asked; add --yes to erase.")
        raise typer.Exit(2)
    plan = plan_erasure(control, subject)
    if not as_json:
        show(plan, as_json=False, text=describe_erasure(plan, str(receipt)))
    if not yes:
        typer.confirm("Erase this for good?", abort=True)
    with _new_receipt(receipt) as file:  # kept nowhere else: check before the erasure that it can be written
        found = erase_subject(control, subject)
        file.write(json.dumps(found, indent=2))
    return Shown(
        {"subject": subject, "entry": found["entry"], "touched": plan},
        f"erased; ledger entry {found['entry']}",
    )
