"""open_files: the files of a source, clear or sealed to an intake; of a sealed one nothing is in clear but in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from connectors.base import Limits, SourceFile
from connectors.opening import open_file, open_source, open_stream
from schemas.errors import IntakeError
from vault.lease import Lease
from vault.sealed_source import is_sealed, open_sealed


@dataclass(frozen=True)
class OpenedSource:
    """The files, and for a sealed source the intake that opened it."""

    files: tuple[SourceFile, ...]
    intake_id: str | None = None
    only_key: bool = False  # whether it was sealed to that intake and to nobody else


def open_files(home: Path, lease: Lease, path: Path, wanted: str | None, limits: Limits) -> OpenedSource:
    """Tell a sealed source by its first bytes and open it with the intake it was sealed to.

    Raises IntakeError (also `source_not_sealed`, when an intake was named), SealedSourceError, SourceError.
    """
    wanted = lease.intake_id or wanted
    reopen = partial(open_file, path)
    if path.is_file() and is_sealed(reopen):
        intake, only_key, payload = open_sealed(home, lease, wanted, reopen)
        return OpenedSource(open_stream(payload.open, payload.size, limits), intake.id, only_key)
    files = open_source(path, limits)
    if wanted:
        raise IntakeError("source_not_sealed")
    return OpenedSource(files)
