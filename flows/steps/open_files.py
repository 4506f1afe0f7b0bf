"""open_files: the files of a source, clear or sealed to an intake; a sealed source is in clear only in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from connectors.base import Limits, SiteRules, SourceFile
from connectors.opening import open_file, open_source, open_stream
from vault.home_folder import Home
from vault.intake.sealed_source import is_sealed, open_sealed
from vault.runs.lease import Lease

Report = Callable[[str | None, bool], None]
"""Called with the intake that opened the source (None: a clear source), and whether the source was sealed to it alone."""


def open_files(
    home: Home,
    lease: Lease,
    path: Path,
    wanted: str | None,
    limits: Limits,
    report: Report,
    rules: SiteRules,
) -> tuple[SourceFile, ...]:
    """Recognise a sealed source by its first bytes, and open it with the intake it was sealed to.

    `report` is called before the content is read, so a truncated or altered source is already on record as sealed. It raises if
    the run may not continue with such a source. Raises IntakeError, SealedSourceError, SourceError.
    """
    wanted = lease.intake_id or wanted
    reopen = partial(open_file, path)
    if path.is_file() and is_sealed(reopen):
        intake, only_key, look = open_sealed(home, lease, wanted, reopen)
        report(intake.id, only_key)
        payload = look()
        return open_stream(payload.open, payload.size, limits, rules)
    if (wanted is not None or lease.sealed_source) and _lies_in_clear(path):
        report(None, False)  # before it is read: a damaged clear export was also seen in clear
    files = open_source(path, limits, rules)
    report(None, False)
    return files


def _lies_in_clear(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and path.stat().st_size > 0)
