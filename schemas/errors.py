"""All refusals and failures of Reprise, by the place where they happen.

    RepriseError
    |- RefusedError          10-19  refused by policy; never retried
    |  |- AuthorisationError     10  the instruction or its signature does not hold
    |  |- IntakeError            10  no open intake fits the sealed export
    |  |- FlowRunRefusedError    10  Prefect requests a flow that is not ours
    |  |- TrustError             11  root, revocation material or certificate profile does not hold
    |  |- ScopeError             12  the source, controller, recipient or destination is not the authorised one
    |  |- UseError               13  the authorised uses are spent
    |  |- OperatorError          14  no operator is named, or an unknown one
    |  |- DeadlineError          15  a deadline is above the ceiling, or has passed
    |  |- BusyError              16  another run of this doctor is alive
    |  `- HostError              17  the host does not meet a precondition (swap, core dumps)
    |- SourceError           20-29
    |  |- UnreadableSourceError  20  missing, or it cannot be read
    |  |- UnknownFormatError     21  no connector knows these bytes
    |  |- LimitExceededError     22  larger, deeper or more compressed than a stated limit
    |  `- UnsafeSourceError      23  DOCTYPE, entity, or a path that leaves its folder
    |- SealedSourceError        24  a sealed export was altered or cut short on its way
    |- SchemaError           30-39
    |  `- ContractError          30  a data contract of severity critical does not hold
    |- StagingError          40-49
    |  |- IntegrityError         40  a sealed segment was altered, swapped or cut
    |  `- StorageFullError       41  the disk or a quota is full
    |- KeyServiceError       50-59
    |  |- KeyUnavailableError    50  the provider cannot be reached from here
    |  `- KeyDestroyedError      51  the key is gone: staging is unreadable, extract again
    |- TargetError           60-69
    |  |- TargetRefusedError     60  the destination or a recipient cannot be used
    |  `- PackageError           61  a delivered package does not open, or is incomplete
    |- ReconciliationError   70-79
    |  |- CountMismatchError     70  what was delivered differs from the export
    |  |- UnexplainedUnitError   71  a unit without exactly one disposition
    |  `- CeilingError           72  more degraded or quarantined units than agreed
    |- DestructionError      80-89
    |  |- VerificationFailedError 80 something outlived its destruction: call a person
    |  |- OrphanFoundError       81  staging that no lease explains
    |  |- SweepLateError         82  the sweep has not run in time
    |  `- RunOverdueError        83  a run outlived its deadline
    `- LedgerError           90-99
       |- ForkError              90  two heads that do not agree
       |- ProofError             91  a proof does not hold
       `- UnanchoredError        92  consistent with itself, but no trust anchor was given

A message consists of a code and allow-listed facts: counts, ordinals, opaque ids. It has no free text,
so it cannot carry patient data (`schemas.reprise_error.FACTS`).
"""

from __future__ import annotations

from schemas.reprise_error import FACTS as FACTS  # noqa: PLC0414 - one place to import errors from
from schemas.reprise_error import RepriseError as RepriseError  # noqa: PLC0414


class RefusedError(RepriseError):
    """Refused."""

    exit_code = 10
    advice = "Nothing was changed; the code says what stood in the way."


class AuthorisationError(RefusedError):
    """The authorisation does not hold."""

    advice = "`reprise authorise check FILE` lists every test and what failed."


class TrustError(RefusedError):
    """The signature cannot be trusted."""

    exit_code = 11
    advice = "`reprise trust show` lists the trusted roots and revocation lists with their age."


class ScopeError(RefusedError):
    """Outside what was authorised."""

    exit_code = 12
    advice = (
        "Use the source, recipients and destination that the instruction names, or have it drawn up anew."
    )


class UseError(RefusedError):
    """This authorisation has no such use left."""

    exit_code = 13
    advice = "Ask for a new instruction; a resumed run needs none."


class OperatorError(RefusedError):
    """Nobody answers for this act."""

    exit_code = 14
    advice = "Name the operator: --operator NAME, enrolled with `reprise enrol operator`."


class DeadlineError(RefusedError):
    """A deadline forbids this."""

    exit_code = 15
    advice = "Staging deadlines come from the instruction and may not exceed the site's ceiling."


class BusyError(RefusedError):
    """A run of this doctor is alive."""

    exit_code = 16
    advice = "Wait for it, or resume or abandon it: `reprise runs`."


class IntakeError(RefusedError):
    """The sealed intake does not hold."""

    exit_code = 10
    advice = (
        "`reprise intake list` shows what stands open; have the practice seal to that. A run that began waits: put "
        "the file in the same place and `reprise resume RUN`; once bound to an intake it takes no other."
    )


class HostError(RefusedError):
    """This host does not meet a precondition."""

    exit_code = 17
    advice = "`reprise doctor` says what, and how to mend it."


class HomeError(HostError):
    """The home cannot be opened."""

    advice = "Name it by --home or REPRISE_HOME; what `site.toml` may say is in docs/operations.md."


class FlowRunRefusedError(RefusedError):
    """This flow run is refused."""

    exit_code = 10
    advice = "The worker runs Reprise's own flows alone, unchanged, on the homes it serves: docs/run-a-migration.md."


