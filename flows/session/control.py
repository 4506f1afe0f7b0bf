"""The context of one act in the control process: home, site, operator, clock and ledger."""

from __future__ import annotations

import contextlib
import os
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from pathlib import Path

from connectors.base import DEEPEST, Limits
from connectors.sources.documents.patterns import is_pattern
from flows.session.acts import record_interrupted, recording_refusal
from flows.session.orders import Order, drop_order, load_order, save_order
from schemas.errors import (
    AuthorisationError,
    ForkError,
    HomeError,
    HostError,
    IntegrityError,
    LedgerError,
    OperatorError,
    RefusedError,
    RepriseError,
)
from schemas.outcome import Cause
from schemas.site_codes import load_site_codes
from schemas.steps import Counts
from vault.authorisation.check import Authorisation, release_use
from vault.destruction.destroy import remove
from vault.home.host_record import HostRecord
from vault.home.replay import Replayed, close_restore, destroyed_in, hand_to_sweep, replay, restore_pending
from vault.home_folder import Home
from vault.ledger.completeness import AFTERWARDS
from vault.ledger.entries import EntryType, Ledger, Recorded, commit
from vault.ledger.home_log import open_store
from vault.proof.proven import keep_proven, listing_of
from vault.records.operator_keys import prove
from vault.records.operators import Operator, Proof, find_operator, operator_by_id
from vault.records.subjects import Subjects
from vault.runs.facts import Failure, GivenUp, drop_fact, has_fact, write_fact
from vault.runs.journal import Journal
from vault.runs.lease import Lease, set_unreadable_aside, take_over
from vault.runs.run import Run, entries_of
from vault.site import Site
from vault.staging.ownership import make_staging
from vault.system.clock import Clock, SystemClock, parse_utc

SWEEPER = "sweep"
_STATING_EARLIER_ENTRIES = (EntryType.DESTRUCTION_COMPLETED.value, *AFTERWARDS)


