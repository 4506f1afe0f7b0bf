"""Beside the server: tells that the sweep is late, which no sweep can tell, and whatever else waits to be told."""

from __future__ import annotations

import threading

from flows.notices.due import late_sweep
from flows.notices.round import tell
from vault.home_folder import Home
from vault.system.clock import Clock, SystemClock

EVERY_SECONDS = 60


def start_watch(home: Home, clock: Clock | None = None) -> threading.Event:
    """Look every minute in a thread of its own, until the returned event is set; not at all without recipients."""
    stop = threading.Event()
    if home.site.notices.to:
        threading.Thread(target=_watch, args=(home, clock or SystemClock(), stop), daemon=True).start()
    return stop


def _watch(home: Home, clock: Clock, stop: threading.Event) -> None:
    while not stop.wait(EVERY_SECONDS):
        if (late := late_sweep(home, clock)) is not None:
            tell(home, clock, late)
