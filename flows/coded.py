"""Errors stripped to their code before Prefect sees them.

Prefect writes every exception of a flow or task to its database, its logs and, pickled, to disk, even with
persistence off. So under each `@flow` and `@task` stands `@coded`: it keeps the code and the exit code and
raises them outside the `except` block, so that no context travels along (`from None` would still carry it).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from schemas.errors import RepriseError

P = ParamSpec("P")
R = TypeVar("R")


class CodedFailure(Exception):
    """A failure by its code alone; beside it what a person at the terminal is told, made of our own fixed texts."""

    def __init__(self, code: str, exit_code: int, message: str, advice: str) -> None:
        super().__init__(f"{code} (exit {exit_code})")
        self.code, self.exit_code = code, exit_code
        self.message, self.advice = message, advice

    def __reduce__(self) -> tuple[type[CodedFailure], tuple[str, int, str, str]]:
        return (type(self), (self.code, self.exit_code, self.message, self.advice))


def defect(error: Exception) -> tuple[str, int, str, str]:
    """Code, exit code, message and advice of an error that nobody foresaw: its kind, nothing of its text."""
    code = f"internal_{type(error).__name__}"
    return code, 1, f"Reprise has a defect here. [{code}]", "Report the command and this code."


def coded(function: Callable[P, R]) -> Callable[P, R]:
    """Let nothing but a CodedFailure leave the function."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except CodedFailure as failure:
            told = failure.code, failure.exit_code, failure.message, failure.advice
        except RepriseError as error:
            told = error.code, error.exit_code, error.message, error.advice
        except Exception as error:  # noqa: BLE001 - whatever it is, its text must not reach Prefect
            told = defect(error)
        raise CodedFailure(*told)

    return wrapped
