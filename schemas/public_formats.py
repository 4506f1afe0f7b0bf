"""The JSON formats that others sign, verify or read, as types; docs/formats/schemas holds a JSON Schema of each.

`python -m schemas.public_formats` writes the schemas; a test compares them, and holds proofs of this and of earlier releases
against the types. The types say which fields there are and of what kind. What else must hold (an order of moments, one
recovery key, a digest of other bytes) is said in docs/authorisation.md and docs/formats/proof.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.disposition import Disposition, RecordKind
from schemas.json_types import Commitment, Count, Day, Inami, Moment, PerMille, Sha256
from schemas.mapping import Mapping
from schemas.outcome import Cause
from schemas.package_description import PackageDescription
from schemas.person_records import AnyPerson
from schemas.practice_documents import FidelityFile, PatientIndexFile, ReconciliationFile, WorkListFile
from schemas.record import Record

Use = Literal["inventory", "rehearsal", "migration", "delta"]
Language = Literal["fr", "nl", "de", "en"]
Role = Literal["controller", "mandated", "successor", "practice_company"]
Holder = Literal["doctor", "operator"]


# The instruction


class Controller(Record, frozen=True):
    """Who signs, and in which role."""

    name: str
    nihii: Inami
    role: Role


class Recipient(Record, frozen=True):
    """An age key to which the package is sealed."""

    age: Annotated[str, Meta(pattern=r"^age1[02-9ac-hj-np-z]+$")]
    role: Literal["practice", "medinect", "recovery"]


class AllPatients(Record, frozen=True, tag_field="mode", tag="all"):
    """Every patient."""


class PatientsSeenSince(Record, frozen=True, tag_field="mode", tag="seen_since"):
    """Patients seen on or after a day."""

    since: Day


class ListedPatients(Record, frozen=True, tag_field="mode", tag="list"):
    """Patients of a sealed list, known here by its digest."""

    list_sha256: Sha256


class OfControllers(Record, frozen=True, tag_field="mode", tag="controllers"):
    """Records for which a controller is responsible."""


class OfAnybody(Record, frozen=True, tag_field="mode", tag="any"):
    """Records of any responsible doctor."""


class OfListedDoctors(Record, frozen=True, tag_field="mode", tag="list"):
    """Records of the listed doctors."""

    nihii: list[Inami]


class CustodyTerm(Record, frozen=True):
    """Who holds a copy, until when; null: until they destroy it."""

    holder: Holder
    until: Moment | None


class Custody(Record, frozen=True):
    """The terms for both copies."""

    source: CustodyTerm
    package: CustodyTerm


class Ceilings(Record, frozen=True):
    """How much may end as text, and how much may be set aside, per mille of all units."""

    degraded_permille: PerMille
    quarantined_permille: PerMille


class Instruction(Record, frozen=True):
    """What a controller signs (version 2), in canonical JSON (RFC 8785)."""

    version: Literal[2]
    nonce: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
    controllers: Annotated[list[Controller], Meta(min_length=1, max_length=20)]
    processor: str
    purpose: Literal["takeover"]
    source_system: str
    target_system: str
    kinds: list[RecordKind]
    patients: AllPatients | PatientsSeenSince | ListedPatients
    responsible: OfControllers | OfAnybody | OfListedDoctors
    uses: dict[Use, Annotated[int, Meta(ge=0, le=99)]]
    recipients: Annotated[list[Recipient], Meta(min_length=1, max_length=20)]
    destination: str
    custody: Custody
    valid_from: Moment
    valid_until: Moment
    staging_deadline_hours: Annotated[int, Meta(ge=1, le=720)]
    ceilings: Ceilings
    language: Language
    readable_text_sha256: Sha256


class Withdrawal(Record, frozen=True, tag_field="type", tag="withdrawal"):
    """What a controller signs to withdraw an instruction."""

    version: Literal[1]
    instruction_nonce: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]


class Acceptance(Record, frozen=True, tag_field="type", tag="acceptance"):
    """What a controller signs once the package is imported and accepted."""

    version: Literal[1]
    run: str
    parts_sha256: Sha256
    result: Literal["accepted"]


# The ledger


class LedgerEntry(Record, frozen=True):
    """One entry of the log: enumeration values, counts and salted commitments."""

    v: Literal[1]
    type: Annotated[str, Meta(pattern=r"^[a-z_]+\.[a-z_]+$")]
    seq: Count
    at: Moment
    runId: str | None  # noqa: N815 - the format's name
    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]
    c: dict[str, Commitment]
    n: dict[str, int]


# The statements of a proof


class AuthorisationCheck(Record, frozen=True):
    """Predicate `urn:reprise:authorisation-check`: the check that came before the run. No names."""

    result: Literal["PASSED"]
    verifiedAt: Moment  # noqa: N815
    authorisation: str
    signature: Literal["cades", "pades", "handwritten"]
    signedAs: list[Role]  # noqa: N815
    signatures: Count | UnsetType = UNSET  # not in version 1


class Encryption(Record, frozen=True):
    """How staging was encrypted."""

    alg: str
    alwaysEncrypted: bool  # noqa: N815
    keyEntropyBits: Count  # noqa: N815


class ListedFiles(Record, frozen=True):
    """The inventory of what was destroyed."""

    file: str
    files: Count
    bytes: Count
    sha256: Sha256


class DestroyedKey(Record, frozen=True):
    """The run key: where it was, who could read it, and that it is gone."""

    provider: Literal["keyring", "memory"]
    state: str
    strengthClass: str  # noqa: N815
    alsoReadableBy: str  # noqa: N815
    copiesEver: list[str]  # noqa: N815


class Underlying(Record, frozen=True):
    """What the site declares of the disk."""

    basis: Literal["declared-by-site"]
    disk: Literal["ssd", "hdd", "unknown"]
    luks: Literal["yes", "no", "unknown"]


class Medium(Record, frozen=True):
    """What staging lay on."""

    type: Literal["logical/file-set"]
    location: Literal["local-fs", "network-fs", "memory-fs", "unknown"]
    fsType: str  # noqa: N815
    underlying: Underlying


class PositiveControl(Record, frozen=True):
    """That the key opened segments before it was destroyed."""

    segmentsOpenedBefore: Count  # noqa: N815


class Tool(Record, frozen=True):
    """The program that destroyed."""

    name: str
    version: str
    sourceDigest: Sha256 | UnsetType = UNSET  # noqa: N815


class Validation(Record, frozen=True):
    """Whether the destruction was effective, by whose check, with which exceptions."""

    at: Moment
    by: Literal["operator", "sweep"]
    result: str
    exceptions: list[str]


class Verification(Record, frozen=True):
    """The four checks after a destruction."""

    keyAbsent: bool  # noqa: N815
    decryptFails: bool  # noqa: N815
    filesAbsent: bool  # noqa: N815
    processEnded: bool  # noqa: N815


class SourceEvidence(Record, frozen=True):
    """What is known of how the export came."""

    evidence: Literal["stated", "encrypted_always"] | UnsetType = UNSET
    encryptedAlways: bool | UnsetType = UNSET  # noqa: N815
    clearSeen: bool | UnsetType = UNSET  # noqa: N815


class Destruction(Record, frozen=True):
    """Predicate `urn:reprise:destruction` (fields after NIST SP 800-88 and IEEE 2883)."""

    method: str
    technique: str
    also: list[str]
    standards: list[str]
    notClaimed: list[str]  # noqa: N815
    preSanitizationCategory: str  # noqa: N815
    dataBackedUp: Literal["yes", "no", "unknown"]  # noqa: N815
    cause: Cause
    destroyedAt: Moment  # noqa: N815
    encryption: Encryption
    inventory: ListedFiles
    key: DestroyedKey
    media: Medium
    positiveControl: PositiveControl  # noqa: N815
    source: SourceEvidence
    tool: Tool
    validation: Validation
    verification: Verification


# The certificate


class Head(Record, frozen=True):
    """The checkpoint that the certificate was issued under."""

    origin: str
    size: Count
    root: str


class Stamp(Record, frozen=True):
    """The time of an authority, over the head."""

    at: Moment


class CopyEnd(Record, frozen=True):
    """How a copy ended."""

    at: Moment
    complete: bool
    files: Count
    bytes: Count
    evidence: Literal["encrypted_always", "unlinked_overwritten", "unlinked_sealed", "deleted_at_server"]
    exceptions: list[str]


class Fate(Record, frozen=True):
    """Who holds a copy until when, and how it ended."""

    holder: Holder | UnsetType = UNSET
    until: Moment | UnsetType | None = UNSET
    evidence: Literal["stated", "encrypted_always"] | UnsetType = UNSET
    end: CopyEnd | UnsetType | None = UNSET


class Fates(Record, frozen=True):
    """The fate of staging, of the export and of the package."""

    staging: Literal["key_destroyed_files_unlinked"]
    source: Fate
    package: Fate | UnsetType = UNSET


class Checked(Record, frozen=True):
    """The check of the authorisation, as the certificate has it."""

    id: str
    checkedAt: Moment  # noqa: N815
    signature: Literal["cades", "pades", "handwritten"]
    signedAs: list[Role]  # noqa: N815
    signatures: Count | UnsetType = UNSET


class Came(Record, frozen=True):
    """What came."""

    files: Count
    patients: Count
    bytes: Count
    units: Count


class Covered(Record, frozen=True):
    """What the instruction covers."""

    kinds: list[str]
    patients: dict[Literal["mode", "since"], str]


class People(Record, frozen=True):
    """Patients of the export, and the charts made of them."""

    source: Count
    charts: Count
    joined: Count


class Certificate(Record, frozen=True):
    """`certificate.json`: what follows from the entries and statements of a run."""

    version: Literal[1, 2]
    trial: bool
    run: str
    use: Use
    outcome: str
    language: Language
    trust: str
    authorisation: Checked
    came: Came
    dispositions: dict[Disposition, Count]
    findings: Count
    fate: Fates
    import_state: Literal["nothing_delivered", "delivered_not_confirmed", "opened", "imported", "accepted"]
    profile: str
    channels: list[Literal["folder", "sftp", "s3", "time_stamp"]]
    destruction: Destruction
    head: Head
    stamp: Stamp | None
    scope: Covered | UnsetType = UNSET
    persons: People | UnsetType = UNSET


# Manifests


class ManifestFile(Record, frozen=True):
    """One file of a proof folder."""

    name: str
    bytes: Count
    sha256: Sha256


class ProofManifest(Record, frozen=True):
    """`manifest.json` of a proof folder; `manifest.sig` signs it."""

    files: list[ManifestFile]
    version: Literal[1, 2] | UnsetType = UNSET


class PackageManifest(Record, frozen=True):
    """`manifest.json` of a package; it arrives last."""

    version: Literal[1]
    run: str
    profile: str
    counts: dict[str, Count]
    parts: list[ManifestFile]
    beside: Annotated[
        list[ManifestFile] | UnsetType,
        Meta(
            description="not sealed: README.txt, desk.html, describe.html, describe.json; none in packages of earlier releases"
        ),
    ] = UNSET


FORMATS: dict[str, Any] = {
    "instruction": Instruction,
    "withdrawal": Withdrawal,
    "acceptance": Acceptance,
    "ledger-entry": LedgerEntry,
    "authorisation-check": AuthorisationCheck,
    "destruction": Destruction,
    "certificate": Certificate,
    "proof-manifest": ProofManifest,
    "package-manifest": PackageManifest,
    "package-description": PackageDescription,
    "work-list": WorkListFile,
    "reconciliation": ReconciliationFile,
    "patient-index": PatientIndexFile,
    "fidelity": FidelityFile,
    "person": AnyPerson,
    "mapping": Mapping,
}
"""Each public format by the name of its schema."""


def json_schema(kind: Any) -> bytes:
    """The JSON Schema (draft 2020-12) of a format."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(kind)}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/formats/schemas")
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in FORMATS.items():
        (folder / f"{name}.schema.json").write_bytes(json_schema(kind))
