"""`reprise authorise check`, `record` and `withdraw`: what the ledger says of each, a refusal too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from trial.home import make_trial
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.ledger.home_log import open_store


class Desk:
    """A trial home, its recorded entries, and an operator's terminal."""

    def __init__(self, folder: Path) -> None:
        write_practice(folder / "export", patients=1)
        self.folder, self.made = folder, make_trial(folder / "trial", folder / "export")
        self.home = Path(self.made["home"])

    def type(self, *words: str, exit_code: int = 0) -> Any:
        """What the command prints with --json, and the entries that it leaves: type, code, exit code."""
        settings = {"REPRISE_HOME": str(self.home), "REPRISE_OPERATOR": "trial"}
        before = len(self.entries())
        done = CliRunner().invoke(app, ["authorise", *words, "--json"], env=settings)
        assert done.exit_code == exit_code, done.stderr
        assert list(Home(self.home).acts.glob("*")) == []
        found = self.entries()[before:]
        left = [(entry["type"], entry["code"], entry["n"].get("exit")) for entry in found]
        return json.loads(done.stdout.splitlines()[-1]), left

    def entries(self) -> list[Any]:
        store = open_store(Home(self.home))
        return [json.loads(entry) for entry in store.read(0, store.head().size)]

    def unsigned(self) -> str:
        """The trial's instruction without its signature."""
        path = self.folder / "unsigned.json"
        path.write_bytes(Path(self.made["authorisation"]).read_bytes())
        return str(path)

    def altered(self) -> str:
        """A page that is none of ours."""
        path = self.folder / "altered.pdf"
        path.write_bytes(b"%PDF-1.4\n%%EOF\n")
        return str(path)


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


def test_a_check_that_passes_leaves_no_entry(desk):
    found, left = desk.type("check", desk.made["authorisation"])
    assert (found["result"], left) == ("passed", [])


@pytest.mark.parametrize("word", ["check", "record"])
@pytest.mark.parametrize(
    ("broken", "code"), [(Desk.unsigned, "signature_missing"), (Desk.altered, "pdf_without_instruction")]
)
def test_a_refusal_is_an_entry(desk, word, broken, code):
    kept = desk.type("list")[0]
    told, left = desk.type(word, broken(desk), exit_code=10)
    assert told["error"] == code
    assert left == [("authorisation.refused", code, 10)]
    assert desk.type("list")[0] == kept


@pytest.mark.parametrize("word", ["check", "record"])
def test_a_file_that_is_not_there_is_no_refusal(desk, word):
    told, left = desk.type(word, str(desk.folder / "none.json"), exit_code=20)
    assert (told["error"], left) == ("file_missing", [])


def test_a_refused_check_shows_its_report_first(desk):
    settings = {"REPRISE_HOME": str(desk.home), "REPRISE_OPERATOR": "trial"}
    done = CliRunner().invoke(app, ["authorise", "check", desk.unsigned(), "--json"], env=settings)
    report, told = map(json.loads, done.stdout.splitlines())
    assert (report["result"], told["error"]) == ("refused", "signature_missing")


def test_a_record_is_an_entry(desk):
    found, left = desk.type("record", desk.made["authorisation"])
    assert left == [("authorisation.recorded", "recorded", None)]
    assert [one["id"] for one in desk.type("list")[0]] == [found["authorisation"]]


def test_a_withdrawal_that_nobody_may_sign_is_refused_and_an_entry(desk):
    recorded = desk.type("record", desk.made["authorisation"])[0]["authorisation"]
    other = desk.made["authorisation"]  # signed by the doctor, and no withdrawal
    told, left = desk.type("withdraw", recorded, "--signed", other, exit_code=10)
    assert told["error"] == "withdrawal_of_another"
    assert left == [("act.refused", "withdrawal_of_another", 10)]
    _, left = desk.type("withdraw", recorded)
    assert left == [("authorisation.withdrawn", "recorded_by_operator", None)]
