"""Shows the data that a home keeps about a person, and erases them if neither the law nor an unfinished run needs them."""

from __future__ import annotations

import contextlib
import json
import os
from base64 import b64encode
from typing import Any

from flows.admin.enrolment import marks_of
from flows.admin.holdings import Holdings, holdings_of
from flows.session.acts import act
from flows.session.control import Control
from flows.session.orders import drop_order
from schemas.errors import IntegrityError, RetentionError, UnreadableSourceError
from schemas.person_records import AnyPerson, EnrolledOperator
from schemas.record import dump
from vault.authorisation.register import persons_without_lease, registers_of
from vault.destruction.due import is_over
from vault.home.erasure import forget_subject
from vault.home_folder import Home
from vault.ledger.entries import EntryType, commit
from vault.records.known_numbers import also_known_as
from vault.records.subjects import Subjects
from vault.records.tombstones import tombstone_name, write_tombstone
from vault.runs.run_lock import lock_run
from vault.system.locks import lock_people


def list_subjects(control: Control) -> list[dict[str, str]]:
    """List the opaque id and kind of each person about whom the home keeps data."""
    subjects = Subjects(control.home)
    records = ((subject, subjects.read(subject)) for subject in subjects.ids())
    return [{"subject": subject, "kind": record.kind if record else "erased"} for subject, record in records]


def show_subject(control: Control, subject_id: str) -> dict[str, Any]:
    """Return everything that is kept about a person (article 15 GDPR): record, sealed objects, runs and instructions.

    `not_yet_erased` lists the data that name the person but are not sealed under the person's key: place, date and reason.
    `kept_until` is None if neither the law nor a run needs the person. `kept_because` is the code with which an erasure would be
    refused now, or None. `operators` are the names of those who attested; None for an erased operator.
    """
    with act(control, EntryType.SUBJECT_SHOWN, "access"):
        person = _person(control.home, subject_id)
        record = {} if person is None else json.loads(dump(person.changed(salt="")))
        held = holdings_of(control, subject_id)
        return {
            "subject": subject_id,
            "record": record,
            "to_attest": marks_of(control, subject_id),
            "operators": {op: _operator_name(control.home, op) for op in sorted(_operators_in(record))},
            "kept_because": _reason_to_keep(control, held),
            **held.to_json(control),
        }


def _operators_in(value: Any) -> set[str]:
    """Return the ids of the operators who attested, anywhere in a record."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = {value["operator"]} if isinstance(value, dict) and "operator" in value else set[str]()
    return own.union(*map(_operators_in, inner))


def _operator_name(home: Home, operator_id: str) -> str | None:
    operator = Subjects(home).read(operator_id)
    return operator.name if isinstance(operator, EnrolledOperator) else None


def plan_erasure(control: Control, subject_id: str) -> dict[str, Any]:
    """Return the data that an erasure would destroy. Raises the errors of `erase_subject`; a refusal is a ledger entry."""
    person = _person(control.home, subject_id)
    held = holdings_of(control, subject_id)
    _refuse(control, held)
    return {"subject": subject_id, "kind": person.kind if person else "erased", **held.to_json(control)}


def erase_subject(control: Control, subject_id: str) -> dict[str, Any]:
    """Destroy a person's key, salts and records, and every copy of data that names them, also in documents signed with others.

    Return a receipt: the index of the ledger entry, and a salt, stored nowhere else, with which the entry's commitment to this
    person can be checked. A second call finishes an erasure that a crash interrupted. Raises RetentionError (run_alive,
    retention_not_over, copy_held, operator_acts, attester_needed), recorded in the ledger; BusyError while a run that concerns
    the person is in progress; IntegrityError (run_of_unknown_owner) while a damaged run may concern the person.
    """
    home = control.home
    persons = also_known_as(home, subject_id)
    instructions = (register.id for register in registers_of(home, persons))
    # These locks keep runs from starting and instructions from being recorded between check and erasure.
    with lock_run(home, (*persons, *instructions)), lock_people(home.locks):
        return _erase(control, subject_id)


def _erase(control: Control, subject_id: str) -> dict[str, Any]:
    home = control.home
    person, held = _person(home, subject_id), holdings_of(control, subject_id)
    _refuse(control, held)
    salt = os.urandom(32)
    identifier = person.identifier if person else subject_id
    commitment = commit(salt, EntryType.SUBJECT_ERASED.value, "subject", identifier.encode())
    runs = len(held.answered_for) + len(held.starts)
    tombstone_names = [
        tombstone_name(home, subject) for subject in sorted(held.persons & set(Subjects(home).ids()))
    ]
    # Entry and tombstones come before any destruction and under one lock, so that a backup holds both or neither.
    with control.ledger.store.locked():
        entry = control.record(EntryType.SUBJECT_ERASED, None, "erased", {"runs": runs}, subject=commitment)
        for name in tombstone_names:
            write_tombstone(home, name)
    with contextlib.suppress(OSError):
        for name in tombstone_names:  # an older copy of the home lacks the tombstones
            control.memory.note_gone("erased", name)
    for order in held.orders:
        drop_order(home, order)
    forget_subject(home, subject_id, control.record_issue)
    return {
        "subject": subject_id,
        "entry": entry.index,
        "recorded": json.loads(entry.entry),
        "salt": b64encode(salt).decode(),
        "proof": control.ledger.prove(entry.index).decode(),
    }


def _person(home: Home, subject_id: str) -> AnyPerson | None:
    subjects = Subjects(home)
    if subject_id not in subjects.ids():
        raise UnreadableSourceError("no_such_subject")
    return subjects.read(subject_id)


def _refuse(control: Control, held: Holdings) -> None:
    """Refuse an erasure that is not allowed yet, and record the refusal. Raises RetentionError, IntegrityError."""
    until = held.kept_until(control)
    code = _reason_to_keep(control, held)
    if code is not None:
        review = {} if until is None else {"review_s": int(until.timestamp())}
        control.record(EntryType.SUBJECT_RETAINED, None, code, review)
        raise RetentionError(code)
    _refuse_unknown_owner(control.home)


def _reason_to_keep(control: Control, held: Holdings) -> str | None:
    if control.person.id in held.persons:
        return "operator_acts"
    if any(not is_over(control.home, lease, control.clock) for lease in held.answered_for):
        return "run_alive"
    if held.kept_until(control) is not None and control.site.proof_retention_days:
        return "retention_not_over"
    if held.copies:
        return "copy_held"
    return "attester_needed" if any(attested.needed for attested in held.attestations) else None


def _refuse_unknown_owner(home: Home) -> None:
    """Refuse while a proof may name this person: it names a doctor, but neither its lease nor its instruction is readable."""
    for run, whom in persons_without_lease(home).items():
        if whom is None and (home.proof(run) / "authorisation").is_dir():
            raise IntegrityError("run_of_unknown_owner", run=run)
