"""A progress bar on stderr that moves with the run."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from flows.commands.shared import errors_console
from flows.lifecycle.copies import EXPORT_ENDS
from flows.session.progress import progress_percent
from schemas.steps import Counts

_WORDS = {
    "authorise": "checking the authorisation",
    "lease": "noting the run",
    "inventory": "counting what came",
    "extract": "sealing into staging",
    "check": "checking contracts",
    "match": "matching patients",
    "transform": "profiling codes",
    "plan": "planning",
    "deliver": "writing sealed parts",
    "reconcile": "balancing the books",
    "publish": "delivering",
    "destroy": "destroying staging",
    "certify": "certifying",
}


class BarWatch:
    """Shows a run's progress; a context manager. `source` returns where the export is, for the notice of its destruction."""

    def __init__(self, *, source: Callable[[], str | None] | None = None, quiet: bool = False) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._source = source
        self._progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=36),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=errors_console,
            disable=quiet,
            transient=False,
        )
        # An immediate refusal shows no bar.
        self._task = self._progress.add_task("", total=100, visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def progress(self, step: str, done: int, total: int) -> None:
        """Move the bar within a step."""
        percent = progress_percent(step, done, total) if total else None
        words = _WORDS.get(step, step)
        self._progress.update(self._task, description=words, completed=percent, visible=True)

    def step(self, step: str, counts: Counts) -> None:
        """Move the bar to the end of a step; of its counts, show only the notice that must appear before a run begins."""
        if counts.get(EXPORT_ENDS):
            source = self._source() if self._source else None
            place = f" at {source}" if source else ""
            self._progress.console.print(
                f"The export{place} will be destroyed when the package is delivered, as the instruction says.",
                markup=False,
            )
        self.progress(step, 1, 1)
