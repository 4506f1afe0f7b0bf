"""Commands about who signs and who acts: enrol operators, doctors, mandates; the second operator's attestation."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.admin.operators import enrol_colleague
from flows.commands.person_file import PersonOption, read_person
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.session.control import Control
from vault.ledger.entries import EntryType
from vault.records.enrolment import Ground, LegalBasis, NumberBasis, Shown, attest_doctor, begin_doctor
from vault.records.mandates import MandateBasis, MandateRole, MandateTerms, attest_mandate, begin_mandate
from vault.records.mandates import end_mandate as end

BasisOption = Annotated[LegalBasis, typer.Option(help="Legal basis, article 6(1) GDPR.")]
NumberBasisOption = Annotated[
    NumberBasis, typer.Option(help="Basis for the national number, article 87 GDPR.")
]
ShownOption = Annotated[list[Shown], typer.Option(help="What you were shown (repeat for several).")]
PENDING = (
    "pending: a second operator looks (`reprise subject show {0}`)"
    " and attests: `reprise enrol attest {0} --shown WHAT --operator NAME`"
)


@guarded
def operator(
    name: Annotated[str, typer.Argument(help="How the operator is called at this site.", show_default=False)],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a further operator known to this home; who let them in is in the ledger."""
    made = enrol_colleague(home_path(home), operator_name(operator), name)
    show({"operator": made.id}, as_json=as_json, text=f"operator {made.id}")


@guarded
def doctor(
    basis: BasisOption,
    number_basis: NumberBasisOption,
    shown: ShownOption,
    person: PersonOption = None,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tie a national number to INAMI numbers, or rectify that; pending until a second operator attests it.

    Numbers and name are asked, or taken from --person: on a command line other users of the machine would read them.
    """
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    ground = Ground(basis, number_basis, tuple(shown))
    who = read_person(person, "the doctor", path, ground)
    begun = begin_doctor(
        path,
        inss=who.inss,
        nihii=who.nihii,
        name=who.name,
        ground=ground,
        operator=control.person,
        moment=control.clock.now(),
    )
    control.record(EntryType.SUBJECT_ENROLLED, None, begun.code)
    show(
        {"doctor": begun.subject_id, "state": "pending", "code": begun.code},
        as_json=as_json,
        text=f"doctor {begun.subject_id}\n{PENDING.format(begun.subject_id)}",
    )


@guarded
def mandate(
    role: Annotated[MandateRole, typer.Option(help="As what this person signs.")],
    until: Annotated[str, typer.Option(help="Last day, YYYY-MM-DD.")],
    mandate_basis: Annotated[MandateBasis, typer.Option(help="On what the mandate rests.")],
    basis: BasisOption,
    number_basis: NumberBasisOption,
    shown: ShownOption,
    person: PersonOption = None,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record that a person may sign for doctors; pending until a second operator attests it.

    Who signs, and the INAMI numbers of the doctors for whom, are asked, or taken from --person (`nihii`: the doctors').
    """
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    ground = Ground(basis, number_basis, tuple(shown))
    who = read_person(person, "the doctor for whom this person signs", path, ground)
    made = begin_mandate(
        path,
        inss=who.inss,
        name=who.name,
        terms=MandateTerms(role, who.nihii, until, mandate_basis),
        ground=ground,
        operator=control.person,
        moment=control.clock.now(),
    )
    control.record(EntryType.SUBJECT_ENROLLED, None, "mandate")
    show(
        {"mandate": made, "state": "pending"},
        as_json=as_json,
        text=f"mandate {made}\n{PENDING.format(made)}",
    )


@guarded
def attest(
    subject: Annotated[str, typer.Argument(help="A pending doctor's or mandate's id.", show_default=False)],
    shown: ShownOption,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Attest, as the second operator, what `reprise subject show` says of a pending doctor or mandate.

    As a further operator too, later: then one of the earlier ones may be erased.
    """
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    now, seen, code = control.clock.now(), tuple(shown), "mandate"
    if "." in subject:
        attest_mandate(path, subject, control.person, seen, now)
    else:
        code = attest_doctor(path, subject, control.person, seen, now).code
    control.record(EntryType.SUBJECT_ATTESTED, None, code)
    show(
        {"attested": subject, "state": "in_force", "code": code},
        as_json=as_json,
        text=f"attested: {subject} is in force",
    )


@guarded
def end_mandate(
    mandate: Annotated[str, typer.Argument(help="A mandate's id.", show_default=False)],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a mandate before its last day."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    end(path, mandate, control.person, control.clock.now())
    control.record(EntryType.SUBJECT_ENROLLED, None, "mandate_ended")
    show({"mandate": mandate, "state": "ended"}, as_json=as_json, text=f"ended: {mandate}")
