"""`reprise enrol`: doctors and mandates (who signs), operators (who acts); the second operator's attestation."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.admin import enrolment
from flows.admin.operators import enrol_colleague, give_key, has_own_key
from flows.commands.apps import enrol
from flows.commands.passphrases import can_ask_new, new_passphrase, proven
from flows.commands.person_file import PersonOption, read_person
from flows.commands.shared import Acting, Proving, Shown, command

BasisOption = Annotated[enrolment.LegalBasis, typer.Option(help="Legal basis, article 6(1) GDPR.")]
NumberBasisOption = Annotated[
    enrolment.NumberBasis, typer.Option(help="Basis for the national number, article 87 GDPR.")
]
ShownOption = Annotated[list[enrolment.Shown], typer.Option(help="What you were shown (repeat for several).")]
OfOption = Annotated[
    str,
    typer.Option("--of", help="What you saw, as `reprise subject show` prints it.", show_default=False),
]
WITHOUT_KEY = "no key yet, which acts that need two people ask for: `reprise enrol key --operator {0}`"
PENDING = (
    "pending: a second operator looks (`reprise subject show {0}`)"
    " and attests: `reprise enrol attest {0} --shown WHAT --of MARK --operator NAME`"
)


@command(enrol)
def doctor(
    basis: BasisOption,
    number_basis: NumberBasisOption,
    shown: ShownOption,
    person: PersonOption = None,
    *,
    control: Proving,
) -> Shown:
    """Tie a national number to INAMI numbers, or rectify that; pending until a second operator attests it.

    Numbers and name are asked, or taken from --person: on a command line other users of the machine would read them.
    """
    ground = enrolment.Ground(basis, number_basis, tuple(shown))
    who = read_person(person, "the doctor", control.home, ground)
    begun = enrolment.begin_doctor(control, inss=who.inss, name=who.name, nihii=who.nihii, ground=ground)
    return Shown(
        {"doctor": begun.subject_id, "state": "pending", "code": begun.code},
        f"doctor {begun.subject_id}\n{PENDING.format(begun.subject_id)}",
    )


@command(enrol)
def operator(
    name: Annotated[str, typer.Argument(help="How the operator is called at this site.", show_default=False)],
    control: Acting,
) -> Shown:
    """Make a further operator known to this home; who let them in is in the ledger. They type the passphrase of their own key."""
    passphrase = new_passphrase(name) if can_ask_new() else None
    made = enrol_colleague(control, name, passphrase)
    text = f"operator {made.id}" + ("" if passphrase else f"\n{WITHOUT_KEY.format(name)}")
    return Shown({"operator": made.id, "key": passphrase is not None}, text)


@command(enrol)
def key(
    control: Acting,
    name: Annotated[
        str | None, typer.Option("--of", help="Whose key; else that of the operator who acts.")
    ] = None,
) -> Shown:
    """Make the key by which an operator proves who they are, under a passphrase of theirs; or replace it.

    To replace one, the operator who acts proves who they are: with their own key, also for a colleague who lost a passphrase.
    """
    name = name or control.person.name.reveal()
    if has_own_key(control, name):
        control = proven(control)
    give_key(control, name, new_passphrase(name))
    return Shown({"key": "made"}, "the key is made; its passphrase is kept nowhere")


@command(enrol)
def mandate(
    role: Annotated[enrolment.MandateRole, typer.Option(help="As what this person signs.")],
    until: Annotated[str, typer.Option(help="Last day, YYYY-MM-DD.")],
    mandate_basis: Annotated[enrolment.MandateBasis, typer.Option(help="On what the mandate rests.")],
    basis: BasisOption,
    number_basis: NumberBasisOption,
    shown: ShownOption,
    person: PersonOption = None,
    *,
    control: Proving,
) -> Shown:
    """Record that a person may sign for doctors; pending until a second operator attests it.

    Who signs, and the INAMI numbers of the doctors for whom, are asked, or taken from --person (`nihii`: the doctors').
    """
    ground = enrolment.Ground(basis, number_basis, tuple(shown))
    who = read_person(person, "the doctor for whom this person signs", control.home, ground)
    terms = enrolment.MandateTerms(role, who.nihii, until, mandate_basis)
    made = enrolment.begin_mandate(control, inss=who.inss, name=who.name, terms=terms, ground=ground)
    return Shown({"mandate": made, "state": "pending"}, f"mandate {made}\n{PENDING.format(made)}")


@command(enrol)
def attest(
    subject: Annotated[str, typer.Argument(help="A pending doctor's or mandate's id.", show_default=False)],
    shown: ShownOption,
    of: OfOption,
    control: Proving,
) -> Shown:
    """Attest, as the second operator, what `reprise subject show` says of a pending doctor or mandate.

    As a further operator too, later: then one of the earlier ones may be erased.
    """
    code = enrolment.attest_seen(control, subject, tuple(shown), of)
    result = {"attested": subject, "state": "in_force", "code": code}
    return Shown(result, f"attested: {subject} is in force")


@command(enrol)
def end_mandate(
    mandate: Annotated[str, typer.Argument(help="A mandate's id.", show_default=False)],
    control: Acting,
) -> Shown:
    """End a mandate before its last day."""
    enrolment.end_mandate(control, mandate)
    return Shown({"mandate": mandate, "state": "ended"}, f"ended: {mandate}")
