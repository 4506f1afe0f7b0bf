"""Small durable facts about a run beside its lease: codes, counts, indexes."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from schemas.errors import IntegrityError
from schemas.outcome import Cause
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.system.files import write_durably


class Fact(Record, frozen=True, omit_defaults=True):
    """One fact about a run; it is on record once it holds, each kind in a file of its own."""

    FILE: ClassVar[str]
    """The file beside the lease. Some names are those of earlier releases."""


F = TypeVar("F", bound=Fact)


class Failure(Fact, frozen=True):
    """The run stopped: the code of the error and its exit code."""

    FILE = "red.json"
    code: str
    exit: int


class GivenUp(Fact, frozen=True):
    """The run was given up, and why."""

    FILE = "cause.json"
    cause: Cause


class Restored(Fact, frozen=True):
    """A backup contained the run while it was running: it can only be ended."""

    FILE = "restored.json"
    reason: str


class StagedFile(Record, frozen=True):
    """One file to be destroyed: path relative to its folder, size and digest of its ciphertext (empty: not readable)."""

    name: str
    size: int
    sha256: str


class Intent(Fact, frozen=True):
    """The destruction of the run began: what is destroyed, why, and where it was."""

    FILE = "intent.json"
    files: list[StagedFile]
    opened: int  # segments that the key opened just before
    cause: Cause
    fs_type: str = "unknown"


class Takeback(Fact, frozen=True):
    """Whether parts of an unpublished run may be left at its destination (1), or its package was found published (1)."""

    FILE = "takeback.json"
    left: int
    published: int = 0


class UseSettled(Fact, frozen=True):
    """What became of the use that the run claimed: `spent` or `given_back`, and why."""

    FILE = "use.json"
    state: str
    code: str


class Verification(Fact, frozen=True):
    """What was checked after destruction; on record while a check fails. The names are those of the statement."""

    FILE = "incomplete.json"
    keyAbsent: bool  # noqa: N815 - docs/formats/proof.md
    decryptFails: bool  # noqa: N815
    filesAbsent: bool  # noqa: N815
    processEnded: bool  # noqa: N815

    def complete(self) -> bool:
        """Whether every check passed."""
        return self.keyAbsent and self.decryptFails and self.filesAbsent and self.processEnded


class Report(Fact, frozen=True):
    """All that a proof states of the run, except heads and stamps: the predicates of its statements (docs/formats/proof.md).

    The first release kept `signing`, `facts` and `language` instead of `check`, and stated no version.
    """

    FILE = "told.json"
    destruction: dict[str, Any]
    inventory: str
    run: dict[str, Any]
    check: dict[str, Any] | None = None
    version: int = 1
    signing: dict[str, Any] | None = None
    facts: dict[str, Any] | None = None
    language: str | None = None


class Heads(Fact, frozen=True):
    """The heads of the log in the proof folders of the run, oldest first."""

    FILE = "heads.json"
    heads: tuple[str, ...] = ()


def write_fact(home: Home, run_id: str, fact: Fact) -> None:
    """Write one fact durably."""
    write_durably(home.run(run_id) / fact.FILE, dump(fact))


def has_fact(home: Home, run_id: str, kind: type[Fact]) -> bool:
    """Whether the fact is on record."""
    return (home.run(run_id) / kind.FILE).is_file()


def drop_fact(home: Home, run_id: str, kind: type[Fact]) -> None:
    """Remove a fact that no longer applies."""
    (home.run(run_id) / kind.FILE).unlink(missing_ok=True)


def read_fact(home: Home, run_id: str, kind: type[F]) -> F | None:
    """Read one fact, or None. Raises IntegrityError (run_record_unreadable) for a damaged one."""
    path = home.run(run_id) / kind.FILE
    if not path.is_file():
        return None
    return load(kind, path.read_bytes(), IntegrityError, "run_record_unreadable", run=run_id)


def is_ended(home: Home, run_id: str) -> bool:
    """Whether the run has its certificate."""
    return (home.proof(run_id) / "manifest.json").is_file()
