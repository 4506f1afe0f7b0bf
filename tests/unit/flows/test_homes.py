"""A site's own home: made, opened, answered for from its first entry on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.retention.round import sweep_round
from flows.session.control import Control
from flows.views.status import home_state
from schemas.errors import HostError
from trial.authority import TrialAuthority, pem
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.home_log import open_store
from vault.ledger.notes import VerifierKey
from vault.ledger.policy import parse_policy
from vault.records.operators import enrol_operator


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("REPRISE_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("REPRISE_HOME", raising=False)

    def told(*words: str, exit_code: int = 0, **settings: str) -> Any:
        done = CliRunner().invoke(app, [*words, "--json"], env={"REPRISE_OPERATOR": "anna", **settings})
        assert done.exit_code == exit_code, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return told


def entries(home: Path) -> list[tuple[str, str]]:
    store = open_store(Home(home))
    bodies = (json.loads(entry) for entry in store.read(0, store.head().size))
    return [(body["type"], body["code"]) for body in bodies]


def test_a_home_begins_with_an_operator_who_lets_the_others_in(terminal, tmp_path):
    home = tmp_path / "home"
    made = terminal("create", str(home), "--origin", "example.be/reprise")
    assert made == {"home": str(home), "origin": "example.be/reprise"}
    assert Home(home).site.trial is False
    assert home.stat().st_mode & 0o077 == 0
    where = {"REPRISE_HOME": str(home)}
    terminal("enrol", "operator", "bert", **where)
    nobody = terminal("enrol", "operator", "carl", exit_code=14, **{**where, "REPRISE_OPERATOR": "carl"})
    assert nobody["error"] == "operator_not_enrolled"
    assert entries(home)[:2] == [("subject.enrolled", "first_operator"), ("subject.enrolled", "operator")]
    assert "carl" not in str(entries(home))
    assert terminal("ledger", "check", **where) == {"faults": []}


def test_its_policy_is_that_of_its_ledger(terminal, tmp_path):
    home = tmp_path / "home"
    terminal("create", str(home), "--origin", "example.be/reprise")
    policy = parse_policy(terminal("ledger", "policy", REPRISE_HOME=str(home))["policy"])
    assert policy.log == VerifierKey.parse(open_store(Home(home)).vkey)


def test_nobody_but_its_owner_acts_on_a_home(tmp_path, monkeypatch):
    """Root included: the keys are in the owner's keyring, and to another they look as if they were gone."""
    home = tmp_path / "home"
    create_home(Home(home), trial=True, origin="test.example/log")
    enrol_operator(Home(home), "one")
    monkeypatch.setattr("os.geteuid", lambda: home.stat().st_uid + 1)
    for act in (
        lambda: Control.open(Home(home), "one"),
        lambda: Control.open_for_sweep(Home(home)),
        lambda: Control.open_rolled_back(Home(home), "one"),
        lambda: sweep_round(Home(home)),
    ):
        with pytest.raises(HostError, match="foreign_user"):
            act()
    assert home_state(Home(home)).alarms == [], "anybody who may read it can look"


def test_what_is_trusted_is_answered_for(terminal, tmp_path):
    home, root = tmp_path / "home", tmp_path / "root.pem"
    terminal("create", str(home), "--origin", "example.be/reprise")
    root.write_bytes(pem(TrialAuthority().root.certificate))
    where = {"REPRISE_HOME": str(home)}
    refused = terminal("trust", "add", str(root), "--as", "root", exit_code=11, **where)
    assert refused["error"] == "trial_root"
    assert terminal(
        "trust", "add", str(root), "--as", "root", exit_code=14, **{**where, "REPRISE_OPERATOR": ""}
    )
    assert "trust.added" not in str(entries(home))


@pytest.mark.parametrize(
    ("origin", "operator", "code", "exit_code"),
    [
        ("example.be/reprise", "", "no_operator", 14),
        ('a"\ntrial = true', "anna", "origin_malformed", 17),
        ("Dr Peeters", "anna", "origin_malformed", 17),
        ("example.be+x", "anna", "origin_malformed", 17),
        ("", "anna", "origin_malformed", 17),
    ],
)
def test_what_is_no_beginning_leaves_nothing(terminal, tmp_path, origin, operator, code, exit_code):
    words = ("create", str(tmp_path / "home"), "--origin", origin)
    assert terminal(*words, exit_code=exit_code, REPRISE_OPERATOR=operator)["error"] == code
    assert not (tmp_path / "home").exists()


def test_what_is_there_already_is_not_touched(terminal, tmp_path):
    (tmp_path / "home").mkdir()
    words = ("create", str(tmp_path / "home"), "--origin", "example.be/reprise")
    assert terminal(*words, exit_code=17)["error"] == "home_exists"
    assert list((tmp_path / "home").iterdir()) == []
