"""Commands that keep a home: backup, restore, accept-rollback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.admin import backup as safekeeping
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    home_to_examine,
    operator_name,
    show,
)
from schemas.regular_file import read_text


@guarded
def backup(
    to: Annotated[Path, typer.Option("--to", help="The sealed file to write (FILE.age).")],
    recipient: Annotated[
        list[str], typer.Option("--recipient", help="An age key (age1...); may be given several times.")
    ],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Seal the home with age into one file: ledger, records, proofs, keys of the home; no staging, no run key."""
    found = safekeeping.backup(home_path(home), recipient, to, operator_name(operator))
    text = f"{found['files']} file(s), the ledger at {found['size']} entries, sealed in {to}"
    if found["left_out"]:
        text += f"\n{found['left_out']} name(s) in the home are none of ours and were left out"
    show(found, as_json=as_json, text=text)


@guarded
def restore(
    sealed: Annotated[Path, typer.Argument(help="A sealed backup.", show_default=False)],
    identity: Annotated[Path, typer.Option("--identity", help="An age identity file.")],
    into: Annotated[Path, typer.Option("--into", help="The home to make; it may not exist.")],
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a home from a backup: check it whole; repeat every erasure and destruction before the home is used."""
    target = Path(os.path.abspath(into))  # noqa: PTH100 - it does not exist yet
    keys, person = read_text(identity), operator_name(operator)
    found = safekeeping.restore(sealed, keys, target, person)
    lines = [f"{found['files']} file(s), the ledger at {found['size']} entries as of {found['taken']}"]
    lines.append(f"{found['proofs']} proof(s) verified")
    if found["rolled_back"]:
        lines.append(
            "This host remembers more than the backup holds: `reprise accept-rollback` before anything else."
        )
    else:
        lines.append(
            f"Erasures and destructions were replayed; {found['ended']} run(s) that were alive have been ended."
        )
    show(found, as_json=as_json, text="\n".join(lines))


@guarded
def accept_rollback(
    reason: Annotated[
        safekeeping.Reason, typer.Option("--reason", help="Why the home is older than it was.")
    ],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept a home older than this host remembers; erasures and destructions it knows of are done again first."""
    found = safekeeping.accept_rollback(home_to_examine(home), operator_name(operator), reason)
    text = (
        f"{found['lost']} ledger entries are lost; {found['subjects']} record(s) erased again,"
        f" {found['runs']} run(s) destroyed again, {found['ended']} of {found['alive']} living run(s) ended"
    )
    show(found, as_json=as_json, text=text)
