"""Reduces errors to their code before Prefect receives them.

Prefect writes every exception of a flow or task to its database, its logs and, pickled, to disk, even with persistence off. So
each `@flow` and `@task` also has `@coded`: it keeps code, exit code, message and advice (Reprise's fixed texts with allow-listed
facts: opaque ids, counts, ordinals) and raises them outside the `except` block, so that the exception has no context (with `from
None` it would still have one).
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from schemas.errors import RepriseError, StorageFullError, UnreadableSourceError
from vault.system.files import FULL

ErrorParts = tuple[str, int, str, str]
_NO_FILE = {errno.ENOENT: "file_missing", errno.ENOTDIR: "file_missing", errno.EISDIR: "file_is_a_folder"}
P = ParamSpec("P")
R = TypeVar("R")


class CodedFailure(Exception):
    """A failure with its code, and with a message and advice for a terminal that are made of fixed texts."""

    def __init__(self, code: str, exit_code: int, message: str, advice: str) -> None:
        super().__init__(f"{code} (exit {exit_code})")
        self.code, self.exit_code = code, exit_code
        self.message, self.advice = message, advice

    def __reduce__(self) -> tuple[type[CodedFailure], ErrorParts]:
        return (type(self), (self.code, self.exit_code, self.message, self.advice))


def parts_of(error: Exception) -> ErrorParts:
    """Return code, exit code, message and advice of an error. For errors of other libraries, nothing of their text is used."""
    if isinstance(error, RepriseError | CodedFailure):
        return error.code, error.exit_code, error.message, error.advice
    if isinstance(error, OSError):
        return _of_os_error(error)
    code = f"internal_{type(error).__name__}"
    return code, 1, f"Reprise has a defect. [{code}]", "Report the command and this code."


def _of_os_error(error: OSError) -> ErrorParts:
    """Return the parts for an OSError: of a full or failing disk, or of a path that is not a file."""
    if error.errno in FULL:
        return _coded_parts(StorageFullError("disk_full"))
    if error.errno in _NO_FILE:
        return _coded_parts(UnreadableSourceError(_NO_FILE[error.errno]))
    code = f"os_error_{error.errno}"
    return code, 40, f"The disk refused. [{code}]", "Check permissions and paths."


def _coded_parts(error: RepriseError) -> ErrorParts:
    return error.code, error.exit_code, error.message, error.advice


def coded(function: Callable[P, R]) -> Callable[P, R]:
    """Make CodedFailure the only exception that leaves the function."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text must not reach Prefect
            parts = parts_of(error)
        raise CodedFailure(*parts)

    return wrapped
