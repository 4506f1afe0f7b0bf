"""Collects the data that a home holds about a person: runs, instructions, attestations, sealed objects, copies and orders."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.session.control import Control
from flows.session.orders import load_order
from schemas.errors import RepriseError
from schemas.person_records import Attestation, Doctor, Signer
from schemas.record import Record
from vault.authorisation.handwritten import attestations_of
from vault.authorisation.register import InstructionRegister, persons_of, registers_of
from vault.destruction.held_copies import CustodyRegister, HeldCopy
from vault.home.erasure import runs_without_lease
from vault.home_folder import Home
from vault.instruction.document import parse
from vault.ledger.entries import EntryType
from vault.records.attestation import attesters_left
from vault.records.known_numbers import also_known_as
from vault.records.mandates import mandates_for
from vault.records.shared_records import SharedRecords
from vault.records.subjects import Subjects
from vault.runs.lease import Lease, list_runs
from vault.system.clock import format_utc, parse_utc


class Attested(Record, frozen=True):
    """A record that an operator attested."""

    of: str  # the id of the record
    kind: str  # doctor | pending | mandate | page
    needed: bool  # whether too few known attesters would remain without this operator


@dataclass(frozen=True)
class Holdings:
    """Everything that a home holds about one person, under every id that it has for the person."""

    persons: frozenset[str]
    runs: list[Lease]
    starts: list[dict[str, Any]]
    """The ledger's start entries of runs whose damaged lease was set aside."""
    operated: list[Lease]
    """Runs that this person started as an operator."""
    instructions: list[InstructionRegister]
    copies: list[HeldCopy]
    orders: list[str]
    attestations: list[Attested]
    mandates: list[str]
    """Mandates that allow others to sign for this person."""

    @property
    def answered_for(self) -> list[Lease]:
        """The runs for which the person answers: as a person in the instruction, or as the operator."""
        return [*self.runs, *(lease for lease in self.operated if lease not in self.runs)]

    def kept_until(self, control: Control) -> datetime | None:
        """Return the UTC time at which the retention of the proofs ends, counted from the last deadline; None if it has ended."""
        last = [
            *(parse_utc(lease.deadline) for lease in self.answered_for),
            *(datetime.fromtimestamp(start["n"]["deadline_s"], UTC) for start in self.starts),
        ]
        until = max(last) + timedelta(days=control.site.proof_retention_days) if last else None
        return until if until is not None and until > control.clock.now() else None

    def to_json(self, control: Control) -> dict[str, Any]:
        """Return ids, codes and dates, for an operator and for the person concerned."""
        until = self.kept_until(control)
        return {
            "runs": [
                *({"run": r.run_id, "use": r.use, "created": r.created} for r in self.answered_for),
                *({"run": s["runId"], "use": s["code"], "created": s["at"]} for s in self.starts),
            ],
            "instructions": [register.state for register in self.instructions],
            "attestations": [attested.to_json() for attested in self.attestations],
            "objects": _objects(control.home, self.persons),
            "not_yet_erased": list(self._outside(control, until)),
            "kept_until": None if until is None else format_utc(until),
        }

    def _outside(self, control: Control, until: datetime | None) -> list[dict[str, str | None]]:
        """Return the data that name the person but are not sealed under the person's key: place, date and reason."""
        date = None if until is None else format_utc(until)
        runs = [*(lease.run_id for lease in self.runs), *(str(start["runId"]) for start in self.starts)]
        proofs = [f"runs/{run}/proof/authorisation" for run in runs]
        return [
            *(_kept(place, date, "proof") for place in proofs if (control.home.path / place).is_dir()),
            *(_kept(f"custody/{copy.id}", copy.until, "copy_held") for copy in self.copies),
            *(_kept(f"orders/{order}", None, "order_waiting") for order in self.orders),
            *(_kept(f"subjects/{mandate}", None, "mandate_for") for mandate in self.mandates),
        ]


def _kept(where: str, until: str | None, why: str) -> dict[str, str | None]:
    return {"where": where, "until": until, "why": why}


@dataclass(frozen=True)
class KnownRuns:
    """What an index knows of the runs of a home, so that not every lease is read."""

    leases: list[Lease]  # those of the person, at least
    set_aside: list[str]  # runs whose damaged lease was set aside


