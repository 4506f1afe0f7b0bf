"""Commands about what is kept of people: list, show, erase."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.commands.wording import describe_subject
from flows.erasure import erase_subject, list_subjects, show_subject

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


@guarded
def erase(
    subject: SubjectArgument,
    receipt: Annotated[
        Path, typer.Option("--receipt", help="Where to write what the person keeps as proof.")
    ],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person's records, when neither the law nor a living run needs them any more."""
    found = erase_subject(home_path(home), subject, operator_name(operator))
    receipt.write_text(json.dumps(found, indent=2), encoding="utf-8")
    show(
        {"subject": subject, "entry": found["entry"]},
        as_json=as_json,
        text=f"erased; ledger entry {found['entry']}",
    )
