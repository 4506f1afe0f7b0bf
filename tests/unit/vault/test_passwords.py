"""Passwords are digested in the parameters of RFC 9106; what is too short or too plain is refused by its code."""

from __future__ import annotations

import pytest

from schemas.errors import AccountError
from vault.accounts.passwords import digest_of, is_right


def test_a_digest_states_the_parameters_for_little_memory_and_fits_its_password_alone():
    digest = digest_of("four plain words here", "someone")
    assert digest.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_right(digest, "four plain words here")
    assert not is_right(digest, "four plain words there")
    assert not is_right(None, "no account has this password")
    assert not is_right("no digest", "four plain words here")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("x" * 11, "password_short"),
        ("four plain words " * 16, "password_long"),
        ("someone and more words", "password_guessable"),
        ("abababababab", "password_guessable"),
    ],
)
def test_what_is_easily_guessed_is_refused(password, code):
    with pytest.raises(AccountError) as refused:
        digest_of(password, "someone@example.org")
    assert refused.value.code == code
