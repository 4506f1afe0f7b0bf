"""Who watches a run: told of progress and arrows, never of values."""

from __future__ import annotations

from typing import Any, Protocol


class Watch(Protocol):
    """Told by the engine where a run stands."""

    def progress(self, arrow: str, done: int, total: int) -> None:
        """Within an arrow: `done` of `total` (0: unknown)."""

    def arrow(self, arrow: str, counts: dict[str, Any]) -> None:
        """An arrow is behind us and in the journal."""


class NoWatch:
    """Nobody watches."""

    def progress(self, arrow: str, done: int, total: int) -> None:
        """Say nothing."""

    def arrow(self, arrow: str, counts: dict[str, Any]) -> None:
        """Say nothing."""
