"""Passwords: argon2id digests with the parameters of RFC 9106 for hosts with little memory (64 MiB, three passes)."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from schemas.errors import AccountError

SHORTEST, LONGEST = 12, 256
_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each check takes 64 MiB: strangers who guess must not take the host's memory."""
_DUMMY = _hasher.hash("no account has this password")


def digest_of(password: str, login: str) -> str:
    """Digest a new password. Raises AccountError: password_short, password_long, password_is_login."""
    if len(password) < SHORTEST:
        raise AccountError("password_short", limit=SHORTEST)
    if len(password) > LONGEST:
        raise AccountError("password_long", limit=LONGEST)
    if login.partition("@")[0] in password.lower() or len(set(password)) < 5:
        raise AccountError("password_guessable")
    with _AT_ONCE:
        return _hasher.hash(password)


def is_right(digest: str | None, password: str) -> bool:
    """Whether the password has this digest. Takes as long when there is no digest, so that nobody learns who has an account."""
    with _AT_ONCE:
        try:
            _hasher.verify(digest or _DUMMY, password[:LONGEST])
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
    return digest is not None
