"""`reprise create`: a home for a site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.admin.operators import begin_home
from flows.commands.apps import BEFORE, app
from flows.commands.enrolment import WITHOUT_KEY
from flows.commands.passphrases import can_ask_new, new_passphrase
from flows.commands.shared import ActingName, Shown, command
from vault.home_folder import Home


@command(app, panel=BEFORE)
def create(
    folder: Annotated[Path, typer.Argument(help="The home to make; it may not exist.", show_default=False)],
    origin: Annotated[
        str,
        typer.Option(help="The ledger's name in the world: yours, never a practice's (example.be/reprise)."),
    ],
    operator: ActingName,
) -> Shown:
    """Make an empty home for a site and its first operator, who then enrols the others."""
    home = Home(folder.resolve())
    passphrase = new_passphrase(operator) if operator and can_ask_new() else None
    site = begin_home(home, origin, operator, passphrase)
    lines = [
        f"home {home.path}, ledger {site.origin}",
        *([] if passphrase else [WITHOUT_KEY.format(operator)]),
        "next: `reprise enrol operator`, `trust add`, `enrol doctor`, `recipient challenge`, `install-sweep`, `doctor`",
        "hand out `reprise ledger policy` by another way than proofs",
    ]
    return Shown({"home": str(home.path), "origin": site.origin}, "\n".join(lines))
