"""Sessions: who is signed in, in the memory of this process; the browser holds a signed random name of its session.

A session ends after half an hour without a request, after twelve hours, when the account changes its means of signing in or is
closed, and when the dashboard restarts. It is replaced at every sign-in, so that a name set before is worth nothing.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from hashlib import sha256

from itsdangerous import BadSignature, Signer

from vault.accounts.account import Account
from vault.system.clock import Clock

IDLE_SECONDS, LONGEST_SECONDS = 30 * 60, 12 * 3600
MOST = 10_000
"""Strangers cannot fill the memory with sessions: beyond this number the oldest anonymous one goes."""


@dataclass
class Session:
    """One browser. `account_id` is None until somebody signs in."""

    name: str
    began: float
    seen: float
    account_id: str | None = None
    epoch: int = 0
    by: str = ""  # how the person signed in
    kept: dict[str, str] = field(default_factory=dict)  # a challenge, a state at the provider: taken once

    @property
    def token(self) -> str:
        """What each form of this session carries, so that no other site can send it."""
        return sha256(b"form\0" + self.name.encode()).hexdigest()

    def is_token(self, given: str) -> bool:
        """Whether a form was made for this session."""
        return hmac.compare_digest(self.token.encode(), given.encode("utf-8", "replace"))

    def keep(self, what: str, value: str) -> None:
        """Remember something until it is taken."""
        self.kept[what] = value

    def take(self, what: str) -> str | None:
        """Return what was kept, once."""
        return self.kept.pop(what, None)


class Sessions:
    """The sessions of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._signer = Signer(secrets.token_bytes(32), salt="session", digest_method=sha256)
        self._known: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, account: Account | None = None, by: str = "") -> Session:
        """Begin a session under a new name."""
        now = self._clock.boot_seconds()
        session = Session(secrets.token_urlsafe(32), began=now, seen=now, by=by)
        if account is not None:
            session.account_id, session.epoch = account.id, account.epoch
        with self._lock:
            self._drop_old(now)
            self._known[session.name] = session
        return session

    def cookie_of(self, session: Session) -> str:
        """Returns the signed name that the browser holds."""
        return self._signer.sign(session.name).decode()

    def find(self, cookie: str) -> Session | None:
        """Returns the session of a cookie, if it is signed by this process and lives."""
        try:
            name = self._signer.unsign(cookie).decode()
        except (BadSignature, ValueError):
            return None
        now = self._clock.boot_seconds()
        with self._lock:
            session = self._known.get(name)
            if session is None or not _lives(session, now):
                self._known.pop(name, None)
                return None
            session.seen = now
            return session

    def lives(self, session: Session) -> bool:
        """Whether a session has not ended; asking makes it no longer."""
        with self._lock:
            return self._known.get(session.name) is session and _lives(session, self._clock.boot_seconds())

    def end(self, session: Session) -> None:
        """End a session."""
        with self._lock:
            self._known.pop(session.name, None)

    def sign_in(self, before: Session | None, account: Account, by: str) -> Session:
        """End the session in which somebody signed in and begin theirs."""
        if before is not None:
            self.end(before)
        return self.begin(account, by)

    def _drop_old(self, now: float) -> None:
        if len(self._known) < MOST:
            return
        for name in [name for name, one in self._known.items() if not _lives(one, now)]:
            del self._known[name]
        anonymous = (name for name, one in self._known.items() if one.account_id is None)
        while len(self._known) >= MOST and (oldest := next(anonymous, None)) is not None:
            del self._known[oldest]
            anonymous = (name for name, one in self._known.items() if one.account_id is None)


def _lives(session: Session, now: float) -> bool:
    return now - session.seen < IDLE_SECONDS and now - session.began < LONGEST_SECONDS
