"""The people of the dashboard, made once a module, with digests of passwords that cost no time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from support.dashboard_people import People, make_people

from vault.accounts import passwords


@pytest.fixture(scope="module", autouse=True)
def quick_digests() -> Iterator[None]:
    """A digest in the parameters of the product takes 64 MiB and a tenth of a second (tests/unit/vault/test_passwords.py)."""
    with pytest.MonkeyPatch.context() as patch:
        hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        patch.setattr(passwords, "_hasher", hasher)
        patch.setattr(passwords, "_DUMMY", hasher.hash("no account has this password"))
        yield


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> People:
    from test_routes import NEEDS

    made = make_people(tmp_path_factory.mktemp("dashboard"))
    NEEDS["doctor"] = made.doctors["85073003328"]
    return made
