"""Commands about authority: draft, sign, check, record, list, show, withdraw instructions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from flows import engine
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.control import Control
from flows.steps.authorise import read_evidence
from vault import authorisation as authorisations
from vault.instruction import draft as draft_instruction
from vault.instruction import parse
from vault.patient_list import home_recipient, seal_list
from vault.signing import load_p12, sign_cades

FileArgument = Annotated[
    Path, typer.Argument(help="The instruction, FILE.p7s beside it.", show_default=False)
]
IdArgument = Annotated[str, typer.Argument(help="An authorisation's id.", show_default=False)]


@guarded
def draft(
    fields: Annotated[Path, typer.Argument(help="The instruction's fields as JSON.", show_default=False)],
    to: Annotated[Path, typer.Option("--to", help="Where to write what is to be signed.")],
) -> None:
    """Complete an instruction with the digest of its readable text; print that text."""
    document = draft_instruction(json.loads(fields.read_text(encoding="utf-8")))
    to.write_bytes(document)
    typer.echo(parse(document).text)


@guarded
def sign(
    file: Annotated[
        Path, typer.Argument(help="What is to be signed: an instruction or a withdrawal.", show_default=False)
    ],
    p12: Annotated[Path, typer.Option("--p12", help="The signing certificate with its key (PKCS#12).")],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, envvar="REPRISE_P12_PASSWORD", help="Of the .p12.")
    ],
) -> None:
    """Sign as detached CAdES, at the practice; writes FILE.p7s, and FILE.1.p7s for a second controller."""
    signature = sign_cades(file.read_bytes(), load_p12(p12.read_bytes(), password))
    taken = len(list(file.parent.glob(file.name + "*.p7s")))
    out = file.with_name(f"{file.name}{f'.{taken}' if taken else ''}.p7s")
    out.write_bytes(signature)
    typer.echo(f"signed: {out.name}")


@guarded
def check(
    file: FileArgument, home: HomeOption = None, operator: OperatorOption = None, as_json: JsonOption = False
) -> None:
    """Check an instruction and its signature; spends no use."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    document, signatures, patients = read_evidence(file)
    instruction = parse(document)
    checked = authorisations.check(
        document,
        signatures,
        home=path,
        site=control.site,
        use=authorisations.any_use(instruction),
        destination=instruction.destination,
        operator=control.person,
        clock=control.clock,
        patient_list=patients,
    )
    show({"authorisation": checked.id, "result": "passed"}, as_json=as_json, text=f"passed: {checked.id}")


@guarded
def record(
    file: FileArgument, home: HomeOption = None, operator: OperatorOption = None, as_json: JsonOption = False
) -> None:
    """Check an instruction and keep it sealed; prints its id."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    document, signatures, patients = read_evidence(file)
    found = authorisations.record(
        path, control.site, document, signatures, control.person, control.clock, patients
    )
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
    sealed, digest = seal_list(numbers.read_text(encoding="utf-8").split(), to)
    out.write_bytes(sealed)
    show({"list_sha256": digest}, as_json=as_json, text=digest)


@guarded
def list_authorisations(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List kept instructions: ids, uses spent, withdrawn or not."""
    found = authorisations.list_authorisations(home_path(home))
    text = "\n".join(f"{a['id']}  spent {a['spent']}{_standing(a)}" for a in found)
    show(found, as_json=as_json, text=text or "No authorisations.")


def _standing(found: dict[str, Any]) -> str:
    marks = ("withdrawn", "pending")  # pending: signed by hand, and not attested by a second operator
    return "".join(f"  {mark}" for mark in marks if found[mark])


@guarded
def show_text(authorisation: IdArgument, home: HomeOption = None) -> None:
    """Print the readable text that the doctor signed."""
    document, _, _ = authorisations.recorded(home_path(home), authorisation)
    typer.echo(parse(document).text)


@guarded
def draft_withdrawal(
    authorisation: IdArgument,
    to: Annotated[Path, typer.Option("--to", help="Where to write what is to be signed.")],
    home: HomeOption = None,
) -> None:
    """Write what a controller signs to withdraw an instruction."""
    to.write_bytes(authorisations.draft_withdrawal(home_path(home), authorisation))
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
    """Withdraw an instruction: its runs stop, their staging is destroyed, nothing is published any more."""
    path = home_path(home)
    evidence = None
    if signed is not None:
        document, signatures, _ = read_evidence(signed)
        evidence = (document, signatures[0])
    ended = engine.withdraw(path, authorisation, operator_name(operator), evidence)
    show(
        {"authorisation": authorisation, "result": "withdrawn", "runs_ended": ended},
        as_json=as_json,
        text=f"withdrawn; {ended} run(s) ended",
    )
