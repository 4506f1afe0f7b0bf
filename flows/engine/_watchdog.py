"""The guard of a run in progress: withdrawal and deadline end the run within a second, and its key expires in time.

The kernel's timeout of the key follows the wall clock, which can be set. When wall and boot clock diverge, the guard resets the
timeout by the boot clock.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from flows.engine._ipc import DataLink
from schemas.errors import AuthorisationError, DeadlineError, RefusedError
from vault.authorisation.check import is_withdrawn
from vault.destruction.due import rearm_key
from vault.home_folder import Home
from vault.runs.lease import Lease
from vault.system.clock import Clock

POLL_SECONDS = 0.5
PARTED_SECONDS = 2  # divergence of wall and boot clock, above rounding errors


class RunGuard:
    """Ends the data process when its instruction is withdrawn or its deadline passes, until permission to publish is given.

    The data process asks for permission when every part is at the destination and only the publishing act is left: a rename, or
    the upload of the manifest. A withdrawal after the permission is too late, and the certificate says published.
    """

    def __init__(self, home: Home, lease: Lease, link: DataLink, clock: Clock) -> None:
        self._home, self._lease, self._link, self._clock = home, lease, link, clock
        self._apart = self._clocks_apart()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Start watching."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching. Raises AuthorisationError (withdrawn) or DeadlineError if that ended the data process."""
        watched = not self._over.is_set()
        self._stop()
        reason = self._reason_to_end() if watched and error is not None else None
        if reason is not None:
            raise reason from None

    def allow_publication(self) -> None:
        """Check a last time before permission to publish is given. Raises AuthorisationError, DeadlineError."""
        self._stop()
        reason = self._reason_to_end()
        if reason is not None:
            raise reason

    def _reason_to_end(self) -> RefusedError | None:
        if is_withdrawn(self._home, self._lease.authorisation_id):
            return AuthorisationError("withdrawn")
        if self._lease.seconds_left(self._clock) <= 0:
            return DeadlineError("deadline_passed", run=self._lease.run_id)
        return None

    def _stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        """Watch the run; if watching fails, end the data process: the run stops and can be resumed."""
        try:
            self._watch_until_over()
        except Exception:  # noqa: BLE001 - `__exit__` checks again and raises what it finds
            self._link.end_now()

    def _watch_until_over(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            if self._reason_to_end() is not None:
                self._link.end_now()
                return
            if abs(self._clocks_apart() - self._apart) > PARTED_SECONDS:
                self._apart = self._clocks_apart()
                rearm_key(self._home, self._lease.reload(self._home), self._clock)

    def _clocks_apart(self) -> float:
        return self._clock.now().timestamp() - self._clock.boot_seconds()
