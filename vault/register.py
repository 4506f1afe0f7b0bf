"""What is kept of an instruction: its evidence, its uses spent (by which run), its withdrawal. All sealed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from schemas.errors import AuthorisationError, IntegrityError, UseError
from vault.files import write_durably
from vault.instruction import Instruction
from vault.lease import list_runs, list_unreadable, readable_runs
from vault.locks import hold_folder
from vault.run_files import RunFile, is_ended, read_run_file
from vault.signed import Signed
from vault.sitekey import SiteKey
from vault.subjects import Subjects
from vault.trust import TrustStore

PATIENT_LIST = "patients.age"
SIGNERS = "signers.json"
PAGE = "instruction.pdf"
SCAN = "scan."
"""How the name of a scanned page begins; its end says what it is (`vault.handwritten`)."""
ATTESTATIONS = "attestations.json"


SPENT, GIVEN_BACK = "spent", "given_back"
"""What became of a claimed use when its run ended (`vault.run_files.RunFile.USE`)."""


class Use(StrEnum):
    """What an instruction can allow; a resumed run is the same use."""

    INVENTORY = "inventory"
    REHEARSAL = "rehearsal"
    MIGRATION = "migration"
    DELTA = "delta"


class InstructionRegister:
    """Sealed state of one instruction: its evidence, its uses spent, its withdrawal."""

    def __init__(self, home: Path, document: bytes | None, authorisation_id: str | None = None) -> None:
        self._site = SiteKey.load(home)
        self._home = home
        self.id = authorisation_id or self._site.pseudonym(
            "authorisation", sha256(document or b"").hexdigest()
        )
        self._folder = home / "authorisations" / self.id
        self._state = self._read()

    def _read(self) -> dict[str, Any]:
        path = self._folder / "state"
        if not path.is_file():
            return {"spent": {}, "subject": None}
        return dict(json.loads(self._site.open(path.read_bytes(), f"authorisation/{self.id}")))

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """The state as it stands now, to be changed and then written; nobody else changes it in between."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with hold_folder(self._folder):
            self._state = self._read()
            yield self._state
            self._write()

    def _write(self) -> None:
        sealed = self._site.seal(json.dumps(self._state).encode(), f"authorisation/{self.id}")
        write_durably(self._folder / "state", sealed)

    def refuse_withdrawn(self) -> None:
        """Raise AuthorisationError when the instruction was withdrawn."""
        if self.withdrawn:
            raise AuthorisationError("withdrawn")

    def check_use(self, instruction: Instruction, use: Use, run_id: str | None = None) -> None:
        """Raise UseError when no such use is left for this run."""
        others = [run for run in self._runs(use) if run != run_id]
        if len(others) >= instruction.uses[use.value]:
            spent = UseError("use_exhausted", limit=instruction.uses[use.value])
            in_the_way = [run for run in others if not is_ended(self._home, run)] or others
            if in_the_way:
                spent.name_run(in_the_way[-1])
            raise spent

    def left(self, instruction: Instruction, use: Use) -> int:
        """How many such uses are left."""
        return max(instruction.uses[use.value] - len(self._runs(use)), 0)

    def ran(self, run_id: str) -> bool:
        """Whether this run claimed a use of the instruction, as the state says, also if it gave it back."""
        claimed = [*self._state["spent"].values(), self._state.get("given_back", [])]
        return any(run_id in runs for runs in claimed)

    def _runs(self, use: Use) -> list[str]:
        """The runs that hold such a use, claimed or spent: as the state says, and every certified run, should that be old.

        Less those that gave it back, as the state or their own record says.
        """
        held = list(self._state["spent"].get(use.value, []))
        ended = [
            run.run_id
            for run in list_runs(self._home)
            if (run.authorisation_id, run.use) == (self.id, use.value) and is_ended(self._home, run.run_id)
        ]
        runs = dict.fromkeys([*held, *ended])
        return [run for run in runs if not self._gave_back(run)]

    def _gave_back(self, run_id: str) -> bool:
        return run_id in self._state.get("given_back", []) or gave_back(self._home, run_id)

    def spend(self, instruction: Instruction, use: Use, run_id: str) -> None:
        """Spend one use for this run; again for the same run changes nothing.

        What others spent or withdrew meanwhile counts. Raises UseError, AuthorisationError (withdrawn).
        """
        with self._changing() as state:
            self.refuse_withdrawn()
            if run_id not in self._runs(use):
                self.check_use(instruction, use)
                state["spent"][use.value] = [*self._runs(use), run_id]
                state["given_back"] = [run for run in state.get("given_back", []) if run != run_id]

    def give_back(self, run_id: str) -> None:
        """Give back the use that this run claimed; again changes nothing."""
        if any(run_id in runs for runs in self._state["spent"].values()):
            with self._changing() as state:
                state["spent"] = {u: [r for r in runs if r != run_id] for u, runs in state["spent"].items()}
                state["given_back"] = [*state.get("given_back", []), run_id]

    @property
    def withdrawn(self) -> bool:
        """Whether the instruction no longer holds. A file of its own: a run that spends its use cannot undo it."""
        return (self._folder / "withdrawn").is_file()

    def withdraw(self, evidence: dict[str, bytes]) -> None:
        """The instruction no longer holds; what shows it (a signed withdrawal, if there is one) is kept sealed."""
        data = json.dumps({name: data.hex() for name, data in evidence.items()}).encode()
        Subjects(self._home).put(self.subject, f"withdrawal-{self.id}", data)
        write_durably(self._folder / "withdrawn", b"")

    def keep(
        self, subject_id: str, persons: tuple[str, ...], signed: Signed, trust: TrustStore, signers: bytes
    ) -> None:
        """Keep the document, its signatures (or its attested page), whose they are, and the trust material, sealed."""
        evidence = {"instruction.json": signed.document, **_signatures(signed), **trust.raw, **self.page()}
        evidence[SIGNERS] = signers
        if signed.patients is not None:
            evidence[PATIENT_LIST] = signed.patients
        with self._changing() as state:
            self._put(subject_id, "evidence", evidence)
            state |= {"subject": subject_id, "persons": list(persons)}

    def _put(self, subject_id: str, name: str, evidence: dict[str, bytes]) -> None:
        data = json.dumps({file: held.hex() for file, held in evidence.items()}).encode()
        Subjects(self._home).put(subject_id, f"{name}-{self.id}", data)

    def pend(self, subject_id: str, persons: tuple[str, ...], evidence: dict[str, bytes]) -> None:
        """Keep what waits for a second operator's attestation, sealed. Raises AuthorisationError (already_recorded)."""
        with self._changing() as state:
            if state["subject"] is not None:
                raise AuthorisationError("already_recorded")
            self._put(subject_id, "pending", evidence)
            state |= {"pending": subject_id, "persons": list(persons)}

    def pending(self) -> dict[str, bytes]:
        """What waits for an attestation, by file name. Raises AuthorisationError (nothing_to_attest)."""
        data = None
        if self._state["subject"] is None and self._state.get("pending") is not None:
            data = Subjects(self._home).get(self._state["pending"], f"pending-{self.id}")
        if data is None:
            raise AuthorisationError("nothing_to_attest")
        return {name: bytes.fromhex(value) for name, value in json.loads(data).items()}

    def keep_attested(self, evidence: dict[str, bytes]) -> None:
        """What waited is now the evidence: it holds both attestations."""
        with self._changing() as state:
            self._put(state["pending"], "evidence", evidence)
            state["subject"] = state["pending"]
        Subjects(self._home).drop(self.subject, f"pending-{self.id}")

    def page(self) -> dict[str, bytes]:
        """The scanned page and its attestations, when that is how the instruction was signed; else nothing."""
        if self._state["subject"] is None:
            return {}
        kept = self.evidence()
        if ATTESTATIONS not in kept:
            return {}
        return {n: data for n, data in kept.items() if n == ATTESTATIONS or n.startswith(SCAN)}

    def note_signing(self, signing: dict[str, Any]) -> None:
        """Keep how and in which capacities the instruction was signed: enumeration values, no names."""
        with self._changing() as state:
            state["signing"] = signing

    @property
    def signing(self) -> dict[str, Any]:
        """What `note_signing` kept."""
        return dict(self._state.get("signing") or {})

    def evidence(self) -> dict[str, bytes]:
        """What was kept, by file name. Raises AuthorisationError when nothing is."""
        if self._state["subject"] is None:
            raise AuthorisationError("no_such_authorisation")
        data = Subjects(self._home).get(self._state["subject"], f"evidence-{self.id}")
        if data is None:
            raise AuthorisationError("evidence_erased")
        return {name: bytes.fromhex(value) for name, value in json.loads(data).items()}

    @property
    def subject(self) -> str:
        """Opaque id of the doctor whose record seals the evidence."""
        return str(self._state["subject"])

    @property
    def persons(self) -> tuple[str, ...]:
        """Opaque ids of everybody whom the instruction concerns; a state of the first release says the first one only."""
        known = self._state.get("persons") or [self._state["subject"] or self._state.get("pending")]
        return tuple(str(person) for person in known if person is not None)

    @property
    def state(self) -> dict[str, Any]:
        """Id, uses spent, withdrawn or not."""
        spent = {use: len(runs) for use, runs in self._state["spent"].items()}
        pending = self._state["subject"] is None and self._state.get("pending") is not None
        return {"id": self.id, "spent": spent, "withdrawn": self.withdrawn, "pending": pending}


