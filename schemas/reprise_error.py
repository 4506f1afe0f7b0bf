"""The content of every Reprise error: a code, allow-listed facts, an exit code and advice."""

from __future__ import annotations

from typing import ClassVar

from schemas.advice import words_of

FACTS = frozenset(
    {
        "step",
        "bytes",
        "case",
        "code",
        "column",
        "count",
        "deadline",
        "field",
        "file",
        "files",
        "kind",
        "limit",
        "line",
        "of",
        "run",
        "state",
        "table",
        "unit",
    }
)
"""Names of the facts that an error may carry: integers, opaque ids, enumeration values."""


class RepriseError(Exception):
    """Reprise could not go on.

    The first line of a class's docstring is its summary and `advice` what to do about it, unless the code has words of
    its own (`schemas.advice`); `code` says what exactly, `exit_code` how the process ends.
    """

    exit_code: ClassVar[int] = 1
    advice: str = "See the documentation of this code."

    def __init__(self, code: str, **facts: int | str) -> None:
        unknown = set(facts) - FACTS
        if unknown:
            raise TypeError(f"{len(unknown)} fact name(s) outside the allow-list")
        self.code = code
        own = words_of(type(self).__name__, code)
        if own is not None:
            self.advice = own[1]
        self.facts = {name: _short(value) for name, value in facts.items()}
        super().__init__(self.message)

    def name_run(self, run: str) -> None:
        """Add the run, so that the reader of the advice knows which run to resume."""
        self.facts.setdefault("run", run)
        self.args = (self.message,)

    @property
    def message(self) -> str:
        """The one line that a person sees: summary, code, facts."""
        facts = "".join(f" {name}={value}" for name, value in sorted(self.facts.items()))
        return f"{self.summary} [{self.code}{facts}]"

    @property
    def summary(self) -> str:
        """What happened, in one sentence."""
        own = words_of(type(self).__name__, self.code)
        if own is not None:
            return own[0]
        return (type(self).__doc__ or type(self).__name__).splitlines()[0]

    def to_json(self) -> dict[str, object]:
        """The error as a JSON object: code, facts, exit code, advice."""
        return {
            "error": self.code,
            "exit": self.exit_code,
            "message": self.message,
            "advice": self.advice,
            "facts": dict(self.facts),
        }


def _short(value: int | str) -> int | str:
    """Returns a fact only if it has the form of a number, a path of ordinals, or an opaque name."""
    if isinstance(value, int):
        return value
    allowed = len(value) <= 64 and all(c.isascii() and (c.isalnum() or c in "-_./:#,") for c in value)
    return value if allowed else "withheld"
