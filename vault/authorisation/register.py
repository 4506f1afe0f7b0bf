"""The sealed record of an instruction: its evidence, its consumed uses (by run), its withdrawal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from hashlib import sha256
from typing import Any

import msgspec

from schemas.errors import AuthorisationError, IntegrityError, UseError
from schemas.record import Record
from vault.authorisation._persons import introduce, persons_in, signers_in
from vault.home_folder import Home
from vault.instruction.document import Instruction, parse
from vault.pki.signed_document import Signed
from vault.pki.trust_store import TrustStore
from vault.records.sealed_records import read_sealed, write_sealed
from vault.records.shared_records import SharedRecords
from vault.records.subjects import Subjects
from vault.runs.facts import UseSettled, is_ended, read_fact
from vault.runs.lease import Lease, leased_runs, list_runs, list_unreadable, readable_runs
from vault.system.files import write_durably
from vault.system.locks import lock_folder

PATIENT_LIST = "patients.age"
SIGNERS = "signers.json"
PAGE = "instruction.pdf"
SCAN = "scan."
"""The beginning of a scanned page's file name; the suffix shows its type (`vault.authorisation.handwritten`)."""
ATTESTATIONS = "attestations.json"
_OF_INSTRUCTION = ("evidence", "pending", "withdrawal", "stamps")
"""The names of the objects that are sealed under the keys of all persons whom the instruction concerns."""


SPENT, GIVEN_BACK = "spent", "given_back"
"""A claimed use was consumed, or was given back when its run ended (`vault.runs.facts.UseSettled`)."""


class Use(StrEnum):
    """The uses that an instruction can allow. A run that is resumed consumes no further use."""

    INVENTORY = "inventory"
    REHEARSAL = "rehearsal"
    MIGRATION = "migration"
    DELTA = "delta"


class _State(Record, frozen=True):
    """The record of one instruction besides its sealed files: opaque ids, run ids, enumeration values."""

    spent: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)  # by use: the runs that hold one
    given_back: tuple[str, ...] = ()  # runs that gave their use back
    subject: str | None = None  # the first signer, set when the instruction comes into force
    pending: str | None = None  # the first signer of a page that waits for its second attestation
    persons: tuple[str, ...] | None = None  # all whom it concerns; None: recorded by the first release
    signing: dict[str, Any] | None = None  # how it was signed (`note_signing`)

    @property
    def waits(self) -> bool:
        """Return whether a page waits for its second attestation."""
        return self.subject is None and self.pending is not None


