"""What a home may trust, and what it says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.errors import TrustError
from trial.authority import TrialAuthority
from vault.home.create import create_home
from vault.home_folder import Home
from vault.pki.trust_admin import add_material, list_material
from vault.pki.trust_store import TrustStore

NOW = datetime.now(UTC)


def der(identity) -> bytes:
    return identity.certificate.public_bytes(Encoding.DER)


@pytest.fixture
def authority() -> TrialAuthority:
    return TrialAuthority(marked=False)


@pytest.fixture
def home(tmp_path):
    create_home(Home(tmp_path), trial=False, origin="test.example/log")
    return tmp_path


def add(home, kind, data, now=NOW):
    return add_material(Home(home).trust, kind, data, trial_home=False, now=now)


def refused(code):
    return pytest.raises(TrustError, match=code)


def test_what_is_added_is_loaded_and_listed(home, authority):
    add(home, "root", der(authority.root))
    add(home, "intermediate", pem.armor("CERTIFICATE", der(authority.intermediate)))
    add(home, "timestamp", der(authority.root))
    store = TrustStore.load(Home(home).trust)
    assert (len(store.roots), len(store.intermediates)) == (1, 1)
    assert [m.kind for m in list_material(Home(home).trust)] == ["root", "intermediate", "timestamp"]
    assert not any(m.stale(NOW) for m in list_material(Home(home).trust))
    assert all(m.stale(NOW + timedelta(days=365 * 60)) for m in list_material(Home(home).trust))


def test_adding_twice_changes_nothing(home, authority):
    add(home, "root", der(authority.root))
    add(home, "root", pem.armor("CERTIFICATE", der(authority.root)))
    assert len(list_material(Home(home).trust)) == 1


def test_what_is_refused(home, authority):
    with refused("trial_root"):
        add(home, "root", der(TrialAuthority().root))
    with refused("root_not_self_signed"):
        add(home, "root", der(authority.intermediate))
    with refused("trust_material_malformed"):
        add(home, "root", b"no certificate")
    with refused("trust_material_stale"):
        add(home, "root", der(authority.root), now=NOW + timedelta(days=365 * 60))
    assert list_material(Home(home).trust) == []


def test_revocation_lists_need_a_known_issuer_and_are_refused_when_stale(home, authority):
    lists = [authority.crl(), authority.root_crl()]
    with refused("revocation_of_unknown_issuer"):
        add(home, "crl", lists[0])
    add(home, "root", der(authority.root))
    add(home, "intermediate", der(authority.intermediate))
    for data in lists:
        add(home, "crl", data)
    with refused("trust_material_stale"):
        add(home, "crl", lists[0], now=NOW + timedelta(days=367))
    assert [m.kind for m in list_material(Home(home).trust)].count("crl") == 2
