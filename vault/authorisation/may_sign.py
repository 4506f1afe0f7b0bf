"""Lists, for a person who drafts an instruction, who may sign it, and for which controllers nobody enrolled here could sign."""

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
    """A person who may sign for a doctor (INAMI number) in a role. `attested` is true if two operators attested the enrolment."""

    role: str
    nihii: str
    name: str
    attested: bool = True

    def entry(self) -> dict[str, str]:
        """Return the person's entry for an instruction's field `controllers`."""
        return {"role": self.role, "nihii": self.nihii, "name": self.name}


def who_may_sign(home: Home, day: date) -> list[MaySign]:
    """Return every enrolled doctor with each number, then every mandate in force on the day, then unattested doctors."""
    entries = sorted(_all(home, day), key=lambda may: (not may.attested, may.role != CONTROLLER, may.name))
    return list(dict.fromkeys(entries))


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
    attested = {(may.role, may.nihii[:8]) for may in known if may.attested}
    pending = {(may.role, may.nihii[:8]) for may in known if not may.attested}
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
