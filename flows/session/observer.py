"""Observer protocol for a run: receives progress and completed steps, never payload data."""

from __future__ import annotations

from typing import Protocol

from schemas.steps import Counts


class Observer(Protocol):
    """Receives the progress of a run from the engine."""

    def progress(self, step: str, done: int, total: int) -> None:
        """Report progress within a step: `done` of `total` (0: unknown)."""

    def step(self, step: str, counts: Counts) -> None:
        """Report that a step is completed and journalled."""


class NoObserver:
    """An observer that ignores everything."""

    def progress(self, step: str, done: int, total: int) -> None:
        """Say nothing."""

    def step(self, step: str, counts: Counts) -> None:
        """Say nothing."""
