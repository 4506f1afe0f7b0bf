"""Commands about the copies of patient data that the operator holds, and about what happened to them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.apps import AFTERWARDS, app
from flows.commands.documents import write_new
from flows.commands.shared import ActingName, Examined, Shown, command
from flows.commands.wording import describe_custody, package_lines
from flows.lifecycle import confirmation
from flows.lifecycle.copies import declare_gone, list_held
from flows.lifecycle.evidence import read_evidence
from flows.lifecycle.run_views import fates_of
from flows.session.control import Control
from vault.home_folder import Home


@command(app, panel=AFTERWARDS)
def custody(
    paths: Annotated[
        bool, typer.Option("--paths", help="Show where they lie; a path may name a doctor.")
    ] = False,
    gone: Annotated[
        str | None,
        typer.Option("--gone", help="An operator's word: this copy is gone with its disk (its id)."),
    ] = None,
    *,
    place: Examined,
    acting: ActingName,
) -> Shown:
    """List every copy that the operator holds right now, and until when: staging, sources, packages."""
    if gone is not None:
        declare_gone(Control.open(place, acting), gone)
        return Shown({"copy": gone, "result": "not_found"}, "recorded as not found")
    found = list_held(Control.open_to_look(place), paths=paths)
    return Shown(found, describe_custody(found))


@command(app, panel=AFTERWARDS)
def confirm(
    run: Annotated[str, typer.Argument(help="The run's id.", show_default=False)],
    state: Annotated[
        confirmation.ImportState, typer.Argument(help="What the practice says.", show_default=False)
    ],
    draft: Annotated[
        Path | None,
        typer.Option(
            "--draft", help="Write what a controller signs to accept (.pdf or .json); record nothing."
        ),
    ] = None,
    signed: Annotated[
        Path | None,
        typer.Option("--signed", help="The signed acceptance: a PDF, or JSON with FILE.p7s beside it."),
    ] = None,
    *,
    place: Examined,
    acting: ActingName,
) -> Shown:
    """Record what became of a delivered package; the certificate is issued anew. `accepted` needs a signature.

    With `imported` and `accepted` the practice has its records: a copy of the package that the operator holds is destroyed.
    """
    if draft is not None:
        return _drafted(Control.open_to_look(place).home, run, draft)
    evidence = None if signed is None else read_evidence(signed)
    folder = confirmation.confirm(Control.open(place, acting), run, state, evidence)
    package = fates_of(folder).package
    return Shown(
        {"run": run, "import": state.value, "proof": str(folder), "package": package},
        "\n".join([f"{state.value}: {folder}", *package_lines(package)]),
    )


def _drafted(home: Home, run: str, draft: Path) -> Shown:
    if draft.suffix.lower() == ".pdf":
        write_new(draft, confirmation.draft_page(home, run))
        how = "a controller signs it with an eID in a PDF reader, or: reprise authorise sign"
        told = f"At the practice: {how} {draft.name} ... Then, with the signed file here:"
    else:
        write_new(draft, confirmation.draft_acceptance(home, run))
        told = (
            f"At the practice: reprise authorise sign {draft.name} ... writes {draft.name}.p7s."
            " Then, with both files here:"
        )
    return Shown({"draft": str(draft)}, f"{told} reprise confirm {run} accepted --signed {draft.name}")
