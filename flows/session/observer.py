"""The interface of an observer of a run, which receives progress and completed steps, and never patients' data."""

from __future__ import annotations

from typing import Protocol

from schemas.steps import Counts


class Observer(Protocol):
    """Receives the progress of a run from the engine."""

    def progress(self, step: str, done: int, total: int) -> None:
        """Receive the progress within a step: `done` of `total` (0: unknown)."""

    def step(self, step: str, counts: Counts) -> None:
        """Receive the counts of a step that is completed and in the journal."""


class NoObserver:
    """An observer that ignores everything."""

    def progress(self, step: str, done: int, total: int) -> None:
        """Do nothing."""

    def step(self, step: str, counts: Counts) -> None:
        """Do nothing."""
