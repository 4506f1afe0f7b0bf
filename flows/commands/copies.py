"""Commands about the copies of patients' data that the operator holds, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.documents import write_new
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.commands.wording import describe_custody, package_lines
from flows.lifecycle.confirmation import ImportState, draft_acceptance
from flows.lifecycle.confirmation import confirm as confirm_import
from flows.lifecycle.copies import declare_gone, list_held
from flows.lifecycle.evidence import read_evidence
from flows.lifecycle.run_views import fates_of
from flows.session.control import Control
from schemas.errors import AuthorisationError


@guarded
def custody(
    paths: Annotated[
        bool, typer.Option("--paths", help="Show where they lie; a path may name a doctor.")
    ] = False,
    gone: Annotated[
        str | None,
        typer.Option("--gone", help="An operator's word: this copy is gone with its disk (its id)."),
    ] = None,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every copy that the operator holds right now, and until when: staging, sources, packages."""
    if gone is not None:
        declare_gone(Control.open(home_path(home), operator_name(operator)), gone)
        show({"copy": gone, "result": "not_found"}, as_json=as_json, text="recorded as not found")
        return
    found = list_held(Control.open_to_look(home_path(home)), paths=paths)
    show(found, as_json=as_json, text=describe_custody(found))


@guarded
def confirm(
    run: Annotated[str, typer.Argument(help="The run's id.", show_default=False)],
    state: Annotated[ImportState, typer.Argument(help="What the practice says.", show_default=False)],
    draft: Annotated[
        Path | None, typer.Option("--draft", help="Write what a controller signs to accept; record nothing.")
    ] = None,
    signed: Annotated[
        Path | None, typer.Option("--signed", help="The signed acceptance, FILE.p7s beside it.")
    ] = None,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record what became of a delivered package; the certificate is issued anew. `accepted` needs a signature.

    With `imported` and `accepted` the practice has its records: a copy of the package that the operator holds is destroyed.
    """
    path = home_path(home)
    if draft is not None:
        write_new(draft, draft_acceptance(path, run))
        show(
            {"draft": str(draft)},
            as_json=as_json,
            text=f"At the practice: reprise authorise sign {draft.name} ... writes {draft.name}.p7s. Then, with both files"
            f" here: reprise confirm {run} accepted --signed {draft.name}",
        )
        return
    evidence = None
    if signed is not None:
        paper = read_evidence(signed)
        if not paper.signatures:
            raise AuthorisationError("acceptance_not_signed")
        evidence = (paper.document, paper.signatures[0].cms)
    folder = confirm_import(path, run, state, operator_name(operator), evidence)
    package = fates_of(folder).get("package")
    show(
        {"run": run, "import": state.value, "proof": str(folder), "package": package},
        as_json=as_json,
        text="\n".join([f"{state.value}: {folder}", *package_lines(package)]),
    )
