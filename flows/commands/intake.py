"""`reprise intake`: open a one-time recipient, list them, close one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.apps import intake as intakes
from flows.commands.documents import write_new
from flows.commands.shared import Acting, Looking, Shown, command, file_or_id
from flows.lifecycle.intakes import (
    KEYRING,
    OpenedIntake,
    close_intake,
    describe,
    list_described,
    open_intake,
)
from schemas.errors import TargetRefusedError


@command(intakes, "open")
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
    *,
    control: Acting,
) -> Shown:
    """Make a one-time recipient to which the practice seals its export before it sends it."""
    if page is not None and (os.path.lexists(page) or not page.parent.is_dir()):
        raise TargetRefusedError(
            "page_cannot_be_made"
        )  # before an intake exists whose page could not be written
    opened = open_intake(control, file_or_id(authorisation), keys, hours)
    if page is not None:
        write_new(page, opened.page)
    return Shown(describe(control, opened.intake), _text(opened, page))


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


@command(intakes, "list")
def list_(control: Looking) -> Shown:
    """List intakes: their state, until when, the run that used them; of those open the recipient and its number."""
    found = list_described(control)
    text = "\n".join(
        f"{i['intake']}  {i['state']:<9}  until {i['expires']}  {i['keys']:<7}  {i['run'] or ''}".rstrip()
        + f"\n  {i['recipient']}\n  number {i['number']}" * (i["state"] == "open")
        for i in found
    )
    return Shown(found, text or "No intakes.")


@command(intakes)
def close(
    intake: Annotated[str, typer.Argument(help="The intake's id.", show_default=False)],
    control: Acting,
) -> Shown:
    """Destroy the key of an intake that no run uses; what was sealed to it opens no more."""
    close_intake(control, intake)
    return Shown({"intake": intake, "result": "closed"}, "closed: its key is destroyed")
