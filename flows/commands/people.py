"""Commands about what is kept of people: list, show, erase."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Annotated, TextIO

import typer

from flows.admin.erasure import erase_subject, list_subjects, plan_erasure, show_subject
from flows.commands.person_page import describe_erasure, describe_subject
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    errors_console,
    guarded,
    home_path,
    operator_name,
    show,
)
from schemas.errors import TargetRefusedError

SubjectArgument = Annotated[str, typer.Argument(help="A subject's opaque id.", show_default=False)]


@guarded
def list_people(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List of whom anything is kept: opaque ids and kinds."""
    found = list_subjects(home_path(home))
    show(found, as_json=as_json, text="\n".join(f"{s['subject']}  {s['kind']}" for s in found) or "Nobody.")


@guarded
def show_person(
    subject: SubjectArgument,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything kept about a person; that it was shown is recorded."""
    found = show_subject(home_path(home), subject, operator_name(operator))
    show(found, as_json=as_json, text=describe_subject(found))


def _new_receipt(path: Path) -> TextIO:
    """Open it for its owner alone, for it opens what the ledger says of the person; an empty one is of a refusal before.

    Raises TargetRefusedError (receipt_exists).
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    found = os.fstat(descriptor)
    if found.st_size or not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise TargetRefusedError("receipt_exists")
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


@guarded
def erase(
    subject: SubjectArgument,
    receipt: Annotated[
        Path, typer.Option("--receipt", help="Where to write what the person keeps as proof.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; a program must say so.")] = False,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what an erasure touches, ask, and erase a person's records, when nothing needs them any more.

    Neither the law, nor a run, a copy that is held, or something that this operator attested.
    """
    if as_json and not yes:
        errors_console.print("Nothing done: with --json nobody can be asked; add --yes to erase.")
        raise typer.Exit(2)
    path, acting = home_path(home), operator_name(operator)
    plan = plan_erasure(path, subject, acting)
    if not as_json:
        show(plan, as_json=False, text=describe_erasure(plan, str(receipt)))
    if not yes:
        typer.confirm("Erase this for good?", abort=True)
    with _new_receipt(receipt) as file:  # kept nowhere else: see before the erasure that it can be written
        found = erase_subject(path, subject, acting)
        file.write(json.dumps(found, indent=2))
    show(
        {"subject": subject, "entry": found["entry"], "touched": plan},
        as_json=as_json,
        text=f"erased; ledger entry {found['entry']}",
    )
