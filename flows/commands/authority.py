"""Commands about authority: check, record, list, show, withdraw instructions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.documents import say_text, write_new
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.engine import run as engine
from flows.lifecycle.evidence import read_evidence
from flows.session.control import Control
from schemas.errors import AuthorisationError
from schemas.regular_file import read_text
from vault.authorisation import check as authorisations
from vault.authorisation.check_report import examine
from vault.instruction.document import parse
from vault.instruction.patient_list import home_recipient, seal_list

FileArgument = Annotated[
    Path, typer.Argument(help="The signed PDF, or the JSON with FILE.p7s beside it.", show_default=False)
]
IdArgument = Annotated[str, typer.Argument(help="An authorisation's id.", show_default=False)]


@guarded
def check(
    file: FileArgument, home: HomeOption = None, operator: OperatorOption = None, as_json: JsonOption = False
) -> None:
    """Test an instruction and its signatures; list every test and what it found. Spends no use.

    What is listed may name people. Fails with the code of the first test that failed.
    """
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    signed = read_evidence(file)
    report = examine(signed, home=path, site=control.site, moment=control.clock.now())
    show(report.to_json(), as_json=as_json, text=report.text)
    if report.refusal is not None:
        raise report.refusal
    authorisations.check(  # the one that counts; what it refuses, a test above should have
        signed,
        home=path,
        site=control.site,
        use=report.use,
        destination=parse(signed.document).destination,
        operator=control.person,
        clock=control.clock,
    )


@guarded
def record(
    file: FileArgument, home: HomeOption = None, operator: OperatorOption = None, as_json: JsonOption = False
) -> None:
    """Check an instruction and keep it sealed; prints its id."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    signed = read_evidence(file)
    found = authorisations.record(path, control.site, signed, control.person, control.clock)
    show({"authorisation": found}, as_json=as_json, text=found)


@guarded
def recipient(home: HomeOption = None) -> None:
    """Print this home's age recipient: what a list of patients is sealed to."""
    typer.echo(home_recipient(home_path(home)))


@guarded
def seal_patients(
    numbers: Annotated[Path, typer.Argument(help="National numbers, one a line.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help="The home's recipient (`reprise authorise recipient`).")],
    out: Annotated[Path, typer.Option(help="Where to write it: FILE.patients.age beside the instruction.")],
    as_json: JsonOption = False,
) -> None:
    """Seal a list of patients, at the practice; prints the digest that the instruction names."""
    sealed, digest = seal_list(read_text(numbers).split(), to)
    write_new(out, sealed)
    show({"list_sha256": digest}, as_json=as_json, text=digest)


@guarded
def list_authorisations(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List kept instructions: ids, uses spent, withdrawn or not."""
    found = authorisations.list_authorisations(home_path(home))
    text = "\n".join(f"{a['id']}  {_spent(a['spent'])}{_standing(a)}" for a in found)
    show(found, as_json=as_json, text=text or "No authorisations.")


def _spent(uses: dict[str, int]) -> str:
    return "spent " + (", ".join(f"{use} {count}" for use, count in uses.items()) or "nothing")


def _standing(found: dict[str, Any]) -> str:
    marks = ("withdrawn", "pending")  # pending: signed by hand, and not attested by a second operator
    return "".join(f"  {mark}" for mark in marks if found[mark])


@guarded
def show_text(authorisation: IdArgument, home: HomeOption = None) -> None:
    """Print the readable text that the doctor signed."""
    say_text(authorisations.instruction_text(home_path(home), authorisation))


@guarded
def draft_withdrawal(
    authorisation: IdArgument,
    to: Annotated[Path, typer.Option("--to", help="Where to write what is to be signed.")],
    home: HomeOption = None,
) -> None:
    """Write what a controller signs to withdraw an instruction."""
    write_new(to, authorisations.draft_withdrawal(home_path(home), authorisation))
    typer.echo(
        f"Have it signed as {to.name}.p7s, then: reprise authorise withdraw {authorisation} --signed {to}"
    )


@guarded
def withdraw(
    authorisation: IdArgument,
    signed: Annotated[
        Path | None, typer.Option("--signed", help="The controller's withdrawal, FILE.p7s beside it.")
    ] = None,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw an instruction: its runs stop, their staging is destroyed, nothing more is delivered."""
    path = home_path(home)
    evidence = None
    if signed is not None:
        held = read_evidence(signed)
        if not held.signatures:
            raise AuthorisationError("signature_missing")
        evidence = (held.document, held.signatures[0].cms)
    ended = engine.withdraw(path, authorisation, operator_name(operator), evidence)
    show(
        {"authorisation": authorisation, "result": "withdrawn", "runs_ended": ended},
        as_json=as_json,
        text=f"withdrawn; {ended} run(s) ended",
    )