class InstructionRegister:
    """The sealed record of one instruction: its evidence, its consumed uses, its withdrawal."""

    def __init__(self, home: Home, document: bytes | None, authorisation_id: str | None = None) -> None:
        self._site = home.site_key
        self._home = home
        self.id = authorisation_id or self._site.pseudonym(
            "authorisation", sha256(document or b"").hexdigest()
        )
        self._folder = home.authorisations / self.id
        self._state = self._read()

    def _read(self) -> _State:
        path = self._folder / "state"
        if not path.is_file():
            return _State()
        return read_sealed(self._home, path, f"authorisation/{self.id}", _State)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Lock and read the state, let the caller replace `_state`, then write it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with lock_folder(self._folder):
            self._state = self._read()
            yield
            write_sealed(self._home, self._folder / "state", f"authorisation/{self.id}", self._state)

    def refuse_withdrawn(self) -> None:
        """Raise AuthorisationError (withdrawn) if the instruction was withdrawn."""
        if self.withdrawn:
            raise AuthorisationError("withdrawn")

    def check_use(self, instruction: Instruction, use: Use, run_id: str | None = None) -> None:
        """Raise UseError if no use is left for this run: use_held if an unfinished run may give one back, or use_exhausted."""
        others = [run for run in self._runs(use) if run != run_id]
        if len(others) >= instruction.uses[use.value]:
            leased = set(leased_runs(self._home))
            waiting = [run for run in others if run in leased and not is_ended(self._home, run)]
            refused = UseError("use_held" if waiting else "use_exhausted", limit=instruction.uses[use.value])
            if others:
                refused.name_run((waiting or others)[-1])
            raise refused

    def left(self, instruction: Instruction, use: Use, ended: list[str] | None = None) -> int:
        """Return how many such uses are left; `ended` are the certified runs of this use, by whoever knows them already."""
        return max(instruction.uses[use.value] - len(self._runs(use, ended)), 0)

    def ran(self, run_id: str) -> bool:
        """Return whether this run ever claimed a use of the instruction, according to the state, even if it gave the use back."""
        return any(run_id in runs for runs in (*self._state.spent.values(), self._state.given_back))

    def _runs(self, use: Use, ended: list[str] | None = None) -> list[str]:
        """Return the runs that hold such a use: those in the state, and every certified run, in case the state is old.

        Runs that gave the use back, according to the state or their own record, are left out.
        """
        holders = self._state.spent.get(use.value, ())
        runs = dict.fromkeys([*holders, *(self._certified(use) if ended is None else ended)])
        return [run for run in runs if not self._gave_back(run)]

    def _certified(self, use: Use) -> list[str]:
        return [
            run.run_id
            for run in list_runs(self._home)
            if (run.authorisation_id, run.use) == (self.id, use.value) and is_ended(self._home, run.run_id)
        ]

    def _gave_back(self, run_id: str) -> bool:
        return run_id in self._state.given_back or gave_back(self._home, run_id)

    def consume(self, instruction: Instruction, use: Use, run_id: str) -> None:
        """Consume one use for this run, on the state as it is on disk now. A second call for the same run changes nothing.

        Raises UseError (use_held, use_exhausted), AuthorisationError (withdrawn).
        """
        with self._changing():
            self.refuse_withdrawn()
            if run_id not in self._runs(use):
                self.check_use(instruction, use)
                self._state = self._state.changed(
                    spent={**self._state.spent, use.value: (*self._runs(use), run_id)},
                    given_back=_without(run_id, self._state.given_back),
                )

    def release_use(self, run_id: str) -> None:
        """Give back the use that this run claimed. A second call changes nothing."""
        if any(run_id in runs for runs in self._state.spent.values()):
            with self._changing():
                self._state = self._state.changed(
                    spent={use: _without(run_id, runs) for use, runs in self._state.spent.items()},
                    given_back=(*self._state.given_back, run_id),
                )

    @property
    def withdrawn(self) -> bool:
        """Return whether the instruction is withdrawn. A separate file states it, so no run that writes the state can undo it."""
        return (self._folder / "withdrawn").is_file()

    def withdraw(self, evidence: dict[str, bytes]) -> None:
        """Withdraw the instruction, and store the evidence (a signed withdrawal, if there is one) sealed."""
        self.put("withdrawal", evidence)
        write_durably(self._folder / "withdrawn", b"")

    def keep(
        self, subject_id: str, persons: tuple[str, ...], signed: Signed, trust: TrustStore, signers: bytes
    ) -> None:
        """Store the document, its signatures (or its attested page), their signers and the trust material, sealed."""
        evidence = {"instruction.json": signed.document, **_signatures(signed), **trust.raw, **self.page()}
        evidence[SIGNERS] = signers
        if signed.patients is not None:
            evidence[PATIENT_LIST] = signed.patients
        with self._changing():
            self._state = self._state.changed(persons=persons)
            self.put("evidence", evidence)
            self._state = self._state.changed(subject=subject_id)

    def put(self, name: str, files: dict[str, bytes], run_id: str | None = None) -> None:
        """Seal files of the instruction (or of one of its runs) under the keys of all persons whom they concern.

        Raises AuthorisationError (evidence_erased) if one of them was erased.
        """
        data = json.dumps({file: held.hex() for file, held in files.items()}).encode()
        if self._state.persons is None:
            introduce(self._home, parse(self.evidence()["instruction.json"]))
        persons, subjects = {*self.persons, *signers_in(self._home, files)}, Subjects(self._home)
        if not all(subjects.has_key(person) for person in persons):
            raise AuthorisationError("evidence_erased")
        SharedRecords(self._home).put(f"{name}-{run_id or self.id}", persons, data)
        self._drop_former(name, run_id)

    def get(self, name: str, run_id: str | None = None) -> dict[str, bytes] | None:
        """Return the files that `put` sealed; None if there are none, or if a person whom they concern was erased."""
        data = SharedRecords(self._home).get(f"{name}-{run_id or self.id}")
        owner = self._owner
        if data is None and owner is not None:  # the first release sealed everything under one person's key
            data = Subjects(self._home).get(owner, f"{name}-{run_id or self.id}")
        return (
            None if data is None else {file: bytes.fromhex(held) for file, held in json.loads(data).items()}
        )

    def _readable(self, name: str, run_id: str | None = None) -> dict[str, bytes]:
        """Return the files of `get`, or {} if they are damaged: in a search for people, no record may block others."""
        with suppress(IntegrityError, OSError, ValueError, TypeError):
            return self.get(name, run_id) or {}
        return {}

    def _drop_former(self, name: str, run_id: str | None = None) -> None:
        if self._owner is not None:
            Subjects(self._home).drop(self._owner, f"{name}-{run_id or self.id}")

    def forget_former(self, runs: list[str]) -> None:
        """Remove the objects that the first release sealed under one person's key although they concerned other persons too."""
        for name in _OF_INSTRUCTION:
            self._drop_former(name)
        for run_id in runs:
            self._drop_former("acceptance", run_id)

    @property
    def _owner(self) -> str | None:
        return self._state.subject or self._state.pending

    def pend(self, subject_id: str, persons: tuple[str, ...], evidence: dict[str, bytes]) -> None:
        """Store sealed files that wait for a second operator's attestation. Raises AuthorisationError (already_recorded)."""
        with self._changing():
            if self._state.subject is not None:
                raise AuthorisationError("already_recorded")
            self._state = self._state.changed(persons=persons)
            self.put("pending", evidence)
            self._state = self._state.changed(pending=subject_id)

    def pending(self) -> dict[str, bytes]:
        """Return the files that wait for an attestation, or a page in force that another operator may attest, by name.

        Raises AuthorisationError (nothing_to_attest).
        """
        files = self.get("pending" if self._state.waits else "evidence")
        if files is None or ATTESTATIONS not in files:
            raise AuthorisationError("nothing_to_attest")
        return files

    def keep_attested(self, evidence: dict[str, bytes]) -> None:
        """Store the pending files, which now contain both attestations, as the evidence."""
        with self._changing():
            self.put("evidence", evidence)
            self._state = self._state.changed(subject=self._state.pending)
        SharedRecords(self._home).drop(f"pending-{self.id}")
        self._drop_former("pending")

    def page(self) -> dict[str, bytes]:
        """Return the scanned page and its attestations if the instruction was signed by hand, otherwise {}."""
        if self._state.subject is None:
            return {}
        kept = self.evidence()
        if ATTESTATIONS not in kept:
            return {}
        return {n: data for n, data in kept.items() if n == ATTESTATIONS or n.startswith(SCAN)}

    def note_signing(self, signing: dict[str, Any]) -> None:
        """Store how and in which capacities the instruction was signed: enumeration values, no names."""
        with self._changing():
            self._state = self._state.changed(signing=signing)

    @property
    def signing(self) -> dict[str, Any]:
        """Return what `note_signing` stored."""
        return self._state.signing or {}

    def evidence(self) -> dict[str, bytes]:
        """Return the evidence by file name. Raises AuthorisationError: no_such_authorisation, evidence_erased."""
        if self._state.subject is None:
            raise AuthorisationError("no_such_authorisation")
        files = self.get("evidence")
        if files is None:
            raise AuthorisationError("evidence_erased")
        return files

    @property
    def subject(self) -> str:
        """Return the opaque id of the first signer."""
        return str(self._state.subject)

    @property
    def persons(self) -> tuple[str, ...]:
        """Return the opaque ids of all persons whom the instruction concerns (in the first release, read from the evidence)."""
        known = self._state.persons
        if known is not None:
            return tuple(sorted(known))
        named = persons_in(self._home, self._readable("evidence") or self._readable("pending"))
        return tuple(sorted(named | ({self._owner} if self._owner else set())))

    @property
    def everybody(self) -> frozenset[str]:
        """Return `persons`, and those who later signed something about the instruction."""
        shared = SharedRecords(self._home)
        later = (shared.persons(f"{name}-{self.id}") for name in _OF_INSTRUCTION)
        former = signers_in(self._home, self._readable("withdrawal"))
        return frozenset(self.persons).union(former, *later)

    def accepted_by(self, run_id: str) -> frozenset[str]:
        """Return the opaque ids of those who signed the acceptance of a run of this instruction."""
        return signers_in(self._home, self._readable("acceptance", run_id))

    @property
    def state(self) -> dict[str, Any]:
        """Return id, number of runs that consumed each use, whether the instruction is withdrawn, and whether it is pending."""
        spent = {use: len(runs) for use, runs in self._state.spent.items()}
        return {"id": self.id, "spent": spent, "withdrawn": self.withdrawn, "pending": self._state.waits}


