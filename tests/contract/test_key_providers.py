"""What every key provider promises, held against each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from schemas.errors import KeyServiceError, KeyUnavailableError
from vault.keys.provider import KeyProvider, KeyRef, KeyState
from vault.keys.registry import provider

GONE = {KeyState.ABSENT, KeyState.REVOKED, KeyState.EXPIRED}


@pytest.fixture(params=["keyring", "memory"])
def keys(request) -> KeyProvider:
    return provider(request.param)


@pytest.fixture
def ref(keys) -> Iterator[KeyRef]:
    made = keys.create(str(uuid.uuid4()), 60)
    yield made
    keys.destroy(made)


def test_a_key_is_random_and_stays_the_same(keys, ref):
    other = keys.create(str(uuid.uuid4()), 60)
    try:
        assert len(keys.open(ref)) == 32
        assert keys.open(ref) == keys.open(ref) != keys.open(other)
        assert keys.state(ref) is KeyState.PRESENT
    finally:
        keys.destroy(other)


def test_a_reference_survives_the_lease_and_tells_nothing(keys, ref):
    again = KeyRef.from_json(ref.to_json())
    assert keys.open(again) == keys.open(ref)
    assert keys.open(ref).hex() not in str(ref.to_json())


def test_destroyed_once_or_twice_it_never_opens_again(keys, ref):
    keys.destroy(ref)
    keys.destroy(ref)
    assert keys.state(ref) in GONE
    with pytest.raises(KeyServiceError) as gone:
        keys.open(ref)
    assert gone.value.exit_code in (50, 51)


def test_another_run_s_key_is_not_touched(keys, ref):
    other = keys.create(str(uuid.uuid4()), 60)
    keys.destroy(other)
    assert keys.state(ref) is KeyState.PRESENT


def test_the_strength_is_stated(keys):
    assert keys.strength.strength_class
    assert keys.strength.also_readable_by
    assert keys.strength.copies_ever


def test_an_unknown_provider_is_refused():
    with pytest.raises(KeyUnavailableError):
        provider("file")