def holdings_of(control: Control, subject_id: str, known: KnownRuns | None = None) -> Holdings:
    """Collect everything that the home holds about a person. Without `known`, every lease is read."""
    home = control.home
    persons = also_known_as(home, subject_id)
    registers = registers_of(home, persons)
    ids = {register.id for register in registers}
    leases = list_runs(home) if known is None else known.leases
    runs = [lease for lease in leases if persons_of(home, lease) & persons]
    held = ids | {lease.authorisation_id for lease in runs}  # a register may be damaged
    return Holdings(
        persons,
        runs,
        _starts_without_lease(control, persons, None if known is None else known.set_aside),
        [lease for lease in leases if lease.operator_id in persons],
        registers,
        [copy for copy in CustodyRegister(home).held() if copy.authorisation_id in held],
        _orders(home, persons, ids, {lease.order_id for lease in runs}),
        _attestations(control, persons),
        mandates_for(home, persons),
    )


def _objects(home: Home, persons: frozenset[str]) -> list[str]:
    subjects = Subjects(home)
    own = [name for person in sorted(persons) for name in subjects.names(person)]
    return [*own, *SharedRecords(home).about(persons)]


def _starts_without_lease(
    control: Control, persons: frozenset[str], damaged: list[str] | None
) -> list[dict[str, Any]]:
    runs, store = set(runs_without_lease(control.home, persons, damaged)), control.ledger.store
    entries = map(json.loads, store.read(0, store.head().size) if runs else ())
    return [e for e in entries if e["type"] == EntryType.RUN_STARTED.value and e["runId"] in runs]


def _orders(home: Home, persons: frozenset[str], instructions: set[str], known: set[str | None]) -> list[str]:
    """Return the ids of sealed orders given by this operator, under these instructions, or for runs that concern the person."""
    subjects, order_ids = Subjects(home), []
    folder = home.orders
    for name in sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []:
        with suppress(RepriseError, OSError, ValueError, TypeError):
            order = load_order(home, name)
            by = subjects.identify("operator", order.operator)
            if name in known or by in persons or order.authorisation in instructions:
                order_ids.append(name)
    return order_ids


def _attestations(control: Control, persons: frozenset[str]) -> list[Attested]:
    """Return the records that this operator attested, with whether each still depends on that attestation."""
    today, subjects = control.clock.now(), Subjects(control.home)
    attested_records = []
    for subject_id in subjects.ids():
        person = subjects.read(subject_id)
        if isinstance(person, Doctor):
            waiting = person.pending.attestations if person.pending else ()
            for kind, attested in (("doctor", person.attestations), ("pending", waiting)):
                attested_records.append(
                    _attested(control.home, persons, subject_id, kind, attested, stands=True)
                )
        for ordinal, mandate in person.mandates.items() if isinstance(person, Signer) else ():
            holds = not mandate.ended and bool(mandate.numbers) and mandate.holds(today.date())
            name, attested = f"{subject_id}.{ordinal}", mandate.attestations
            attested_records.append(_attested(control.home, persons, name, "mandate", attested, stands=holds))
    for register, evidence in _pages(control.home):
        valid = not register.withdrawn and parse(evidence["instruction.json"]).valid_until >= today
        attested = attestations_of(evidence)
        attested_records.append(_attested(control.home, persons, register.id, "page", attested, stands=valid))
    return [attestation for attestation in attested_records if attestation is not None]


def _attested(
    home: Home,
    persons: frozenset[str],
    name: str,
    kind: str,
    attestations: tuple[Attestation, ...],
    *,
    stands: bool,
) -> Attested | None:
    """Return the attested record if the person attested it, else None. `stands`: the record is in force or pending."""
    if not any(attestation.operator in persons for attestation in attestations):
        return None
    left = attesters_left(home, attestations, without=persons)
    return Attested(of=name, kind=kind, needed=stands and left < min(2, len(attestations)))


def _pages(home: Home) -> list[tuple[InstructionRegister, dict[str, bytes]]]:
    folder = home.authorisations
    pages = []
    for name in sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []:
        with suppress(RepriseError, OSError, ValueError, TypeError):
            register = InstructionRegister(home, None, name)
            evidence = register.get("evidence") or register.get("pending") or {}
            if attestations_of(evidence):
                pages.append((register, evidence))
    return pages
