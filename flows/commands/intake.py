"""Commands about sealed intake: open a one-time recipient, list them, close one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.documents import write_new
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    file_or_id,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.lifecycle.intakes import OpenedIntake, close_intake, describe, open_intake
from flows.session.control import Control
from schemas.errors import TargetRefusedError
from vault.intake.identity_store import KEYRING
from vault.intake.record import list_intakes
from vault.intake.seal_page import fill_page


@guarded
def open_(
    authorisation: Annotated[
        str, typer.Argument(help="The signed instruction (FILE or recorded ID).", show_default=False)
    ],
    keys: Annotated[str, typer.Option("--keys", help="Where the identity lives: keyring or file.")] = KEYRING,
    hours: Annotated[
        int | None, typer.Option("--hours", help="How long it stays open; else until the instruction ends.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the page on which the practice seals: FILE.html.")
    ] = None,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a one-time recipient to which the practice seals its export before it sends it."""
    path = home_path(home)
    if page is not None and (os.path.lexists(page) or not page.parent.is_dir()):
        raise TargetRefusedError("page_cannot_be_made")  # before there is an intake that nobody would hear of
    control = Control.open(path, operator_name(operator))
    opened = open_intake(control, file_or_id(authorisation), keys, hours)
    if page is not None:
        write_new(page, fill_page(opened.intake.recipient, opened.intake.expires, opened.language).encode())
    show(describe(control, opened.intake), as_json=as_json, text=_text(opened, page))


def _text(opened: OpenedIntake, page: Path | None) -> str:
    intake = opened.intake
    way = f"page       {page}" if page else f"seal with  age -r {intake.recipient} -o export.age EXPORT"
    lost = (
        "A restart of this host loses the key: the practice then seals again, for a new intake."
        if intake.provider == KEYRING
        else "The key lies sealed on this disk: the certificate will not say that the export was encrypted always."
    )
    return "\n".join(
        (
            f"Intake {intake.id}, open until {intake.expires}, for one run",
            f"  recipient  {intake.recipient}",
            f"  number     {opened.number}  (compare it by telephone)",
            f"  {way}",
            lost,
        )
    )


@guarded
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List intakes: their state, until when, the run that used them; of those open the recipient and its number."""
    path = home_path(home)
    control = Control.open_to_look(path)
    found = [describe(control, intake) for intake in list_intakes(path)]
    text = "\n".join(
        f"{i['intake']}  {i['state']:<9}  until {i['expires']}  {i['keys']:<7}  {i['run'] or ''}".rstrip()
        + f"\n  {i['recipient']}\n  number {i['number']}" * (i["state"] == "open")
        for i in found
    )
    show(found, as_json=as_json, text=text or "No intakes.")


@guarded
def close(
    intake: Annotated[str, typer.Argument(help="The intake's id.", show_default=False)],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy the key of an intake that no run uses; what was sealed to it opens no more."""
    path = home_path(home)
    close_intake(Control.open(path, operator_name(operator)), intake)
    show({"intake": intake, "result": "closed"}, as_json=as_json, text="closed: its key is destroyed")
