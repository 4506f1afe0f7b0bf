"""One test of a document, and its result. A result may name people: show it only to a person who has the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from schemas.errors import RepriseError

V = TypeVar("V")


@dataclass(frozen=True)
class Tested:
    """The result of a test. `passed` is None for a test that could not run; `error` is what a failed test raises elsewhere."""

    name: str
    passed: bool | None
    detail: str = ""
    error: RepriseError | None = None

    @property
    def line(self) -> str:
        """The result in one line, for a person."""
        if self.error is not None:
            problem = f"{self.error.summary} [{self.error.code}]" + (f" {self.detail}" if self.detail else "")
            return f"  FAILED  {self.name}: {problem}"
        return f"  {'passed' if self.passed else '-':<7} {self.name}: {self.detail}"

    def to_json(self) -> dict[str, str]:
        """Return the result for a program."""
        result = {True: "passed", False: "failed", None: "not_tested"}[self.passed]
        code = {"code": self.error.code} if self.error is not None else {}
        return {"test": self.name, "result": result, **code, "found": self.detail}

    def named(self, name: str) -> Tested:
        """Return the same result under another name."""
        return replace(self, name=name)


def passed(name: str, detail: str) -> Tested:
    """Build the result of a passed test."""
    return Tested(name, True, detail)


def failed(name: str, error: RepriseError, detail: str = "") -> Tested:
    """Build the result of a failed test."""
    return Tested(name, False, detail, error)


def not_tested(name: str, why: str) -> Tested:
    """Build the result of a test that cannot run because its input is missing."""
    return Tested(name, None, f"not tested: {why}")


def tried(name: str, act: Callable[[], V], describe: Callable[[V], str]) -> tuple[Tested, V | None]:
    """Run a test that raises on failure. Return its result, and the value of `act` if the test passed."""
    try:
        value = act()
    except RepriseError as error:
        return failed(name, error), None
    return passed(name, describe(value)), value
