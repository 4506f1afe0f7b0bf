"""The answers for programs, as records: opaque ids, codes, counts, moments. No name, no place, no value of a patient's record."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from flows.views.completeness import Completeness, IndexedRun
from flows.views.runs import RunRow, RunSheet
from flows.views.today import HeldRow, Today, Unconfirmed
from schemas.json_types import Count, Moment
from schemas.outcome import Cause, Outcome
from schemas.public_formats import Fate
from schemas.record import Record
from vault.runs.state import RunState

RunId = Annotated[str, Meta(description="The random name of a run")]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]


class Problem(Record, frozen=True):
    """Why there is no answer (RFC 9457)."""

    title: str
    status: int
    code: str
    type: Literal["about:blank"] = "about:blank"


class RunFact(Record, frozen=True):
    """One run, as lists show it."""

    run: RunId
    use: str
    state: RunState
    outcome: Annotated[Outcome | None, Meta(description="How it ended; null before its end")]
    created: Moment
    deadline: Annotated[Moment, Meta(description="When its staging must be gone")]
    seconds_left: Annotated[int, Meta(description="Until the deadline; negative once it has passed")]
    ended: Annotated[bool, Meta(description="Its staging is destroyed, checked and certified")]
    overdue: bool
    failure: Annotated[Code | None, Meta(description="The code of the error that stopped it")]

    @classmethod
    def of(cls, row: RunRow) -> RunFact:
        """Returns the fact of a row."""
        return cls(
            run=row.run,
            use=row.use,
            state=row.state,
            outcome=row.outcome,
            created=row.created,
            deadline=row.deadline,
            seconds_left=row.seconds_left,
            ended=row.ended,
            overdue=not row.ended and row.seconds_left <= 0,
            failure=row.failure,
        )


class Runs(Record, frozen=True):
    """A page of the list of runs, newest first."""

    runs: list[RunFact]
    total: Annotated[Count, Meta(description="How many runs are wanted, on all pages")]
    offset: Count
    limit: Count


class StepFact(Record, frozen=True):
    """One step of a run."""

    step: str
    state: Literal["done", "now", "failed", "ahead", "skipped"]
    at: Moment | None


class ReasonFact(Record, frozen=True):
    """Why units were not delivered whole."""

    disposition: str
    reason: str
    units: Count


class EntryFact(Record, frozen=True):
    """One entry of the ledger about a run."""

    seq: Count
    at: Moment
    type: str
    code: Code
    counts: dict[str, int]


class RunDetail(Record, frozen=True):
    """One run in full."""

    run: RunFact
    doctor: Annotated[str | None, Meta(description="An opaque id; null for roles that see no personal data")]
    cause: Cause | None
    steps: list[StepFact]
    balance: Annotated[dict[str, dict[str, int]], Meta(description="Units by kind, then by how they ended")]
    reasons: list[ReasonFact]
    key_provider: str
    ended_at: Moment | None
    import_state: Literal["opened", "imported", "accepted"] | None
    export: Annotated[Fate | None, Meta(description="What became of the received export")]
    package: Annotated[Fate | None, Meta(description="What became of the package")]
    entries: list[EntryFact]

    @classmethod
    def of(cls, sheet: RunSheet, doctor: str | None) -> RunDetail:
        """Returns the detail of a sheet."""
        found = sheet.status
        return cls(
            run=RunFact.of(sheet.row),
            doctor=doctor,
            cause=found.cause,
            steps=[
                msgspec.convert({"step": s.name, "state": s.state, "at": s.at}, StepFact) for s in sheet.steps
            ],
            balance=sheet.balance,
            reasons=[ReasonFact(*one) for one in sheet.reasons],
            key_provider=found.key_provider,
            ended_at=found.ended,
            import_state=found.import_state.value if found.import_state else None,
            export=found.source_fate,
            package=found.package_fate,
            entries=[
                EntryFact(seq=e["seq"], at=e["at"], type=e["type"], code=e["code"], counts=e["n"])
                for e in sheet.entries
            ],
        )


class UnconfirmedFact(Record, frozen=True):
    """A delivered package of which the practice has not said that it is imported."""

    run: RunId
    days: Count
    late: Literal["plain", "warn", "bad"]

    @classmethod
    def of(cls, one: Unconfirmed) -> UnconfirmedFact:
        """Returns the fact of a row."""
        return cls(
            one.row.run, max(one.days, 0), msgspec.convert(one.severity, Literal["plain", "warn", "bad"])
        )


class HeldFact(Record, frozen=True):
    """A copy that the operator still holds."""

    kind: Literal["source", "package"]
    run: RunId | None
    until: Moment
    bytes: Count
    overdue: bool

    @classmethod
    def of(cls, one: HeldRow) -> HeldFact:
        """Returns the fact of a row."""
        return cls(
            msgspec.convert(one.kind, Literal["source", "package"]),
            one.run,
            one.until,
            one.bytes,
            one.overdue,
        )


class TodayFact(Record, frozen=True):
    """What needs attention."""

    staged: Annotated[list[RunFact], Meta(description="Runs without a certificate, most urgent first")]
    unconfirmed: list[UnconfirmedFact]
    held: list[HeldFact]

    @classmethod
    def of(cls, found: Today) -> TodayFact:
        """Returns the facts of the start page."""
        return cls(
            staged=[RunFact.of(row) for row in found.staged],
            unconfirmed=[UnconfirmedFact.of(one) for one in found.unconfirmed],
            held=[HeldFact.of(one) for one in found.held],
        )


class CompletenessFact(Record, frozen=True):
    """Whether the log shows an end for each run that it shows a start of; by the index, which is of exactly this head."""

    complete: Annotated[bool, Meta(description="No gap, nothing overdue, no second end, each end certified")]
    started: Annotated[Count, Meta(description="Runs with a start in the log")]
    ended: Annotated[Count, Meta(description="Runs with an end in the log")]
    running: Annotated[Count, Meta(description="Runs without an end whose deadline is ahead")]
    overdue: Annotated[Count, Meta(description="Runs without an end whose deadline has passed")]
    missing_numbers: Annotated[Count, Meta(description="Numbers of runs that no start bears")]
    ended_twice: Count
    not_certified: Annotated[Count, Meta(description="Ends in the log whose run has no certificate here")]
    size: Annotated[Count, Meta(description="The number of entries of the head")]
    root: Annotated[str, Meta(description="The root of the head, in base64")]

    @classmethod
    def of(cls, found: Completeness) -> CompletenessFact:
        """Returns the fact of what the index counted."""
        return cls(complete=found.complete, **vars(found))


class CertifiedRun(Record, frozen=True):
    """A run in the log: where its start and its end are, and the proof folder that was issued last."""

    number: Annotated[Count, Meta(description="Its number in the log, without gaps")]
    run: RunId
    started_at: Moment | None
    ended_at: Moment | None
    end_seq: Annotated[int | None, Meta(description="The index of the entry of its end")]
    cause: Code | None
    imported: Literal["opened", "imported", "accepted"] | None
    manifest: Annotated[str | None, Meta(description="SHA-256 of the folder's manifest, in base64")]

    @classmethod
    def of(cls, one: IndexedRun) -> CertifiedRun:
        """Returns the fact of a row of the index."""
        return msgspec.convert(vars(one) | {"imported": one.imported or None}, cls)


class Proofs(Record, frozen=True):
    """A part of the runs in the log, in the order of their numbers."""

    runs: list[CertifiedRun]
    next: Annotated[int | None, Meta(description="`after` of the next part; null at the end")]


class LedgerFact(Record, frozen=True):
    """The signed head of the log."""

    origin: str
    key: Annotated[str, Meta(description="The verifier key (C2SP signed-note)")]
    size: Count
    root: Annotated[str, Meta(description="The root hash, in base64")]
    checkpoint: Annotated[str, Meta(description="The checkpoint with its signatures (C2SP tlog-checkpoint)")]
    signatures: Annotated[Count, Meta(description="Signature lines, those of witnesses included")]


class HostFact(Record, frozen=True):
    """Sweep, alarms and index of the home on this host."""

    runs: Annotated[dict[str, int], Meta(description="Runs by state")]
    overdue: Count
    unknown_staging: Count
    last_sweep: Moment | None
    sweep_age_seconds: int | None
    new_here: Annotated[bool, Meta(description="This host has no record of the home")]
    alarms: Annotated[list[str], Meta(description="Codes, worst first")]
    version: str
    index_entries: Annotated[Count, Meta(description="Entries of the log that the index has taken in")]


class Health(Record, frozen=True):
    """Whether everything is in order; details only for those who may read them."""

    status: Literal["ok", "failing"]
    alarms: list[str] | None = None
