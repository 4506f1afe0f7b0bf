"""Withdrawal: a run whose instruction no longer holds is stopped, its staging destroyed, nothing published."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from flows.data_link import DataLink
from schemas.errors import AuthorisationError
from vault.authorisation import is_withdrawn
from vault.lease import Lease

POLL_SECONDS = 0.5


class WithdrawalGuard:
    """Ends the data process as soon as the instruction is withdrawn, until publication is allowed.

    Leave is asked when every part lies at the destination and only the act that publishes is missing: a rename, or the
    manifest's arrival. A withdrawal that comes after leave was given comes too late, and the certificate says published.
    """

    def __init__(self, home: Path, lease: Lease, link: DataLink) -> None:
        self._home, self._authorisation, self._link = home, lease.authorisation_id, link
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching. Raises AuthorisationError when it was the withdrawal that ended the data process."""
        watched = not self._over.is_set()
        self._stop()
        if watched and error is not None and is_withdrawn(self._home, self._authorisation):
            raise AuthorisationError("withdrawn") from None

    def allow_publication(self) -> None:
        """Last look before leave to publish is given. Raises AuthorisationError."""
        self._stop()
        if is_withdrawn(self._home, self._authorisation):
            raise AuthorisationError("withdrawn")

    def _stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            if is_withdrawn(self._home, self._authorisation):
                self._link.end_now()
                return
