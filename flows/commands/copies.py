"""Commands about the copies of patients' data that the operator holds, and what became of them."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands.shared import HomeOption, JsonOption, guarded, home_path, show
from flows.commands.wording import describe_custody
from flows.control import Control
from flows.custody import list_held


@guarded
def custody(
    paths: Annotated[
        bool, typer.Option("--paths", help="Show where they lie; a path may name a doctor.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every copy that the operator holds right now, and until when: staging, sources, packages."""
    found = list_held(Control.open_to_look(home_path(home)), paths=paths)
    show(found, as_json=as_json, text=describe_custody(found).replace("[", "\\["))