def gave_back(home: Home, run_id: str) -> bool:
    """Return whether a run has ended and its record states that it gave its use back; false if the record is unreadable.

    Before the run has ended, the ledger may not contain the giving back.
    """
    if not is_ended(home, run_id):
        return False
    try:
        settled = read_fact(home, run_id, UseSettled)
    except IntegrityError:
        return False
    return settled is not None and settled.state == GIVEN_BACK


def clear_was_seen(home: Home, authorisation_id: str) -> bool:
    """Return whether a run of this instruction found a clear export; also true if a record that could show it is not readable."""
    leases, unreadable = readable_runs(home)
    its_leases = [lease for lease in leases if lease.authorisation_id == authorisation_id]
    if unreadable or any(lease.seen_clear or lease.sealed_source is False for lease in its_leases):
        return True
    damaged, register = list_unreadable(home), _open_or_none(home, authorisation_id)
    return any(register is None or register.ran(run) for run in damaged)


def persons_without_lease(home: Home, damaged: list[str] | None = None) -> dict[str, frozenset[str] | None]:
    """Return whom the runs with a damaged lease concern, found through the uses of the instructions.

    None where the instruction's record is damaged as well, or lost. `damaged` are those runs, by whoever knows them already.
    """
    damaged = list_unreadable(home) if damaged is None else damaged
    registers = all_registers(home) if damaged else []
    return {run: next((r.everybody for r in registers if r.ran(run)), None) for run in damaged}


