"""Commands for the safekeeping of a home: backup, restore, accept-rollback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.admin import backup as safekeeping
from flows.commands.apps import HOST, app
from flows.commands.shared import Acting, ActingName, Examined, Shown, command
from schemas.regular_file import read_text
from vault.home_folder import Home


@command(app, panel=HOST)
def backup(
    to: Annotated[Path, typer.Option("--to", help="The sealed file to write (FILE.age).")],
    recipient: Annotated[
        list[str], typer.Option("--recipient", help="An age key (age1...); may be given several times.")
    ],
    control: Acting,
) -> Shown:
    """Seal the home with age into one file: ledger, records, proofs, keys of the home; no staging, no run key."""
    found = safekeeping.backup(control, recipient, to)
    text = f"{found['files']} file(s), the ledger at {found['size']} entries, sealed in {to}"
    if found["left_out"]:
        text += f"\n{found['left_out']} name(s) in the home are none of ours and were left out"
    return Shown(found, text)


@command(app, panel=HOST)
def restore(
    sealed: Annotated[Path, typer.Argument(help="A sealed backup.", show_default=False)],
    identity: Annotated[Path, typer.Option("--identity", help="An age identity file.")],
    into: Annotated[Path, typer.Option("--into", help="The home to make; it may not exist.")],
    operator: ActingName,
) -> Shown:
    """Make a home from a backup: check it whole; repeat every erasure and destruction before the home is used."""
    target = Home(Path(os.path.abspath(into)))  # noqa: PTH100 - it does not exist yet
    found = safekeeping.restore(sealed, read_text(identity), target, operator)
    lines = [
        f"{found['files']} file(s), the ledger at {found['size']} entries as of {found['taken']}",
        f"{found['proofs']} proof(s) verified",
        "This host remembers more than the backup holds: `reprise accept-rollback` before anything else."
        if found["rolled_back"]
        else f"Erasures and destructions were replayed; {found['ended']} run(s) that were alive have been ended.",
    ]
    return Shown(found, "\n".join(lines))


@command(app, panel=HOST)
def accept_rollback(
    reason: Annotated[
        safekeeping.Reason, typer.Option("--reason", help="Why the home is older than it was.")
    ],
    home: Examined,
    operator: ActingName,
) -> Shown:
    """Accept a home older than this host remembers; erasures and destructions it knows of are done again first."""
    found = safekeeping.accept_rollback(home, operator, reason)
    return Shown(
        found,
        f"{found['lost']} ledger entries are lost; {found['subjects']} record(s) erased again,"
        f" {found['runs']} run(s) destroyed again, {found['ended']} of {found['alive']} living run(s) ended",
    )