class RunEndedError(RefusedError):
    """This run has ended."""

    exit_code = 18
    advice = "Its certificate is in the run's proof folder: `reprise status RUN`."


class RetentionError(RefusedError):
    """The law or a living run still needs this record."""

    exit_code = 18
    advice = "`reprise subject show ID` says until when; the refusal is in the ledger."


class SourceError(RepriseError):
    """The source cannot be used."""

    exit_code = 20
    advice = "Ask for the export again."


class UnreadableSourceError(SourceError):
    """The source cannot be read."""

    advice = "Check that the path exists, holds files and may be read; have the export made again if it is cut short."


class UnknownFormatError(SourceError):
    """No connector knows this source."""

    exit_code = 21
    advice = "Reprise reads KMEHR SMF/PMF and HealthOne; check that this is the export and not its index."


class LimitExceededError(SourceError):
    """The source exceeds a stated limit."""

    exit_code = 22
    advice = "See docs/limits.md; a site may raise a limit."


class UnsafeSourceError(SourceError):
    """The source holds something unsafe."""

    exit_code = 23
    advice = (
        "DOCTYPE, entities and paths leaving their folder are never accepted; have the export made again."
    )


class SealedSourceError(RepriseError):
    """The sealed export does not open whole."""

    # Not a SourceError: a damaged file is quarantined and the run continues; here the run waits for an intact copy.
    exit_code = 24
    advice = "Have the same sealed file sent again, put it in the same place and `reprise resume RUN`."


class SchemaError(RepriseError):
    """The data do not fit their tables."""

    exit_code = 30
    advice = "This is a defect of a connector: report it with the code."


class ContractError(SchemaError):
    """A critical data contract does not hold."""

    advice = "Look at the contract's name in the run's report; the export itself is likely at fault."


class StagingError(RepriseError):
    """Staging failed."""

    exit_code = 40
    advice = "Resume the run; if it fails again, abandon it."


class IntegrityError(StagingError):
    """Sealed staging was altered."""

    advice = "Treat this as an incident: abandon the run and find out who could write there."


class StorageFullError(StagingError):
    """The disk is full."""

    exit_code = 41
    advice = "Free space and `reprise resume RUN`."


class KeyServiceError(RepriseError):
    """The key service failed."""

    exit_code = 50
    advice = "Resume the run on the host that started it."


class KeyUnavailableError(KeyServiceError):
    """The run's key cannot be reached."""

    advice = "Resume on the same host and as the same user, or use --keys memory."


class KeyDestroyedError(KeyServiceError):
    """The run's key is gone."""

    exit_code = 51
    advice = "Its staging is unreadable for good: abandon the run and migrate again."


class TargetError(RepriseError):
    """The target cannot be used."""

    exit_code = 60
    advice = "Check the destination."


class TargetRefusedError(TargetError):
    """The target refuses."""

    advice = (
        "The code says what cannot be used: destination, host key, file, or recipient (an age key, age1...)."
    )


class PackageError(TargetError):
    """The package does not open whole."""

    exit_code = 61
    advice = "Fetch the package again; compare the digests of its manifest."


class ReconciliationError(RepriseError):
    """The books do not balance."""

    exit_code = 70
    advice = "Nothing was delivered. Report the code; `reprise abandon RUN` destroys the staging."


class CountMismatchError(ReconciliationError):
    """What was to be delivered is not what came."""


class UnexplainedUnitError(ReconciliationError):
    """A unit has no disposition, or more than one."""

    exit_code = 71


class CeilingError(ReconciliationError):
    """More units degraded or quarantined than agreed."""

    exit_code = 72
    advice = "Abandon the run; have the export mended, or a new instruction with higher ceilings signed."


class DestructionError(RepriseError):
    """Destruction is incomplete."""

    exit_code = 80
    advice = "Call the person on duty; `reprise sweep` tries again."


class VerificationFailedError(DestructionError):
    """Something outlived its destruction."""


class OrphanFoundError(DestructionError):
    """Staging that no lease explains."""

    exit_code = 81
    advice = "Call the person on duty; it is left as it is."


class SweepLateError(DestructionError):
    """The sweep does not come."""

    exit_code = 82
    advice = "`reprise sweep` now; then see why its timer does not call it: `reprise doctor`, `reprise install-sweep`."


class RunOverdueError(DestructionError):
    """A run outlived its deadline."""

    exit_code = 83
    advice = "`reprise sweep` now; when it stays, call the person on duty."


class LedgerError(RepriseError):
    """The ledger does not hold."""

    exit_code = 90
    advice = "Keep the folder as it is and call the person on duty."


class ForkError(LedgerError):
    """The ledger has two heads."""

    advice = "Keep both copies; compare with heads handed out on earlier certificates."


class ProofError(LedgerError):
    """The proof does not hold."""

    exit_code = 91
    advice = "Do not rely on this folder; ask for the original."


class UnanchoredError(LedgerError):
    """Consistent with itself, but unanchored."""

    exit_code = 92
    advice = "Give a policy obtained elsewhere: --policy FILE."


class HostileProofError(LedgerError):
    """The proof folder cannot be read, or is built to hurt whoever reads it."""

    exit_code = 93
    advice = "Do not open it with other tools; ask for the original."
