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
    |  |- AccountError           14  an account, or a means of signing in, that cannot be used
    |  |- DeadlineError          15  a deadline is above the ceiling, or has passed
    |  |- BusyError              16  another run of this doctor is alive
    |  `- HostError              17  the host does not meet a precondition (swap, core dumps)
    |- SourceError           20-29
    |  |- UnreadableSourceError  20  missing, or it cannot be read
    |  |- UnknownFormatError     21  no connector knows these bytes
    |  |- LimitExceededError     22  larger, deeper or more compressed than a stated limit
    |  |- UnsafeSourceError      23  DOCTYPE, entity, or a path that leaves its folder
    |  `- MappingError           25  a mapping file of a table cannot be used
    |- SealedSourceError        24  a sealed export was altered or cut short on its way
    |- DialectError             26  names that are new in this dialect, for which the site stops
    |- SchemaError           30-39
    |  `- ContractError          30  a data contract on what must never be is broken, or could not be judged
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
    """Reprise refused the command."""

    exit_code = 10
    advice = "Read the code: it says what prevented the command. Nothing was changed."


class AuthorisationError(RefusedError):
    """The authorisation is not valid."""

    advice = "Run `reprise authorise check FILE`, which lists every test and what failed."


class TrustError(RefusedError):
    """Reprise cannot trust the signature."""

    exit_code = 11
    advice = (
        "Run `reprise trust show`, which lists the trusted roots and the revocation lists with their age."
    )


class ScopeError(RefusedError):
    """The command goes beyond what was authorised."""

    exit_code = 12
    advice = "Use the source, recipients and destination that the instruction names, or have a new instruction drafted."


class UseError(RefusedError):
    """This authorisation has no such use left."""

    exit_code = 13
    advice = "Ask for a new instruction; a resumed run needs none."


class OperatorError(RefusedError):
    """The command does not name an enrolled operator."""

    exit_code = 14
    advice = "Name the operator with --operator NAME; `reprise enrol operator` enrols operators."


class AccountError(RefusedError):
    """The account cannot be used like this."""

    exit_code = 14
    advice = "Run `reprise account list`, which lists the accounts with their roles."


class DeadlineError(RefusedError):
    """A deadline forbids this command."""

    exit_code = 15
    advice = "Check the deadlines: staging deadlines come from the instruction and may not exceed the site's ceiling."


class BusyError(RefusedError):
    """A run of this doctor is alive."""

    exit_code = 16
    advice = "Wait for the run, or resume or abandon it; `reprise runs` shows it."


class IntakeError(RefusedError):
    """The sealed intake is not valid."""

    exit_code = 10
    advice = (
        "Run `reprise intake list` to see the open intakes, and have the practice seal to one of them. If a run has"
        " begun, it waits: put the file in the same place and run `reprise resume RUN`; once bound to an intake,"
        " the run takes no other."
    )


class HostError(RefusedError):
    """This host does not meet a precondition."""

    exit_code = 17
    advice = "Run `reprise doctor`, which says what is missing and how to correct it."


class HomeError(HostError):
    """Reprise cannot open the home."""

    advice = (
        "Name the home with --home or REPRISE_HOME; docs/operations.md lists the settings of `site.toml`."
    )


class FlowRunRefusedError(RefusedError):
    """The worker refuses this flow run."""

    exit_code = 10
    advice = (
        "Run only Reprise's own, unchanged flows, on homes that the worker serves: docs/run-a-migration.md."
    )


class RunEndedError(RefusedError):
    """This run has ended."""

    exit_code = 18
    advice = "Run `reprise status RUN`; the certificate is in the run's proof folder."


class RetentionError(RefusedError):
    """The law or a live run still needs this record."""

    exit_code = 18
    advice = "Run `reprise subject show ID` to see until when; the refusal is in the ledger."


class SourceError(RepriseError):
    """Reprise cannot use the source."""

    exit_code = 20
    advice = "Ask for the export again."


class UnreadableSourceError(SourceError):
    """Reprise cannot read the source."""

    advice = "Check that the path exists, contains files and may be read; have the export made again if it is incomplete."


class MappingError(SourceError):
    """A mapping file of a table cannot be used."""

    exit_code = 25
    advice = "Correct the mapping file, or have it reviewed; docs/formats/delimited.md has its format."


class UnknownFormatError(SourceError):
    """No connector knows this source."""

    exit_code = 21
    advice = (
        "Check that this is the export and not its index; "
        "Reprise reads KMEHR SMF/PMF, HealthOne, MediDoc, MEDAR, HL7 v2, FHIR R4, and tables that a mapping file describes."
    )


class LimitExceededError(SourceError):
    """The source exceeds a stated limit."""

    exit_code = 22
    advice = "Read docs/limits.md; a site may raise a limit."


class UnsafeSourceError(SourceError):
    """The source contains something unsafe."""

    exit_code = 23
    advice = "Have the export made again; Reprise never accepts a DOCTYPE, entities, or paths that leave their folder."


class DialectError(SourceError):
    """The export uses names that the last one of its software did not, and the site stops runs for these."""

    exit_code = 26
    advice = (
        "Run `reprise probe` to see the new names; to carry them as they came, set `[dialect]` in site.toml"
        " (docs/dialects.md)."
    )


class SealedSourceError(RepriseError):
    """Reprise cannot open the whole sealed export."""

    # Not a SourceError: a damaged file is quarantined and the run continues; here the run waits for an intact copy.
    exit_code = 24
    advice = "Have the same sealed file sent again, put it in the same place, and run `reprise resume RUN`."


class SchemaError(RepriseError):
    """The data do not fit their tables."""

    exit_code = 30
    advice = "Report the code: this is a defect of a connector."


class ContractError(SchemaError):
    """A data contract on what must never be is broken, or could not be judged."""

    advice = "Find the contract's name in the run's report; the fault is probably in the export itself."


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
    advice = "Free space and run `reprise resume RUN`."


class KeyServiceError(RepriseError):
    """The key service failed."""

    exit_code = 50
    advice = "Resume the run on the host that started it."


class KeyUnavailableError(KeyServiceError):
    """Reprise cannot reach the run's key."""

    advice = "Resume on the same host and as the same user, or use --keys memory."


class KeyDestroyedError(KeyServiceError):
    """The run's key is gone."""

    exit_code = 51
    advice = "Abandon the run and migrate again: its staging is permanently unreadable."


class TargetError(RepriseError):
    """Reprise cannot use the target."""

    exit_code = 60
    advice = "Check the destination."


class TargetRefusedError(TargetError):
    """The target refuses the delivery."""

    advice = (
        "Read the code: it says what cannot be used, which is the destination, the host key, a file, or a recipient"
        " (an age key, age1...)."
    )


class PackageError(TargetError):
    """Reprise cannot open the whole package."""

    exit_code = 61
    advice = "Fetch the package again, and compare the digests in its manifest."


class ReconciliationError(RepriseError):
    """The counts of the export and of the delivery do not balance."""

    exit_code = 70
    advice = "Report the code; `reprise abandon RUN` destroys the staging. Nothing was delivered."


class CountMismatchError(ReconciliationError):
    """What was to be delivered differs from what the export contained."""


class UnexplainedUnitError(ReconciliationError):
    """A unit has no disposition or more than one."""

    exit_code = 71


class CeilingError(ReconciliationError):
    """More units were degraded or quarantined than the instruction allows."""

    exit_code = 72
    advice = (
        "Abandon the run; have the export corrected, or have a new instruction with higher ceilings signed."
    )


class DestructionError(RepriseError):
    """Destruction is incomplete."""

    exit_code = 80
    advice = "Call the person on duty; `reprise sweep` tries again."


class VerificationFailedError(DestructionError):
    """Something outlived its destruction."""


class OrphanFoundError(DestructionError):
    """Staging exists that no lease explains."""

    exit_code = 81
    advice = "Call the person on duty; Reprise leaves the staging as it is."


class SweepLateError(DestructionError):
    """The sweep did not run in time."""

    exit_code = 82
    advice = (
        "Run `reprise sweep` now; then find out why its timer does not start it: `reprise doctor`, `reprise"
        " install-sweep`."
    )


class RunOverdueError(DestructionError):
    """A run outlived its deadline."""

    exit_code = 83
    advice = "Run `reprise sweep` now; if the run remains, call the person on duty."


class LedgerError(RepriseError):
    """The ledger is not valid."""

    exit_code = 90
    advice = "Keep the folder as it is and call the person on duty."


class ForkError(LedgerError):
    """The ledger has two heads."""

    advice = "Keep both copies, and compare them with the heads on earlier certificates."


class ProofError(LedgerError):
    """The proof is not valid."""

    exit_code = 91
    advice = "Do not rely on this folder; ask for the original."


class UnanchoredError(LedgerError):
    """The proof is consistent with itself, but no trust anchor was given."""

    exit_code = 92
    advice = "Get a policy from another source and give it with --policy FILE."


class HostileProofError(LedgerError):
    """The proof folder cannot be read, or was built to harm its readers."""

    exit_code = 93
    advice = "Do not open it with other tools; ask for the original."
