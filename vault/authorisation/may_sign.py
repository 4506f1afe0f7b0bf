"""Who may sign an instruction, for those who draft one, and which of its controllers no one enrolled here could sign for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from schemas.errors import AuthorisationError
from schemas.person_records import Doctor, Signer
from vault.authorisation.signatories import CONTROLLER
from vault.home_folder import Home
from vault.instruction.document import Instruction
from vault.instruction.fields import Problem
from vault.records.mandates import mandates_of
from vault.records.subjects import Subjects


@dataclass(frozen=True)
class MaySign:
    """A person, the role, and the doctor (INAMI number); `attested` when two operators attested it."""

    role: str
    nihii: str
    name: str
    attested: bool = True

    def entry(self) -> dict[str, str]:
        """Returns the person's entry for an instruction's field `controllers`."""
        return {"role": self.role, "nihii": self.nihii, "name": self.name}


def who_may_sign(home: Home, day: date) -> list[MaySign]:
    """Returns every enrolled doctor by each number, then every mandate in force on the day; unattested ones last."""
    found = sorted(_all(home, day), key=lambda one: (not one.attested, one.role != CONTROLLER, one.name))
    return list(dict.fromkeys(found))


def _all(home: Home, day: date) -> Iterator[MaySign]:
    subjects = Subjects(home)
    for subject_id in subjects.ids():
        person = subjects.read(subject_id)
        if not isinstance(person, Signer):
            continue
        doctor = person if isinstance(person, Doctor) else Doctor(inss=person.inss)
        for version, attested in ((doctor.in_force, True), (doctor.pending, False)):
            if version is not None:
                yield from (MaySign(CONTROLLER, number, version.name, attested) for number in version.nihii)
        names = [mandate.name for mandate in person.mandates.values()]
        for mandate in mandates_of(person):
            if mandate.holds(day):
                for number in sorted(mandate.numbers):
                    yield MaySign(mandate.role, number, doctor.name or names[-1])


def controller_refusals(home: Home, instruction: Instruction, day: date) -> Iterator[Problem]:
    """Yield the controllers for whom no enrolled person could sign: a check would refuse any signature.

    Codes: signer_not_enrolled, signer_not_attested, mandate_missing.
    """
    known = who_may_sign(home, day)
    attested = {(one.role, one.nihii[:8]) for one in known if one.attested}
    pending = {(one.role, one.nihii[:8]) for one in known if not one.attested}
    for number, entry in enumerate(instruction.controllers):
        path, wanted = f"controllers[{number}]", (entry.role, entry.nihii[:8])
        if wanted in attested:
            continue
        if wanted in pending:
            waits = AuthorisationError("signer_not_attested")
            yield Problem(
                path, "a second operator has not attested this doctor (`reprise enrol attest`)", error=waits
            )
        elif entry.role == CONTROLLER:
            unknown = AuthorisationError("signer_not_enrolled")
            yield Problem(
                path, "no doctor of this number is enrolled (`reprise enrol doctor`)", error=unknown
            )
        else:
            missing = AuthorisationError("mandate_missing")
            yield Problem(path, "nobody has such a mandate here (`reprise enrol mandate`)", error=missing)
