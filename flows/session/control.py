"""The control process's hands: home, site, operator, clock and ledger of one act."""

from __future__ import annotations

import contextlib
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from connectors.base import DEEPEST, Limits
from flows.session.orders import Order, drop_order, load_order, save_order
from schemas.errors import (
    AuthorisationError,
    ForkError,
    HomeError,
    HostError,
    IntegrityError,
    LedgerError,
    RefusedError,
    RepriseError,
)
from schemas.outcome import Cause
from vault.authorisation.check import Authorisation, release_use
from vault.destruction.destroy import remove
from vault.home.host_record import HostRecord
from vault.home.replay import Replayed, close_restore, destroyed_in, hand_to_sweep, replay, restore_pending
from vault.ledger.completeness import AFTERWARDS
from vault.ledger.entries import EntryType, Ledger, Recorded, commit
from vault.ledger.home_log import open_store
from vault.proof.proven import keep_proven, listing_of
from vault.records.operators import Operator, find_operator
from vault.records.subjects import Subjects
from vault.runs.facts import RunFile, drop_run_file, has_run_file, write_run_file
from vault.runs.journal import Journal
from vault.runs.lease import Lease, set_unreadable_aside, take_over
from vault.runs.run import Run, entries_of
from vault.site import Site
from vault.staging.ownership import make_staging
from vault.system.clock import Clock, SystemClock, parse_utc

SWEEPER = "sweep"
_COUNTING = (EntryType.DESTRUCTION_COMPLETED.value, *AFTERWARDS)


