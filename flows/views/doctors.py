"""The doctors of a home for those who may read their names: instructions, runs, recipients, and what is kept of each.

Looking here is an entry of the access log, not of the ledger; `erasure.show_subject` answers a person's own request (article 15).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from flows.admin.holdings import holdings_of
from flows.session.control import Control
from flows.views.authorisations import (
    AuthorisationRow,
    AuthorisationState,
    RecipientRow,
    authorisation_rows,
    recipients_of,
)
from flows.views.names import doctors
from flows.views.runs import RunRow, run_rows
from schemas.errors import UnreadableSourceError
from vault.records.known_numbers import also_known_as
from vault.runs.lease import list_runs

OPEN_TO_USE = (AuthorisationState.RECORDED, AuthorisationState.IN_USE)
"""The states in which an instruction allows another run."""


@dataclass(frozen=True)
class DoctorRow:
    """One doctor in a list, by an opaque id."""

    id: str
    authorisations: int
    in_force: int
    uses_left: int
    runs: int
    staged: int
    last_run: str | None


@dataclass(frozen=True)
class KeptRow:
    """What is kept of a person: what it is, how many of it, until when, and why."""

    what: str
    count: int
    until: str | None


@dataclass(frozen=True)
class DoctorSheet:
    """One doctor in full, without their name."""

    id: str
    authorisations: tuple[AuthorisationRow, ...]
    runs: tuple[RunRow, ...]
    recipients: tuple[RecipientRow, ...]
    kept: tuple[KeptRow, ...]
    kept_until: str | None


def doctor_rows(control: Control, doctor: str | None = None) -> list[DoctorRow]:
    """Returns the enrolled doctors; one alone if it is given."""
    authorisations, runs = authorisation_rows(control, doctor), run_rows(control, doctor)
    concerned = {lease.run_id: {lease.subject_id, *lease.persons} for lease in list_runs(control.home)}
    found = []
    for one in doctors(control):
        if doctor in (None, one):
            known = also_known_as(control.home, one)
            own = [row for row in runs if concerned[row.run] & known]
            found.append(_row(one, [row for row in authorisations if known & {*row.persons}], own))
    return found


def doctor_sheet(control: Control, doctor: str, only: str | None = None) -> DoctorSheet:
    """Returns one doctor. Raises UnreadableSourceError (no_such_subject), also for a doctor other than `only`."""
    if doctor not in doctors(control) or only not in (None, doctor):
        raise UnreadableSourceError("no_such_subject")
    held = holdings_of(control, doctor).to_json(control)
    return DoctorSheet(
        id=doctor,
        authorisations=tuple(authorisation_rows(control, doctor)),
        runs=tuple(run_rows(control, doctor)),
        recipients=tuple(recipients_of(control, doctor)),
        kept=tuple(_kept(held)),
        kept_until=held["kept_until"],
    )


def _row(doctor: str, authorisations: list[AuthorisationRow], runs: list[RunRow]) -> DoctorRow:
    usable = [row for row in authorisations if row.state in OPEN_TO_USE]
    return DoctorRow(
        id=doctor,
        authorisations=len(authorisations),
        in_force=len(usable),
        uses_left=sum(use.left for row in usable for use in row.uses),
        runs=len(runs),
        staged=sum(not row.ended for row in runs),
        last_run=runs[0].created if runs else None,
    )


def _kept(held: dict[str, Any]) -> list[KeptRow]:
    """Returns what is kept by kind: sealed objects under the person's key, and what lies outside of them with its date."""
    objects = Counter(_kind_of(name) for name in held["objects"])
    sealed = [KeptRow(what, count, None) for what, count in sorted(objects.items())]
    outside = Counter((row["why"], row["until"]) for row in held["not_yet_erased"])
    return sealed + [KeptRow(str(why), count, until) for (why, until), count in outside.items()]


def _kind_of(name: str) -> str:
    """Returns the kind of a sealed object, by the first part of its name."""
    kind = name.partition("-")[0]
    return kind if kind in SEALED_KINDS else "other"


SEALED_KINDS = ("record", "evidence", "pending", "withdrawal", "stamps", "acceptance", "proven", "place")
"""What lies sealed under a person's key, by the first part of its name; the rest is `other`."""
KEPT_OUTSIDE = ("proof", "copy_held", "order_waiting", "mandate_for")
"""Why something about a person lies outside of it."""
