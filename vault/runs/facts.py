"""Facts about a run, each in a small file beside its lease: codes, counts, digests.

These are not the facts of the glossary (digests of units) but what happened to the run.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from schemas.errors import IntegrityError
from schemas.outcome import Cause
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.system.files import write_durably


class Fact(Record, frozen=True, omit_defaults=True):
    """A fact about a run. Each kind of fact has its own file, which exists if the fact is true."""

    FILE: ClassVar[str]
    """The file beside the lease. Some names are those of earlier releases."""


F = TypeVar("F", bound=Fact)


class Failure(Fact, frozen=True):
    """The run stopped: the code of the error and its exit code."""

    FILE = "red.json"
    code: str
    exit: int


class GivenUp(Fact, frozen=True):
    """The run was given up: it ends without publication, for this cause."""

    FILE = "cause.json"
    cause: Cause


class Restored(Fact, frozen=True):
    """The run was restored from a backup that was made while it was running. It cannot continue."""

    FILE = "restored.json"
    reason: str


class StagedFile(Record, frozen=True):
    """A file to be destroyed: its path relative to the folder, and size in bytes and SHA-256 (hexadecimal) of its ciphertext.

    The digest is empty if the file was not readable.
    """

    name: str
    size: int
    sha256: str


class Intent(Fact, frozen=True):
    """The destruction of the run began: its files, its cause, and the type of the file system that held the files."""

    FILE = "intent.json"
    files: list[StagedFile]
    opened: int  # number of segments that the key opened just before
    cause: Cause
    fs_type: str = "unknown"


class Takeback(Fact, frozen=True):
    """The result of removing an unpublished run's parts from its destination."""

    FILE = "takeback.json"
    left: int  # 1 if parts may still be there
    published: int = 0  # 1 if the package was found published


class UseSettled(Fact, frozen=True):
    """The use that the run claimed was consumed (`spent`) or given back (`given_back`); the code states why."""

    FILE = "use.json"
    state: str
    code: str


class Verification(Fact, frozen=True):
    """The results of the checks after destruction. The file exists while a check fails. The statement has the same names."""

    FILE = "incomplete.json"
    keyAbsent: bool  # noqa: N815 - docs/formats/proof.md
    decryptFails: bool  # noqa: N815
    filesAbsent: bool  # noqa: N815
    processEnded: bool  # noqa: N815

    def complete(self) -> bool:
        """Return whether every check passed."""
        return self.keyAbsent and self.decryptFails and self.filesAbsent and self.processEnded


class Report(Fact, frozen=True):
    """The predicates of the statements in the run's proof: all that it states, except heads and stamps (docs/formats/proof.md).

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
    """Return whether the fact of this kind is recorded."""
    return (home.run(run_id) / kind.FILE).is_file()


def drop_fact(home: Home, run_id: str, kind: type[Fact]) -> None:
    """Remove a fact that is no longer true."""
    (home.run(run_id) / kind.FILE).unlink(missing_ok=True)


def read_fact(home: Home, run_id: str, kind: type[F]) -> F | None:
    """Return the fact of this kind, or None. Raises IntegrityError (run_record_unreadable) if its file is damaged."""
    path = home.run(run_id) / kind.FILE
    if not path.is_file():
        return None
    return load(kind, path.read_bytes(), IntegrityError, "run_record_unreadable", run=run_id)


def is_ended(home: Home, run_id: str) -> bool:
    """Return whether the run has its certificate."""
    return (home.proof(run_id) / "manifest.json").is_file()