def persons_of(home: Home, lease: Lease) -> frozenset[str]:
    """Return the opaque ids of all persons whom a run concerns, by its lease, its instruction and its acceptance."""
    register = _open_or_none(home, lease.authorisation_id)
    recorded = frozenset((lease.subject_id, *lease.persons))
    if register is None:
        return recorded
    return recorded | register.everybody | register.accepted_by(lease.run_id)


def all_registers(home: Home) -> list[InstructionRegister]:
    """Return the register of every stored instruction whose record is not damaged."""
    folder = home.authorisations
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return [register for name in names if (register := _open_or_none(home, name)) is not None]


def registers_of(home: Home, persons: frozenset[str]) -> list[InstructionRegister]:
    """Return the registers of the instructions that concern one of these persons, without damaged records."""
    return [register for register in all_registers(home) if register.everybody & persons]


def _open_or_none(home: Home, authorisation_id: str) -> InstructionRegister | None:
    try:
        return InstructionRegister(home, None, authorisation_id)
    except (IntegrityError, OSError):
        return None


def _without(run_id: str, runs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(run for run in runs if run != run_id)


def _signatures(signed: Signed) -> dict[str, bytes]:
    """Return the signed page, which contains its signatures, or the signatures beside the document."""
    if signed.pdf is not None:
        return {PAGE: signed.pdf}
    numbered = enumerate(signed.signatures)
    return {f"instruction.json{f'.{n}' if n else ''}.p7s": signature.cms for n, signature in numbered}
