"""A key enters the register when its holder opened a challenge with Debian's age, and not otherwise."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from schemas.errors import RepriseError, ScopeError
from vault.age.sealing import make_identity, open_bytes
from vault.authorisation.terms import recipient_refusals, refuse_first
from vault.home.create import create_home
from vault.home_folder import Home
from vault.records.recipients import CHALLENGE_DAYS, challenge, confirm, prove_possession, recipients, remove

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path / "home")
    create_home(found, trial=True, origin="test.example/log")
    return found


def refuse_unproven(home, keys):
    named = SimpleNamespace(recipients=keys, recipient_roles=("recovery",) * len(keys))
    refuse_first(recipient_refusals(home, named))


def refused(code, act, *words):
    with pytest.raises(RepriseError) as error:
        act(*words)
    assert error.value.code == code


@pytest.mark.skipif(shutil.which("age") is None, reason="age is missing")
def test_the_holder_opens_the_challenge_with_age_and_the_answer_is_good_once(home, tmp_path):
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
    key = next(line.rpartition(" ")[2] for line in made.splitlines() if "public key" in line)
    (tmp_path / "identity").write_text(made)
    (tmp_path / "challenge").write_bytes(challenge(home, key, "recovery", NOW))
    opened = subprocess.run(
        ["age", "-d", "-i", tmp_path / "identity", tmp_path / "challenge"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    refused("recipient_not_proven", refuse_unproven, home, (key,))
    assert confirm(home, opened.stdout, NOW).key == key
    refuse_unproven(home, (key,))
    refused("answer_unknown", confirm, home, opened.stdout, NOW)
    refused("recipient_known", challenge, home, key, "practice", NOW)
    assert [(r.key, r.role) for r in recipients(home)] == [(key, "recovery")]
    remove(home, key)
    refused("recipient_not_proven", refuse_unproven, home, (key,))
    refused("recipient_not_proven", remove, home, key)


def test_wrong_late_replaced_and_foreign_answers(home, tmp_path):
    identity, key = make_identity()
    first = open_bytes(challenge(home, key, "practice", NOW), identity).decode()
    for wrong in (
        "",
        "x",
        first.strip()[:-1],
        first.strip() + "0",
        "\udcff".encode("utf-8", "replace").decode(),
    ):
        refused("answer_unknown", confirm, home, wrong, NOW)
    second = open_bytes(challenge(home, key, "practice", NOW), identity).decode()
    assert first != second
    refused("answer_unknown", confirm, home, first, NOW)
    late = NOW + timedelta(days=CHALLENGE_DAYS, seconds=1)
    refused("challenge_expired", confirm, home, second, late)
    refused("answer_unknown", confirm, home, second, NOW)  # used up
    create_home(Home(tmp_path / "other"), trial=True, origin="test.example/other")
    foreign = open_bytes(challenge(Home(tmp_path / "other"), key, "practice", NOW), identity).decode()
    challenge(home, key, "practice", NOW)
    refused("answer_unknown", confirm, home, foreign, NOW)
    assert recipients(home) == []


def test_what_is_no_key_or_no_role(home):
    refused("recipient_not_age", challenge, home, "age1nonsense", "practice", NOW)
    refused("role_unknown", challenge, home, make_identity()[1], "friend", NOW)


def test_the_register_is_sealed_and_cannot_be_exchanged(home, tmp_path):
    identity, key = make_identity()
    prove_possession(home, identity, "practice", NOW)
    register = home.recipients
    assert key.encode() not in register.read_bytes()
    create_home(Home(tmp_path / "other"), trial=True, origin="test.example/other")
    prove_possession(Home(tmp_path / "other"), make_identity()[0], "practice", NOW)
    register.write_bytes((tmp_path / "other" / "recipients.json").read_bytes())
    refused("sealed_record_altered", refuse_unproven, home, (key,))


def test_a_key_that_nobody_proved_is_counted_not_quoted(home):
    key = make_identity()[1]
    with pytest.raises(ScopeError) as error:
        refuse_unproven(home, (key,))
    assert error.value.facts == {"count": 1} and key not in str(error.value)