def gave_back(home: Path, run_id: str) -> bool:
    """Whether an ended run's own record says that it gave its use back; what cannot be read gives nothing back.

    Of one that has not ended the ledger may not say so yet.
    """
    if not is_ended(home, run_id):
        return False
    try:
        found = read_run_file(home, run_id, RunFile.USE)
    except IntegrityError:
        return False
    return found is not None and found.get("state") == GIVEN_BACK


def clear_was_seen(home: Path, authorisation_id: str) -> bool:
    """Whether a run of this instruction met a clear export; true too where what a run met can no longer be read."""
    leases, out_of_reach = readable_runs(home)
    ours = [lease for lease in leases if lease.authorisation_id == authorisation_id]
    if out_of_reach or any(lease.seen_clear or lease.sealed_source is False for lease in ours):
        return True
    damaged, register = list_unreadable(home), _open_or_none(home, authorisation_id)
    return any(register is None or register.ran(run) for run in damaged)


def owners_without_lease(home: Path) -> dict[str, str | None]:
    """Whose the runs are whose damaged lease was set aside: the uses of the instructions still say.

    None where the instruction's record is damaged as well, or lost.
    """
    damaged, folder = list_unreadable(home), home / "authorisations"
    found = [_open_or_none(home, path.name) for path in sorted(folder.iterdir())] if damaged else []
    registers = [register for register in found if register is not None]
    return {run: next((r.subject for r in registers if r.ran(run)), None) for run in damaged}


def _open_or_none(home: Path, authorisation_id: str) -> InstructionRegister | None:
    try:
        return InstructionRegister(home, None, authorisation_id)
    except (IntegrityError, OSError, ValueError, TypeError):
        return None


def _signatures(signed: Signed) -> dict[str, bytes]:
    """The signed page, which holds its signatures; or the signatures that lay beside the document."""
    if signed.pdf is not None:
        return {PAGE: signed.pdf}
    numbered = enumerate(signed.signatures)
    return {f"instruction.json{f'.{number}' if number else ''}.p7s": one.cms for number, one in numbered}
