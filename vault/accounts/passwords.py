"""Passwords: argon2id digests with the parameters of RFC 9106 for hosts with little memory (64 MiB, three passes)."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from schemas.errors import AccountError

MIN_CHARACTERS, MAX_CHARACTERS = 12, 256
_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_TWO_AT_ONCE = threading.BoundedSemaphore(2)
"""Each check takes 64 MiB. The limit keeps many wrong passwords at once from using up the host's memory."""
_DUMMY = _hasher.hash("no account has this password")


def digest_of(password: str, login: str) -> str:
    """Return the digest of a new password. Raises AccountError: password_short, password_long, password_guessable."""
    if len(password) < MIN_CHARACTERS:
        raise AccountError("password_short", limit=MIN_CHARACTERS)
    if len(password) > MAX_CHARACTERS:
        raise AccountError("password_long", limit=MAX_CHARACTERS)
    if login.partition("@")[0] in password.lower() or len(set(password)) < 5:
        raise AccountError("password_guessable")
    with _TWO_AT_ONCE:
        return _hasher.hash(password)


def is_right(digest: str | None, password: str) -> bool:
    """Return whether the password has this digest.

    Without a digest, the check takes as long, so that nobody learns which accounts exist.
    """
    with _TWO_AT_ONCE:
        try:
            _hasher.verify(digest or _DUMMY, password[:MAX_CHARACTERS])
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
    return digest is not None
