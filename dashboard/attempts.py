"""Attempts to sign in: after a few failures each further one waits, longer every time; and how many requests an address makes."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from vault.system.clock import Clock

FREE = {"account": 5, "address": 30}
"""Failures before the first wait: few against one account, more from an address, which several people may share."""
LONGEST_WAIT, FORGOTTEN_AFTER = 900, 3600
REQUESTS_A_MINUTE = 600
_MOST = 50_000


@dataclass
class _Tally:
    failures: int
    until: float
    last: float


class Attempts:
    """Failures by account and by address, in the memory of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._requests: dict[str, tuple[float, int]] = {}

    def wait_seconds(self, **who: str) -> int:
        """Returns how long these must wait before the next attempt; 0 if they need not."""
        now = self._clock.boot_seconds()
        with self._lock:
            found = [self._tallies[key] for key in who.items() if key in self._tallies]
        return max((int(one.until - now) + 1 for one in found if one.until > now), default=0)

    def failed(self, **who: str) -> None:
        """Count a failure."""
        now = self._clock.boot_seconds()
        with self._lock:
            if len(self._tallies) > _MOST:
                self._tallies = {k: t for k, t in self._tallies.items() if now - t.last < FORGOTTEN_AFTER}
            for kind, name in who.items():
                tally = self._tallies.get((kind, name))
                if tally is None or now - tally.last > FORGOTTEN_AFTER:
                    tally = _Tally(0, 0.0, now)
                tally.failures, tally.last = tally.failures + 1, now
                beyond = tally.failures - FREE[kind]
                tally.until = now + min(2 ** min(beyond, 20), LONGEST_WAIT) if beyond >= 0 else 0.0
                self._tallies[kind, name] = tally

    def succeeded(self, account: str) -> None:
        """Forget the failures of an account."""
        with self._lock:
            self._tallies.pop(("account", account), None)

    def is_too_many(self, address: str, most: int = REQUESTS_A_MINUTE) -> bool:
        """Count a request of an address or a token; whether it makes more than it may in a minute."""
        now = self._clock.boot_seconds()
        with self._lock:
            if len(self._requests) > _MOST:
                self._requests.clear()
            began, count = self._requests.get(address, (now, 0))
            if now - began >= 60:
                began, count = now, 0
            self._requests[address] = (began, count + 1)
            return count >= most
