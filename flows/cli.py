"""`reprise`, the command line. `--home`, `--operator` and `--json` may stand before or after the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands import (
    apps,
    authority,
    copies,
    destinations,
    drafting,
    enrolment,
    handwritten,
    heads,
    homes,
    host,
    intake,
    orders,
    people,
    proof,
    recipients,
    runs,
    safekeeping,
    signing,
    trials,
    trust,
    worker,
)
from flows.commands.apps import app
from vault.system.isolation import from_start_folder


@app.callback()
def _settings(
    home: Annotated[Path | None, typer.Option(help="Where all state lies (or REPRISE_HOME).")] = None,
    operator: Annotated[str | None, typer.Option(help="Who acts (or REPRISE_OPERATOR).")] = None,
) -> None:
    if home is not None:
        os.environ["REPRISE_HOME"] = from_start_folder(str(home))
    if operator is not None:
        os.environ["REPRISE_OPERATOR"] = operator


_CONVERTED = (
    authority,
    handwritten,
    enrolment,
    recipients,
    people,
    trust,
    destinations,
    copies,
    intake,
)
_command: Any
for _command in (
    trials.demo,
    trials.trial,
    homes.create,
    runs.probe,
    runs.rehearse,
    runs.migrate,
    runs.order,
    runs.runs,
    runs.status,
    runs.resume,
    runs.abandon,
    runs.sweep,
    worker.worker,
    proof.verify,
):
    app.command()(_command)
app.command("open")(proof.open_package)
for _command in (
    host.install_sweep,
    host.doctor,
    safekeeping.backup,
    safekeeping.restore,
    safekeeping.accept_rollback,
):
    app.command()(_command)
for _command in (drafting.draft, signing.sign):
    apps.authorise.command()(_command)
for _command in (heads.stamp_request, heads.stamp):
    apps.authorise.command()(_command)
for _command in (
    proof.check,
    homes.policy,
    proof.export,
    proof.stamp_request,
    proof.stamp,
    heads.consistency,
    heads.cosign,
):
    apps.ledger.command()(_command)
for _name, _command in (("list", orders.list_), ("cancel", orders.cancel)):
    apps.orders.command(_name)(_command)
app.add_typer(apps.orders, name="orders")
apps.proof.command()(heads.refresh)
app.add_typer(apps.proof, name="proof")
app.add_typer(apps.intake, name="intake")
app.add_typer(apps.destination, name="destination")
app.add_typer(apps.trust, name="trust")
app.add_typer(apps.subject, name="subject")
app.add_typer(apps.authorise, name="authorise")
app.add_typer(apps.enrol, name="enrol")
app.add_typer(apps.recipient, name="recipient")
app.add_typer(apps.ledger, name="ledger")


def run(words: list[str]) -> None:
    """Run one command. Whether a path can be read is judged by the command, not by typer: it would look below another folder."""
    command = typer.main.get_command(app)
    for option in _options_below(command):
        option.type_descriptor.parameter_info.readable = False
    command(args=words, prog_name="reprise")


def _options_below(command: Any) -> Iterator[Any]:
    yield from command.params
    for below in getattr(command, "commands", {}).values():
        yield from _options_below(below)