@dataclass(frozen=True)
class Control:
    """The operator who acts, the home, the clock, and the ledger in which the acts are recorded."""

    home: Home
    operator: Operator | None
    clock: Clock
    ledger: Ledger

    @classmethod
    def open(cls, home: Home, operator: str, clock: Clock | None = None) -> Control:
        """Open a home for an operator.

        Raises OperatorError if the operator is missing or unknown; HomeError (site_setting_unknown, limit_too_high) for a limit
        that does not exist or cannot be kept; HostError (foreign_user).
        """
        return cls._open_for(home, lambda: find_operator(home, operator), clock)

    @classmethod
    def open_signed_in(
        cls, home: Home, operator_id: str, account_id: str, clock: Clock | None = None
    ) -> Control:
        """Open a home for an operator who signed in to an account, which proves who they are. Raises what `open` raises."""
        proof = Proof("account", account_id)
        return cls._open_for(home, lambda: replace(operator_by_id(home, operator_id), proof=proof), clock)

    def proved(self, passphrase: str) -> Control:
        """Return this control for an operator who proves with their key who they are.

        Raises OperatorError: operator_without_key, passphrase_wrong; the refusal is a ledger entry.
        """
        with recording_refusal(self):
            proof = prove(self.home, self.person.id, passphrase)
        return replace(self, operator=replace(self.person, proof=proof))

    @classmethod
    def _open_for(cls, home: Home, find: Callable[[], Operator], clock: Clock | None) -> Control:
        refuse_foreign_user(home)
        bare = cls.open_to_look(home, clock)
        if not bare.site.limits.keys() <= {limit.name for limit in fields(Limits)}:
            raise HomeError("site_setting_unknown")
        if not all(map(is_pattern, bare.site.document_paths)):
            raise HomeError("site_setting_unknown")
        if bare.site.limits.get("max_depth", 0) > DEEPEST:
            raise HomeError("limit_too_high", limit=DEEPEST)
        load_site_codes(home.path)
        with recording_refusal(bare):
            person = find()
        control = replace(bare, operator=person)
        record_interrupted(control)
        return control

    @classmethod
    def open_to_look(cls, home: Home, clock: Clock | None = None) -> Control:
        """Open a home read-only, or for the sweep, which acts without an operator.

        Raises ForkError (home_rolled_back, host_record_missing). In a restored home, erasures are repeated first.
        """
        return cls._open_unchecked(home, clock).refuse_or_forget()

    @classmethod
    def open_restored(cls, home: Home, operator: str) -> Control:
        """Open a home for the operator who restored it. Raises ForkError (see `open_to_look`), OperatorError."""
        return cls.open_rolled_back(home, operator).refuse_or_forget()

    def refuse_or_forget(self) -> Control:
        """Refuse a home that was rolled back; repeat the erasures in a restored home. Return this control."""
        try:
            self.memory.refuse_rollback(self.ledger.store)
        except ForkError as error:
            if error.code != "host_record_missing" or not restore_pending(self.home):
                raise
        if restore_pending(self.home):
            self.forget_again("restored")
        return self

    @classmethod
    def open_rolled_back(cls, home: Home, operator: str, clock: Clock | None = None) -> Control:
        """Open a home that is older than this host's record of it, for the operator who accepts that."""
        refuse_foreign_user(home)
        return replace(cls._open_unchecked(home, clock), operator=find_operator(home, operator))

    @classmethod
    def _open_unchecked(cls, home: Home, clock: Clock | None) -> Control:
        clock = clock or SystemClock()
        return cls(home, None, clock, Ledger(open_store(home), clock))

    @property
    def site(self) -> Site:
        """The settings of the home."""
        return self.home.site

    @property
    def memory(self) -> HostRecord:
        """This host's record of the home, which is outside the home."""
        return HostRecord.of(self.home)

    def forget_again(self, code: str, counts: dict[str, int] | None = None) -> Replayed:
        """Repeat earlier erasures and destructions, leave unfinished runs to the sweep, and record that in the ledger."""
        set_unreadable_aside(self.home)  # the sweep then ends these runs
        with (
            self.ledger.store.locked()
        ):  # so that only one of two processes that open a restored home repeats them
            if code == "restored" and not restore_pending(self.home):
                return Replayed()
            unfinished = hand_to_sweep(self.home, code)
            replayed = replay(
                self.home,
                self.memory,
                self.clock,
                self.record_issue,
                destroyed_in(self.ledger.store),
            )
            replayed = replace(replayed, alive=unfinished)
            self.record(EntryType.HOME_RESTORED, None, code, {**replayed.counts(), **(counts or {})})
            if code == "restored":  # an operator confirmed it, perhaps on another host or in another folder
                self.memory.note_head(self.ledger.store, forced=True)
            close_restore(self.home)
        return replayed

    @classmethod
    def open_for_sweep(cls, home: Home, clock: Clock | None = None) -> Control:
        """Open a home for the sweep, which acts without an operator, even if this host's record is damaged or missing.

        Raises HostError (foreign_user).
        """
        refuse_foreign_user(home)
        try:
            control = cls.open_to_look(home, clock)
            record_interrupted(control)
            return control
        except LedgerError as unusable:
            if unusable.code not in ("host_record_malformed", "host_record_missing"):
                raise
        return cls._open_unchecked(home, clock)

    @property
    def person(self) -> Operator:
        """The operator who acts. Raises RefusedError (no_operator) in a control without an operator."""
        if self.operator is None:
            raise RefusedError("no_operator")
        return self.operator

    @property
    def proven_person(self) -> Operator:
        """The operator, for an act that needs two people. Raises OperatorError (operator_not_proven) if only a name is known."""
        if self.person.proof is None:
            raise OperatorError("operator_not_proven")
        return self.person

    def _operator_commitment(self, entry_type: EntryType) -> dict[str, str]:
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
        """Append a ledger entry of this operator, and note the new head in this host's record. Return the entry.

        The entry that ends a run, and each later one, states the number of the run's entries before it (`earlier`), so that a
        proof folder cannot omit any of them.
        """
        with self.ledger.store.locked():
            if run_id is not None and entry_type.startswith(_STATING_EARLIER_ENTRIES):
                counts = {
                    **(counts or {}),
                    "earlier": len(entries_of(self.ledger.store, run_id, self._start_of(run_id))),
                }
            recorded = self.ledger.record(
                entry_type,
                run_id,
                code,
                commitments={**self._operator_commitment(entry_type), **commitments},
                counts=counts,
            )
        # an error here must not stop a destruction; `reprise doctor` reports the lag
        with contextlib.suppress(OSError, LedgerError):
            if entry_type is EntryType.DESTRUCTION_COMPLETED and run_id is not None:
                self.memory.note_gone("destroyed", run_id)
            self.memory.note_head(self.ledger.store)
        return recorded

    def run(self, lease: Lease) -> Run:
        """Return the run of a lease."""
        return Run(self.home, lease, self.ledger.store)

    def _start_of(self, run_id: str) -> int:
        """Return an index before which the log has no entry of a run; 0 if the run's lease is damaged."""
        try:
            return Lease.load(self.home, run_id).ledger_start
        except (OSError, IntegrityError):
            return 0

    def record_refused(self, refusal: RepriseError) -> None:
        """Record a refusal by its code."""
        self.record(EntryType.AUTHORISATION_REFUSED, None, refusal.code, {"exit": refusal.exit_code})

    def record_start(self, lease: Lease, authorisation: Authorisation) -> None:
        """Record the passed check, then the run's start with its deadline."""
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
        """Return a commitment that is equal for all runs of one instruction, so that the log alone shows how often it was used.

        It is made with the salts of all persons whom the instruction concerns. After the erasure of one of them, nobody can
        connect it with the instruction.
        """
        salt = sha256(b"uses" + lease.authorisation_id.encode() + b"".join(self._salts(lease) or ())).digest()
        document = authorisation.instruction.document
        return commit(salt, EntryType.RUN_STARTED.value, "uses", document)

    def record_issue(self, run_id: str, manifest: bytes) -> None:
        """Record that a proof folder with this manifest is issued, unless the log has that entry."""
        digest = digest_b64(manifest)
        with self.ledger.store.locked():
            entries = entries_of(self.ledger.store, run_id, self._start_of(run_id))
            if digest not in {e["c"].get("manifest") for _, e in entries}:
                self.record(EntryType.PROOF_ISSUED, run_id, "issued", manifest=digest)

    def authorisation_salt(self, lease: Lease) -> bytes | None:
        """Return the salt of the ledger's commitment to the run's instruction; None if a person of the run was erased."""
        salts = self._salts(lease)
        return None if salts is None else sha256(lease.run_id.encode() + b"".join(salts)).digest()

    def _salts(self, lease: Lease) -> list[bytes] | None:
        """Return the salts of all persons whom a run concerned when it began; None if one of them was erased."""
        subjects = Subjects(self.home)
        records = [subjects.read(person) for person in lease.persons or (lease.subject_id,)]
        salts = [record.salt_bytes for record in records if record is not None]
        return salts if len(salts) == len(records) else None

    def forget(self, lease: Lease) -> None:
        """Give back the use of a run that never began, and remove its lease and order. Such a run has read no source."""
        release_use(self.home, lease.authorisation_id, lease.run_id)
        for folder in lease.folders:
            remove(folder)
        drop_order(self.home, str(lease.order_id))
        remove(self.home.run(lease.run_id))

    def record_failed(self, lease: Lease, error: RepriseError) -> None:
        """Record a failed run by its code."""
        write_fact(self.home, lease.run_id, Failure(error.code, error.exit_code))
        self.record(EntryType.RUN_FAILED, lease.run_id, error.code, {"exit": error.exit_code})

    def record_delivered(self, lease: Lease, counts: dict[str, Counts]) -> None:
        """Record a delivery, with the counts of units by disposition."""
        if self.run(lease).has_recorded(EntryType.RUN_DELIVERED):
            return
        tally = counts.get("reconcile", {}).get("dispositions", {})
        self.record(EntryType.RUN_DELIVERED, lease.run_id, lease.use, {k: int(v) for k, v in tally.items()})

    def record_resumed(self, lease: Lease) -> None:
        """Record a resume, under the same use."""
        drop_fact(self.home, lease.run_id, Failure)
        self.record(EntryType.RUN_RESUMED, lease.run_id, "resumed")

    def record_abandoned(self, lease: Lease, cause: Cause) -> None:
        """Record that a run ends without publication, for this cause."""
        if not has_fact(self.home, lease.run_id, GivenUp):
            write_fact(self.home, lease.run_id, GivenUp(cause))
        if not self.run(lease).has_recorded(EntryType.RUN_ABANDONED):
            self.record(EntryType.RUN_ABANDONED, lease.run_id, self.run(lease).cause)

    def keep_order(self, order: Order) -> str:
        """Seal an order."""
        return save_order(self.home, order)

    def order_of(self, lease: Lease) -> Order:
        """Return the sealed order of a run."""
        return load_order(self.home, str(lease.order_id))

    def take_over(self, lease: Lease) -> Lease:
        """Make this process the run's owner."""
        return take_over(self.home, lease, self.clock)

    def start_over(self, lease: Lease, journal: Journal) -> Lease:
        """Prepare a run whose key is lost to begin again from its source, under the same deadline. Return the changed lease."""
        for folder in lease.folders:
            remove(folder)
        make_staging(self.home, Path(lease.staging))
        journal.append("start_over", {})
        return lease.update(self.home, key_ref=None)


def refuse_foreign_user(home: Home) -> None:
    """Refuse every user except the home's owner, also root, because only the owner sees the keys in the owner's keyring.

    To another user, a key that exists would seem to be gone. Raises HostError (foreign_user).
    """
    if home.path.is_dir() and home.path.stat().st_uid != os.geteuid():
        raise HostError("foreign_user")


def digest_b64(data: bytes) -> str:
    """Return SHA-256 in base64, for objects without personal data."""
    return b64encode(sha256(data).digest()).decode()
