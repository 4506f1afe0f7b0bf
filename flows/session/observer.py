"""Who watches a run: told of progress and steps, never of values."""

from __future__ import annotations

from typing import Any, Protocol


class Observer(Protocol):
    """Told by the engine where a run stands."""

    def progress(self, step: str, done: int, total: int) -> None:
        """Within a step: `done` of `total` (0: unknown)."""

    def step(self, step: str, counts: dict[str, Any]) -> None:
        """A step is behind us and in the journal."""


class NoObserver:
    """Nobody watches."""

    def progress(self, step: str, done: int, total: int) -> None:
        """Say nothing."""

    def step(self, step: str, counts: dict[str, Any]) -> None:
        """Say nothing."""
