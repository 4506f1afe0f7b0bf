"""`reprise authorise`: check, record, list, show, withdraw instructions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.admin import authorisations
from flows.commands.apps import authorise
from flows.commands.documents import say_text, write_new
from flows.commands.shared import Acting, Looking, Shown, command
from flows.engine import run as engine
from flows.lifecycle.evidence import read_evidence
from schemas.regular_file import read_text

FileArgument = Annotated[
    Path, typer.Argument(help="The signed PDF, or the JSON with FILE.p7s beside it.", show_default=False)
]
IdArgument = Annotated[str, typer.Argument(help="An authorisation's id.", show_default=False)]


@command(authorise)
def check(file: FileArgument, control: Acting) -> Shown:
    """Test an instruction and its signatures; list every test and what it found. Spends no use.

    What is listed may name people. Fails with the code of the first test that failed.
    """
    report, refusal = authorisations.check(control, file)
    return Shown(report.to_json(), report.text, refusal)


@command(authorise)
def record(file: FileArgument, control: Acting) -> Shown:
    """Check an instruction and keep it sealed; prints its id."""
    found = authorisations.record(control, file)
    return Shown({"authorisation": found}, found)


@command(authorise)
def draft_withdrawal(
    authorisation: IdArgument,
    to: Annotated[Path, typer.Option("--to", help="Where to write what is to be signed.")],
    control: Looking,
) -> None:
    """Write what a controller signs to withdraw an instruction."""
    write_new(to, authorisations.draft_withdrawal(control, authorisation))
    typer.echo(
        f"Have it signed as {to.name}.p7s, then: reprise authorise withdraw {authorisation} --signed {to}"
    )


@command(authorise)
def withdraw(
    authorisation: IdArgument,
    signed: Annotated[
        Path | None, typer.Option("--signed", help="The controller's withdrawal, FILE.p7s beside it.")
    ] = None,
    *,
    control: Acting,
) -> Shown:
    """Withdraw an instruction: its runs stop, their staging is destroyed, nothing more is delivered."""
    paper = None if signed is None else read_evidence(signed)
    ended = engine.withdraw(control, authorisation, paper)
    result = {"authorisation": authorisation, "result": "withdrawn", "runs_ended": ended}
    return Shown(result, f"withdrawn; {ended} run(s) ended")


@command(authorise)
def recipient(control: Looking) -> None:
    """Print this home's age recipient: what a list of patients is sealed to."""
    typer.echo(authorisations.list_recipient(control))


@command(authorise)
def seal_patients(
    numbers: Annotated[Path, typer.Argument(help="National numbers, one a line.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help="The home's recipient (`reprise authorise recipient`).")],
    out: Annotated[Path, typer.Option(help="Where to write it: FILE.patients.age beside the instruction.")],
) -> Shown:
    """Seal a list of patients, at the practice; prints the digest that the instruction names."""
    sealed, digest = authorisations.seal_list(read_text(numbers).split(), to)
    write_new(out, sealed)
    return Shown({"list_sha256": digest}, digest)


@command(authorise, "list")
def list_authorisations(control: Looking) -> Shown:
    """List kept instructions: ids, uses spent, withdrawn or not."""
    found = authorisations.listed(control)
    text = "\n".join(f"{a['id']}  {_spent(a['spent'])}{_standing(a)}" for a in found)
    return Shown(found, text or "No authorisations.")


def _spent(uses: dict[str, int]) -> str:
    return "spent " + (", ".join(f"{use} {count}" for use, count in uses.items()) or "nothing")


def _standing(found: dict[str, Any]) -> str:
    marks = ("withdrawn", "pending")  # pending: signed by hand, and not yet attested by a second operator
    return "".join(f"  {mark}" for mark in marks if found[mark])


@command(authorise, "show")
def show_text(authorisation: IdArgument, control: Looking) -> None:
    """Print the readable text that the doctor signed."""
    say_text(authorisations.text(control, authorisation))
