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
    """A failure by its code alone."""

    def __init__(self, code: str, exit_code: int) -> None:
        super().__init__(f"{code} (exit {exit_code})")
        self.code = code
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type[CodedFailure], tuple[str, int]]:
        return (type(self), (self.code, self.exit_code))


def coded(function: Callable[P, R]) -> Callable[P, R]:
    """Let nothing but a CodedFailure leave the function."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except CodedFailure as failure:
            code, exit_code = failure.code, failure.exit_code
        except RepriseError as error:
            code, exit_code = error.code, error.exit_code
        except Exception as error:  # noqa: BLE001 - whatever it is, its text must not reach Prefect
            code, exit_code = f"internal_{type(error).__name__}", 1
        raise CodedFailure(code, exit_code)

    return wrapped
