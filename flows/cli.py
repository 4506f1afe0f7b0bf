"""`reprise`, the command line. `--home`, `--operator` and `--json` may stand before or after the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands import (
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
from vault.system.isolation import from_start_folder

app = typer.Typer(
    name="reprise",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback could quote data
    help="Move a Belgian doctor's records into Medinect, and prove what was authorised and destroyed.",
    epilog="Exit codes: docs/exit-codes.md. What carries a run ends with 0 only when it is certified.",
)
authorise_app = typer.Typer(
    no_args_is_help=True, help="Draft, check, record, list, show and withdraw instructions."
)
enrol_app = typer.Typer(
    no_args_is_help=True, help="Enrol doctors and mandates (who signs), operators (who acts); attest."
)
recipient_app = typer.Typer(no_args_is_help=True, help="Who can open packages: keys whose holders proved it.")
subject_app = typer.Typer(no_args_is_help=True, help="What is kept of people: list it, show it, erase it.")
trust_app = typer.Typer(no_args_is_help=True, help="What signatures and time stamps are checked against.")
proof_app = typer.Typer(no_args_is_help=True, help="Proof folders of ended runs: issue them anew.")
ledger_app = typer.Typer(
    no_args_is_help=True, help="Check the ledger, have its heads seen by others, export it as static pages."
)
intake_app = typer.Typer(
    no_args_is_help=True, help="One-time keys to which a practice seals its export before it sends it."
)
orders_app = typer.Typer(
    no_args_is_help=True, help="Orders that wait to be triggered: list them, cancel one."
)
destination_app = typer.Typer(
    no_args_is_help=True, help="Servers that packages may go to: declare, list, check, remove."
)


@app.callback()
def _settings(
    home: Annotated[Path | None, typer.Option(help="Where all state lies (or REPRISE_HOME).")] = None,
    operator: Annotated[str | None, typer.Option(help="Who acts (or REPRISE_OPERATOR).")] = None,
) -> None:
    if home is not None:
        os.environ["REPRISE_HOME"] = from_start_folder(str(home))
    if operator is not None:
        os.environ["REPRISE_OPERATOR"] = operator


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
    copies.custody,
    copies.confirm,
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
for _command in (
    drafting.draft,
    signing.sign,
    authority.check,
    authority.record,
    authority.draft_withdrawal,
    authority.withdraw,
):
    authorise_app.command()(_command)
for _command in (heads.stamp_request, heads.stamp):
    authorise_app.command()(_command)
authorise_app.command("recipient")(authority.recipient)
authorise_app.command("seal-patients")(authority.seal_patients)
authorise_app.command("list")(authority.list_authorisations)
authorise_app.command("show")(authority.show_text)
for _command in (handwritten.handwritten, handwritten.scan, handwritten.attest):
    authorise_app.command()(_command)
for _command in (
    enrolment.doctor,
    enrolment.operator,
    enrolment.mandate,
    enrolment.attest,
    enrolment.end_mandate,
):
    enrol_app.command()(_command)
for _command in (recipients.challenge, recipients.confirm, recipients.remove):
    recipient_app.command()(_command)
recipient_app.command("list")(recipients.list_recipients)
for _command in (
    proof.check,
    homes.policy,
    proof.export,
    proof.stamp_request,
    proof.stamp,
    heads.consistency,
    heads.cosign,
):
    ledger_app.command()(_command)
for _name, _command in (("list", people.list_people), ("show", people.show_person), ("erase", people.erase)):
    subject_app.command(_name)(_command)
for _name, _command in (
    ("add", destinations.add),
    ("list", destinations.list_all),
    ("check", destinations.check),
    ("remove", destinations.remove),
):
    destination_app.command(_name)(_command)
for _name, _command in (("list", orders.list_), ("cancel", orders.cancel)):
    orders_app.command(_name)(_command)
app.add_typer(orders_app, name="orders")
trust_app.command("show")(trust.show_trust)
trust_app.command("add")(trust.add)
proof_app.command()(heads.refresh)
app.add_typer(proof_app, name="proof")
for _name, _command in (("open", intake.open_), ("list", intake.list_), ("close", intake.close)):
    intake_app.command(_name)(_command)
app.add_typer(intake_app, name="intake")
app.add_typer(destination_app, name="destination")
app.add_typer(trust_app, name="trust")
app.add_typer(subject_app, name="subject")
app.add_typer(authorise_app, name="authorise")
app.add_typer(enrol_app, name="enrol")
app.add_typer(recipient_app, name="recipient")
app.add_typer(ledger_app, name="ledger")


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
