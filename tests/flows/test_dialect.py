"""A passport through whole runs: the first export of a software, one with new names, and a site that stops runs for them."""

from __future__ import annotations

import json

import pytest
from support.small_export import code, export, folder, item, transaction, words
from support.whole_run import WholeRun

from flows.commands.count_words import count_lines
from schemas.dialect import CARRY, STOP, Names
from schemas.errors import DialectError
from vault.home_folder import Home
from vault.runs.passports import FOLDER, keep_passport, last_passport

GENEROUS = {"degraded_permille": 1000, "quarantined_permille": 1000}
NEW = item("problem", code("HTA", "LOCAL", SL="NIEUW"), words("hypertensie"))


def an_export(extra=""):
    people = [
        folder(name, transaction(item("problem", words("zorg")), extra)) for name in ("A", "B", "C", "D", "E")
    ]
    return export(*people)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dialect")
    source = folder / "export.xml"
    source.write_bytes(an_export())
    made = WholeRun(folder / "run", source, uses={"inventory": 5, "rehearsal": 9}, ceilings=GENEROUS)
    return made, source


def settings(whole, policy):
    site = whole.home / "site.toml"
    text = site.read_text().partition("\n[dialect]")[0]
    site.write_text(text + f'\n[dialect]\ncode_systems = "{policy}"\n')


@pytest.mark.slow
def test_what_is_new_is_told_before_extract_and_stops_the_run_if_the_site_says_so(whole):
    run, source = whole
    first = run.start(use="rehearsal").counts["inventory"]["dialect"]
    assert first["since"] is None
    assert first["new"] == {}
    (passport,) = (run.home / FOLDER).glob("*.json")
    kept = json.loads(passport.read_bytes())
    assert kept["names"]["item_kinds"] == {"problem": 5}
    assert kept["names"]["formats"] == {"kmehr": 1}

    source.write_bytes(an_export(NEW))
    probed = run.start(use="inventory").counts
    assert probed["inventory"]["dialect"]["new"] == {"code_systems": ["LOCAL/NIEUW"], "attributes": ["cd@SL"]}
    assert any("LOCAL/NIEUW" in line for line in count_lines(probed))

    settings(run, STOP)
    with pytest.raises(DialectError) as error:
        run.start(use="rehearsal")
    assert (error.value.code, error.value.exit_code, error.value.facts["kind"]) == (
        "dialect_changed",
        26,
        "code_systems",
    )
    assert not list((run.home / "staging").iterdir())
    assert not (run.home / "runs" / run.run_id / "journal.jsonl").exists()  # no step was done

    settings(run, CARRY)
    assert run.start(use="rehearsal").counts["inventory"]["dialect"]["new"]["code_systems"] == ["LOCAL/NIEUW"]
    settings(run, STOP)
    assert run.start(use="rehearsal").counts["inventory"]["dialect"]["new"] == {}
    run.nothing_left()


def test_the_last_passport_of_a_software_is_that_of_any_version(tmp_path):
    home = Home(tmp_path)
    keep_passport(home, "OldEmr 1.2", "r1", "2026-01-01T00:00:00Z", Names({"elements": {"a": 5}}))
    keep_passport(home, "OldEmr 1.3", "r2", "2026-02-01T00:00:00Z", Names({"elements": {"b": 7}}))
    keep_passport(home, "Other 1.3", "r3", "2026-03-01T00:00:00Z", Names({"elements": {"c": 7}}))
    found = last_passport(home, "OldEmr 2")
    assert found is not None
    assert (found.software, found.names) == ("OldEmr 1.3", {"elements": {"a": 5, "b": 7}})
    assert last_passport(home, "Unknown") is None
