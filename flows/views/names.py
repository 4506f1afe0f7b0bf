"""Names of persons, opened one at a time. Whoever shows one notes that in the access log."""

from __future__ import annotations

from flows.session.control import Control
from schemas.person_records import Doctor, EnrolledOperator
from vault.records.subjects import Subjects


def name_of(control: Control, person: str) -> str | None:
    """Returns a person's name, or None once they are erased. Whoever shows it notes that in the access log."""
    found = Subjects(control.home).read(person)
    return (found.name or None) if isinstance(found, Doctor | EnrolledOperator) else None


def doctors(control: Control) -> list[str]:
    """Returns the opaque ids of the enrolled doctors."""
    subjects = Subjects(control.home)
    records = ((one, subjects.read(one)) for one in subjects.ids())
    return [one for one, record in records if isinstance(record, Doctor)]
