"""What is kept about a person: shown, and erased when neither the law nor a living run needs it any more."""

from __future__ import annotations

import contextlib
import json
import os
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.control import Control
from schemas.errors import IntegrityError, RetentionError, UnreadableSourceError
from vault.clock import format_utc, parse_utc
from vault.forgetting import forget_subject
from vault.lease import Lease, list_runs
from vault.ledger import EntryType, commit
from vault.locks import hold_run
from vault.register import owners_without_lease
from vault.subjects import Subjects
from vault.sweep import is_over
from vault.tombstones import bury, name_of

SECRET = frozenset({"salt"})


def list_subjects(home: Path) -> list[dict[str, str]]:
    """Opaque ids and kinds of everybody of whom anything is kept."""
    subjects = Subjects(home)
    found = ((subject, subjects.read(subject)) for subject in subjects.ids())
    return [{"subject": subject, "kind": record["kind"] if record else "erased"} for subject, record in found]


def show_subject(home: Path, subject_id: str, operator: str) -> dict[str, Any]:
    """Everything kept about a person (article 15 GDPR): record, sealed objects, runs, and until when it stays.

    `kept_until` is None when neither the law nor a run needs it any more.
    """
    control = Control.open(home, operator)
    record = _record(home, subject_id)
    control.record(EntryType.SUBJECT_SHOWN, None, "access")
    until = _kept_until(control, subject_id)
    return {
        "subject": subject_id,
        "record": {name: value for name, value in record.items() if name not in SECRET},
        "objects": Subjects(home).names(subject_id),
        "runs": [
            *({"run": r.run_id, "use": r.use, "created": r.created} for r in _runs(home, subject_id)),
            *(
                {"run": start["runId"], "use": start["code"], "created": start["at"]}
                for start in _starts_without_lease(control, subject_id)
            ),
        ],
        "kept_until": format_utc(until) if until > control.clock.now() else None,
    }


def erase_subject(home: Path, subject_id: str, operator: str) -> dict[str, Any]:
    """Destroy a person's key, salts and records, and every copy of what they signed in the home's proof folders.

    Gives a receipt: the ledger entry's index, and a salt, kept nowhere else, that opens the entry's commitment to this
    person. Doing it again finishes what a crash cut short. Raises RetentionError; the refusal is in the ledger.
    BusyError while a run of this doctor is being carried, IntegrityError (run_of_unknown_owner) while a damaged run may be
    this person's.
    """
    control = Control.open(home, operator)
    with hold_run(home, (subject_id,)):  # no run begins between the look and the end
        return _erase(control, subject_id)


def _erase(control: Control, subject_id: str) -> dict[str, Any]:
    home = control.home
    record = _record(home, subject_id)
    _refuse_early(control, subject_id)
    _refuse_unknown_owner(home)
    salt = os.urandom(32)
    person = str(record.get("inss", record.get("name", subject_id)))
    commitment = commit(salt, EntryType.SUBJECT_ERASED.value, "subject", person.encode())
    runs = len(_runs(home, subject_id)) + len(_starts_without_lease(control, subject_id))
    grave = name_of(home, subject_id)
    # Entry and tombstone before anything dies, and under one lock: no backup can hold one without the other.
    with control.ledger.store.locked():
        entry = control.record(EntryType.SUBJECT_ERASED, None, "erased", {"runs": runs}, subject=commitment)
        bury(home, grave)
    with contextlib.suppress(OSError):
        control.memory.note_gone("erased", grave)  # an older copy of the home does not know its tombstones
    forget_subject(home, control.site, subject_id, control.record_issue)
    return {
        "subject": subject_id,
        "entry": entry.index,
        "recorded": json.loads(entry.entry),
        "salt": b64encode(salt).decode(),
        "proof": control.ledger.prove(entry.index).decode(),
    }


def _record(home: Path, subject_id: str) -> dict[str, Any]:
    subjects = Subjects(home)
    if subject_id not in subjects.ids():
        raise UnreadableSourceError("no_such_subject")
    return subjects.read(subject_id) or {}


def _runs(home: Path, subject_id: str) -> list[Lease]:
    return [lease for lease in list_runs(home) if lease.subject_id == subject_id]


def _starts_without_lease(control: Control, subject_id: str) -> list[dict[str, Any]]:
    """What the ledger says of the beginning of a person's runs whose damaged lease was set aside."""
    owners, store = owners_without_lease(control.home), control.ledger.store
    runs = {run for run, owner in owners.items() if owner == subject_id}
    entries = map(json.loads, store.read(0, store.head().size) if runs else ())
    return [e for e in entries if e["type"] == EntryType.RUN_STARTED.value and e["runId"] in runs]


def _answered_for(home: Path, subject_id: str) -> list[Lease]:
    """The runs that a person ordered, as controller or as operator."""
    return [lease for lease in list_runs(home) if subject_id in (lease.subject_id, lease.operator_id)]


def _kept_until(control: Control, subject_id: str) -> datetime:
    """The end of the retention of the proof, counted from the last run's deadline."""
    last = [
        *(parse_utc(lease.deadline) for lease in _answered_for(control.home, subject_id)),
        *(
            datetime.fromtimestamp(start["n"]["deadline_s"], UTC)
            for start in _starts_without_lease(control, subject_id)
        ),
    ]
    return max(last) + timedelta(days=control.site.proof_retention_days) if last else control.clock.now()


def _refuse_unknown_owner(home: Path) -> None:
    """A proof that names a doctor, and neither its lease nor its instruction's record can be read: it may be this person's."""
    for run, owner in owners_without_lease(home).items():
        if owner is None and (home / "runs" / run / "proof" / "authorisation").is_dir():
            raise IntegrityError("run_of_unknown_owner", run=run)


def _refuse_early(control: Control, subject_id: str) -> None:
    until = _kept_until(control, subject_id)
    answered_for = _answered_for(control.home, subject_id)
    alive = any(not is_over(control.home, lease, control.clock) for lease in answered_for)
    if not alive and (until <= control.clock.now() or not control.site.proof_retention_days):
        return
    code = "run_alive" if alive else "retention_not_over"
    control.record(EntryType.SUBJECT_RETAINED, None, code, {"review_s": int(until.timestamp())})
    raise RetentionError(code)
