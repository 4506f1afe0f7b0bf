"""Messages between control process and data process: one JSON line each, with codes, counts, ordinals and opaque ids only.

A profile of a table has names of columns too, of which each word is in a closed list (`schemas.header_words`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from schemas.errors import IntegrityError
from schemas.record import Record, load
from schemas.table_profile import TableProfile
from vault.keys.provider import KeyRef


class StartOrder(Record, frozen=True):
    """The one order that a data process receives; after it, only `go` lines follow."""

    home: str
    run: str
    use: str
    source: str
    destination: str
    intake: str | None
    limits: dict[str, int]
    document_paths: tuple[str, ...]
    after: str | None  # the last step that is done
    workers: int  # processes that may share a step; 1: the data process alone
    draft: str | None = None  # the folder for drafts of mappings, if unknown tables are profiled


class Event(Record, frozen=True, tag_field="event", tag=str.lower):
    """A message from the data process."""


class Key(Event, frozen=True):
    """The key exists, with its timeout. Waits for `go`."""

    ref: KeyRef


class Source(Event, frozen=True):
    """Whether the source is sealed, and to what. Waits for `go`."""

    intake: str | None
    only_key: bool


class Shared(Event, frozen=True):
    """So many data processes are about to hold the key. Waits for `go`."""

    processes: int


class Progress(Event, frozen=True):
    """The progress of a step; `total` is 0 when unknown."""

    step: str
    done: int
    total: int


class Step(Event, frozen=True):
    """A step is done and its value sealed. Waits for `go`."""

    step: str
    counts: dict[str, Any]


class Profiles(Event, frozen=True):
    """What is said of unknown tables, and how many unknown files are no table that can be profiled. Waits for `go`."""

    tables: tuple[TableProfile, ...]
    others: int


class Leave(Event, frozen=True):
    """Everything is at the destination but not published yet. Waits for `go`."""


class Control(Event, frozen=True):
    """How many segments the key just opened: the positive control for its destruction. Waits for `go`."""

    opened: int


class End(Event, frozen=True):
    """All steps are done."""


class Failure(Event, frozen=True):
    """The error that ended the process, by class, code and facts."""

    kind: str
    code: str
    exit: int
    facts: dict[str, int | str]


_ANY: Any = Key | Source | Shared | Progress | Step | Profiles | Leave | Control | End | Failure


class Reporter:
    """Sends the progress of steps: the first and the last of each step, and in between at most five a second."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send, self._step, self._last = send, "", 0.0

    def progress(self, step: str, done: int, total: int) -> None:
        """Send the progress of a step, unless it is too soon after the one before."""
        now = time.monotonic()
        is_first, is_last = step != self._step, total and done == total
        if is_first or is_last or now - self._last > 0.2:
            self._step, self._last = step, now
            self._send(Progress(step, done, total))


def parse_event(line: str) -> Event:
    """Parse the event in a line. Raises IntegrityError (event_unreadable)."""
    event: Event = load(_ANY, line, IntegrityError, "event_unreadable")
    return event
