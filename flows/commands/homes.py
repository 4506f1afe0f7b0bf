"""Commands that begin: a home for a site, and the policy by which others check its ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.admin.operators import begin_home
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from vault.ledger.home_log import open_store
from vault.ledger.policy import format_policy


@guarded
def create(
    folder: Annotated[Path, typer.Argument(help="The home to make; it may not exist.", show_default=False)],
    origin: Annotated[
        str,
        typer.Option(help="The ledger's name in the world: yours, never a practice's (example.be/reprise)."),
    ],
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an empty home for a site and its first operator, who then enrols the others."""
    site = begin_home(folder.resolve(), origin, operator_name(operator))
    lines = [
        f"home {folder.resolve()}, ledger {site.origin}",
        "next: `reprise enrol operator`, `trust add`, `enrol doctor`, `recipient challenge`, `install-sweep`, `doctor`",
        "hand out `reprise ledger policy` by another way than proofs",
    ]
    show({"home": str(folder.resolve()), "origin": site.origin}, as_json=as_json, text="\n".join(lines))


@guarded
def policy(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Print the policy by which anybody checks this ledger's proofs; hand it out by another way than they came by."""
    text = format_policy(open_store(home_path(home)).vkey)
    show({"policy": text}, as_json=as_json, text=text.rstrip("\n"))
