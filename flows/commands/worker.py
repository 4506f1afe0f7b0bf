"""The command `worker`: runs the flow runs of a Prefect work pool for some homes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.apps import HOST, app
from flows.commands.shared import command, errors_console, home_path
from schemas.errors import HostError
from vault.home_folder import Home


@command(app, panel=HOST)
def worker(
    home: Annotated[
        list[Path] | None,
        typer.Option(
            "--home", help="A home to work for; several may be given (or REPRISE_HOME).", show_default=False
        ),
    ] = None,
    pool: Annotated[str, typer.Option("--pool", help="The work pool; made unless it is there.")] = "reprise",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Flow runs at a time.")] = 2,
    units: Annotated[
        Path | None,
        typer.Option("--units", help="Write systemd units for server and worker there, and start nothing."),
    ] = None,
    environment: Annotated[
        Path,
        typer.Option(
            "--environment", help="In the units: the file with address and password (0600, root's)."
        ),
    ] = Path("/etc/reprise/prefect.env"),
) -> None:
    """Run what the Prefect server at PREFECT_API_URL has due for these homes: our flows alone, whatever a deployment says.

    Refuses a server that answers without a password. Ctrl-C ends it; what it was carrying waits for Retry.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url and units is None:
        raise HostError("prefect_api_not_given")
    homes = [home_path(path) for path in home] if home else [home_path(None)]
    if units is not None:
        _write_units(units, homes, environment)
        return
    from flows.worker.prefect_settings import settle_prefect

    settle_prefect(homes[0])
    from flows.worker.work_pool import serve

    serve(str(url), [str(served.path) for served in homes], pool, limit, _say)


def _write_units(folder: Path, homes: list[Home], environment: Path) -> None:
    from flows.worker.units import write_units

    for path in write_units(folder, homes, environment):
        _say(str(path))
    _say(
        f"Not enabled. With {environment} in place, where systemd reads them: systemctl enable --now"
        " reprise-prefect reprise-worker"
    )


def _say(words: str) -> None:
    errors_console.print(words, markup=False)