@dataclass(frozen=True)
class Control:
    """Who acts, where, and by which clock."""

    home: Path
    site: Site
    operator: Operator | None
    clock: Clock
    ledger: Ledger

    @classmethod
    def open(cls, home: Path, operator: str, clock: Clock | None = None) -> Control:
        """Open a home for an operator.

        Raises OperatorError when nobody, or nobody known, acts; HomeError (site_setting_unknown, limit_too_high) for a
        limit that there is not, or that cannot be kept; HostError (foreign_user).
        """
        refuse_foreign_user(home)
        bare = cls.open_to_look(home, clock)
        if not bare.site.limits.keys() <= {limit.name for limit in fields(Limits)}:
            raise HomeError("site_setting_unknown")
        if bare.site.limits.get("max_depth", 0) > DEEPEST:
            raise HomeError("limit_too_high", limit=DEEPEST)
        try:
            person = find_operator(home, operator)
        except RefusedError as refusal:
            bare.record_refused(refusal)
            raise
        return cls(home, bare.site, person, bare.clock, bare.ledger)

    @classmethod
    def open_to_look(cls, home: Path, clock: Clock | None = None) -> Control:
        """Open a home for looking, or for the sweep, which answers for itself.

        Raises ForkError (home_rolled_back, host_record_missing). A home out of a backup first forgets again.
        """
        return cls._open_unchecked(home, clock).refuse_or_forget()

    @classmethod
    def open_restored(cls, home: Path, operator: str) -> Control:
        """The same, for the operator who restored it. Raises OperatorError too."""
        return cls.open_rolled_back(home, operator).refuse_or_forget()

    def refuse_or_forget(self) -> Control:
        """Refuse a home that was rolled back; let one out of a backup forget again. Gives itself."""
        try:
            self.memory.refuse_rollback(self.ledger.store)
        except ForkError as error:
            if error.code != "host_record_missing" or not restore_pending(self.home):
                raise
        if restore_pending(self.home):
            self.forget_again("restored")
        return self

    @classmethod
    def open_rolled_back(cls, home: Path, operator: str, clock: Clock | None = None) -> Control:
        """Open a home of which this host remembers more than it holds, for the operator who accepts that."""
        refuse_foreign_user(home)
        bare = cls._open_unchecked(home, clock)
        return cls(home, bare.site, find_operator(home, operator), bare.clock, bare.ledger)

    @classmethod
    def _open_unchecked(cls, home: Path, clock: Clock | None) -> Control:
        clock = clock or SystemClock()
        return cls(home, Site.load(home), None, clock, Ledger(open_store(home), clock))

    @property
    def memory(self) -> HostRecord:
        """What this host remembers of the home, outside of it."""
        return HostRecord.of(self.home, self.site)

    def forget_again(self, code: str, counts: dict[str, int] | None = None) -> Replayed:
        """Erase and destroy again what had been, give living runs over to the sweep, and say so in the ledger."""
        set_unreadable_aside(self.home)  # of which the sweep then makes an end
        with self.ledger.store.locked():  # of two that open a restored home at once, one does it
            if code == "restored" and not restore_pending(self.home):
                return Replayed()
            alive = hand_to_sweep(self.home, code)
            found = replay(
                self.home,
                self.site,
                self.memory,
                self.clock,
                self.record_issue,
                destroyed_in(self.ledger.store),
            )
            found = replace(found, alive=alive)
            self.record(EntryType.HOME_RESTORED, None, code, {**found.counts(), **(counts or {})})
            if code == "restored":  # by an operator's word; on another host, or in another place
                self.memory.note_head(self.ledger.store, forced=True)
            close_restore(self.home)
        return found

    @classmethod
    def open_for_sweep(cls, home: Path, clock: Clock | None = None) -> Control:
        """The sweep acts by the site's standing order; what is due dies though this host's memory is damaged or gone.

        Raises HostError (foreign_user).
        """
        refuse_foreign_user(home)
        try:
            return cls.open_to_look(home, clock)
        except LedgerError as unusable:
            if unusable.code not in ("host_record_malformed", "host_record_missing"):
                raise
        return cls._open_unchecked(home, clock)

    @property
    def person(self) -> Operator:
        """The operator who acts."""
        if self.operator is None:
            raise RefusedError("no_operator")
        return self.operator

    def _by(self, entry_type: EntryType) -> dict[str, str]:
        if self.operator is None:
            return {"operator": SWEEPER}
        data = self.operator.id.encode()
        return {"operator": commit(self.operator.salt.reveal(), entry_type.value, "operator", data)}

    def record(
        self,
        entry_type: EntryType,
        run_id: str | None,
        code: str,
        counts: dict[str, int] | None = None,
        **commitments: str,
    ) -> Recorded:
        """Write a ledger entry for this operator; the host remembers the head outside of the home.

        The entry that ends a run, and each after it, counts the run's entries before it (`earlier`): none can be left out
        of a proof folder.
        """
        with self.ledger.store.locked():
            if run_id is not None and entry_type.startswith(_COUNTING):
                counts = {
                    **(counts or {}),
                    "earlier": len(entries_of(self.ledger.store, run_id, self._start_of(run_id))),
                }
            made = self.ledger.record(
                entry_type, run_id, code, commitments={**self._by(entry_type), **commitments}, counts=counts
            )
        with contextlib.suppress(
            OSError, LedgerError
        ):  # no reason to stop a destruction; `reprise doctor` sees the lag
            if entry_type is EntryType.DESTRUCTION_COMPLETED and run_id is not None:
                self.memory.note_gone("destroyed", run_id)
            self.memory.note_head(self.ledger.store)
        return made

    def run(self, lease: Lease) -> Run:
        """The run of a lease."""
        return Run(self.home, lease, self.ledger.store)

    def _start_of(self, run_id: str) -> int:
        """Where a run's entries begin at the earliest; the beginning of the log for one whose lease is damaged."""
        try:
            return Lease.load(self.home, run_id).ledger_start
        except (OSError, IntegrityError):
            return 0

    def record_refused(self, refusal: RepriseError) -> None:
        """A refusal, by its code."""
        self.record(EntryType.AUTHORISATION_REFUSED, None, refusal.code, {"exit": refusal.exit_code})

    def record_start(self, lease: Lease, authorisation: Authorisation) -> None:
        """The check that passed, then the run's start with its deadline."""
        if self.run(lease).began:
            return
        salt = self.authorisation_salt(lease)
        if salt is None:
            raise AuthorisationError("evidence_erased")
        if not self.run(lease).has_recorded(EntryType.AUTHORISATION_CHECKED):
            checked, signing = EntryType.AUTHORISATION_CHECKED, authorisation.signing
            document, listing = authorisation.instruction.document, listing_of(keep_proven(self.home, lease))
            self.record(
                checked,
                lease.run_id,
                signing.signature.value,
                {"signatures": len(signing.signers)},
                authorisation=commit(salt, checked.value, "instruction", document),
                evidence=commit(salt, checked.value, "evidence", listing),
            )
        deadline = int(parse_utc(lease.deadline).timestamp())
        counts = {"deadline_s": deadline, "allowed": authorisation.instruction.uses[lease.use]}
        uses = self._uses_commitment(lease, authorisation)
        self.record(EntryType.RUN_STARTED, lease.run_id, lease.use, counts, uses=uses)

    def _uses_commitment(self, lease: Lease, authorisation: Authorisation) -> str:
        """The same for every run of one instruction, and for no other: so an auditor counts its uses in the log alone.

        It is made with the salts of everybody whom the instruction concerns, and cannot be opened once one is erased.
        """
        salt = sha256(b"uses" + lease.authorisation_id.encode() + b"".join(self._salts(lease) or ())).digest()
        document = authorisation.instruction.document
        return commit(salt, EntryType.RUN_STARTED.value, "uses", document)

    def record_issue(self, run_id: str, manifest: bytes) -> None:
        """That a proof folder with this manifest is issued: once for each that differs from those issued before."""
        digest = digest_b64(manifest)
        with self.ledger.store.locked():
            entries = entries_of(self.ledger.store, run_id, self._start_of(run_id))
            if digest not in {e["c"].get("manifest") for _, e in entries}:
                self.record(EntryType.PROOF_ISSUED, run_id, "issued", manifest=digest)

    def authorisation_salt(self, lease: Lease) -> bytes | None:
        """What opens the ledger's commitment to the run's instruction; None once anybody it concerns was erased."""
        salts = self._salts(lease)
        return None if salts is None else sha256(lease.run_id.encode() + b"".join(salts)).digest()

    def _salts(self, lease: Lease) -> list[bytes] | None:
        """The salts of everybody whom a run concerned when it began; None once one of them was erased."""
        subjects = Subjects(self.home)
        records = [subjects.read(person) for person in lease.persons or (lease.subject_id,)]
        salts = [b64decode(record["salt"]) for record in records if record is not None]
        return salts if len(salts) == len(records) else None

    def forget(self, lease: Lease) -> None:
        """Drop the lease of a run that never began: its use is given back, no trace of a source exists."""
        release_use(self.home, lease.authorisation_id, lease.run_id)
        for folder in lease.folders:
            remove(folder)
        drop_order(self.home, str(lease.order_id))
        remove(self.home / "runs" / lease.run_id)

    def record_failed(self, lease: Lease, error: RepriseError) -> None:
        """A run that stopped, by its code."""
        write_run_file(
            self.home, lease.run_id, RunFile.FAILURE, {"code": error.code, "exit": error.exit_code}
        )
        self.record(EntryType.RUN_FAILED, lease.run_id, error.code, {"exit": error.exit_code})

    def record_delivered(self, lease: Lease, counts: dict[str, dict[str, Any]]) -> None:
        """What was delivered, as counts by disposition."""
        if self.run(lease).has_recorded(EntryType.RUN_DELIVERED):
            return
        tally = counts.get("reconcile", {}).get("dispositions", {})
        self.record(EntryType.RUN_DELIVERED, lease.run_id, lease.use, {k: int(v) for k, v in tally.items()})

    def record_resumed(self, lease: Lease) -> None:
        """A resume: the same use."""
        drop_run_file(self.home, lease.run_id, RunFile.FAILURE)
        self.record(EntryType.RUN_RESUMED, lease.run_id, "resumed")

    def record_abandoned(self, lease: Lease, cause: Cause) -> None:
        """The end of a run without publication."""
        if not has_run_file(self.home, lease.run_id, RunFile.CAUSE):
            write_run_file(self.home, lease.run_id, RunFile.CAUSE, {"cause": cause})
        if not self.run(lease).has_recorded(EntryType.RUN_ABANDONED):
            self.record(EntryType.RUN_ABANDONED, lease.run_id, self.run(lease).cause)

    def keep_order(self, order: Order) -> str:
        """Seal an order."""
        return save_order(self.home, order)

    def order_of(self, lease: Lease) -> Order:
        """The sealed order of a run."""
        return load_order(self.home, str(lease.order_id))

    def take_over(self, lease: Lease) -> Lease:
        """Make this process the run's owner."""
        return take_over(self.home, lease, self.clock)

    def start_over(self, lease: Lease, journal: Journal) -> Lease:
        """The key is lost, so staging is: begin again from the source, under the same deadline."""
        for folder in lease.folders:
            remove(folder)
        make_staging(self.home, Path(lease.staging))
        journal.append("start_over", {})
        return lease.update(self.home, key_ref=None)


def refuse_foreign_user(home: Path) -> None:
    """Raise HostError (foreign_user) unless the home's owner acts: in another's keyring its keys are out of sight.

    To root too a live key would look as if it were gone.
    """
    if home.is_dir() and home.stat().st_uid != os.geteuid():
        raise HostError("foreign_user")


def digest_b64(data: bytes) -> str:
    """SHA-256 in base64, for objects without personal data."""
    return b64encode(sha256(data).digest()).decode()
