"""The doctors of a home for those who may read their names: instructions, runs, recipients, and what is kept of each.

Looking here is an entry of the access log, not of the ledger; `erasure.show_subject` answers a person's own request (article 15).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from flows.admin.holdings import KnownRuns, holdings_of
from flows.session.control import Control
from flows.views.authorisations import (
    AuthorisationRow,
    AuthorisationState,
    RecipientRow,
    authorisation_rows,
    recipients_of,
)
from flows.views.index import RunIndex
from flows.views.names import doctors
from flows.views.runs import RunRow, run_page
from schemas.errors import UnreadableSourceError
from vault.authorisation.register import persons_of
from vault.records.known_numbers import also_known_as
from vault.runs.facts import is_ended
from vault.runs.lease import Lease

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
    runs: tuple[RunRow, ...]  # one page, newest first
    every_run: int
    recipients: tuple[RecipientRow, ...]
    kept: tuple[KeptRow, ...]
    kept_until: str | None


def doctor_rows(control: Control, doctor: str | None = None) -> list[DoctorRow]:
    """Returns the enrolled doctors; one alone if it is given."""
    authorisations = authorisation_rows(control, doctor)
    with RunIndex.of(control) as index:
        living = [(lease, persons_of(control.home, lease)) for lease in index.live()]
        return [
            _row(control, index, one, authorisations, living)
            for one in doctors(control)
            if doctor in (None, one)
        ]


def doctor_sheet(
    control: Control, doctor: str, only: str | None = None, limit: int = 50, offset: int = 0
) -> DoctorSheet:
    """Returns one doctor, with a page of their runs.

    Raises UnreadableSourceError (no_such_subject), also for a doctor other than `only`.
    """
    if doctor not in doctors(control) or only not in (None, doctor):
        raise UnreadableSourceError("no_such_subject")
    with RunIndex.of(control) as index:
        known = KnownRuns(index.leases_about(also_known_as(control.home, doctor)), index.set_aside())
    held = holdings_of(control, doctor, known).to_json(control)
    runs, total = run_page(control, doctor, limit=limit, offset=offset)
    return DoctorSheet(
        id=doctor,
        authorisations=tuple(authorisation_rows(control, doctor)),
        runs=tuple(runs),
        every_run=total,
        recipients=tuple(recipients_of(control, doctor)),
        kept=tuple(_kept(held)),
        kept_until=held["kept_until"],
    )


def _row(
    control: Control,
    index: RunIndex,
    doctor: str,
    authorisations: list[AuthorisationRow],
    living: list[tuple[Lease, frozenset[str]]],
) -> DoctorRow:
    known = also_known_as(control.home, doctor)
    own = [row for row in authorisations if known & {*row.persons}]
    usable = [row for row in own if row.state in OPEN_TO_USE]
    alive = [lease for lease, persons in living if persons & known]
    ended = index.count_settled(known)
    began = [index.newest(known), *(lease.created for lease in alive)]
    return DoctorRow(
        id=doctor,
        authorisations=len(own),
        in_force=len(usable),
        uses_left=sum(use.left for row in usable for use in row.uses),
        runs=ended + len(alive),
        staged=sum(not is_ended(control.home, lease.run_id) for lease in alive),
        last_run=max((at for at in began if at), default=None),
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
