"""The pages that people read, over a home with runs that really ran: what they show, whom, and what can be taken along."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from support.dashboard_browser import LOOKS, SERIOUS, chromium, open_accounts, served, watching
from support.dashboard_people import ORIGIN, MovedClock, People
from support.sealing import ROOT, needs_browser
from support.whole_run import WholeRun

from dashboard.application import make_application, make_dashboard
from dashboard.rendering import end_of_day, size, span
from dashboard.routes import ROUTES
from flows.session.control import Control
from flows.views import deletion, figures
from flows.views import ledger as ledger_views
from flows.views.authorisations import authorisation_rows
from flows.views.run_list import run_list
from flows.views.runs import EVERY, run_rows
from flows.views.today import today
from schemas.roles import Role
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.ledger.merkle import leaf_hash, root_hash
from vault.runs.lease import list_runs

DOCTOR_S_NAME = "Dr Bob Specimen"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> WholeRun:
    """A rehearsal, then a migration."""
    folder = tmp_path_factory.mktemp("pages")
    write_practice(folder / "export", patients=3)
    made = WholeRun(folder, folder / "export")
    made.start(use="rehearsal")
    made.start()
    return made


@pytest.fixture(scope="module")
def home(whole) -> Home:
    return Home(whole.home)


@pytest.fixture(scope="module")
def people(home) -> People:
    """An account for each role over this home."""
    open_accounts(home, "trial")
    clock = MovedClock()
    dashboard = make_dashboard(home, ORIGIN, clock)
    return People(dashboard, clock, make_application(dashboard))


@pytest.fixture(scope="module")
def seen(people):
    return {role: people.signed_in(role.value) for role in Role}


@pytest.fixture(scope="module")
def runs(home) -> dict[str, str]:
    """Run by use."""
    return {lease.use: lease.run_id for lease in list_runs(home)}


def checked_by_the_program(proof: Path, policy: Path) -> subprocess.CompletedProcess[str]:
    """What the stand-alone verifier says, run as an auditor runs it."""
    words = [sys.executable, str(ROOT / "vault" / "verify.py"), str(proof), "--policy", str(policy)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


def as_text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.DOCTOR, Role.OFFICER])
def test_whoever_may_read_names_gets_the_whole_proof(seen, runs, whole, tmp_path, role):
    answer = seen[role].get(f"/runs/{runs['migration']}/proof.zip")
    (tmp_path / "proof.zip").write_bytes(answer.content)
    said = checked_by_the_program(tmp_path / "proof.zip", Path(whole.made["policy"]))
    assert said.returncode == 0, said.stdout
    assert "authorisation/instruction.json" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


def test_an_auditor_gets_a_proof_that_names_nobody_and_is_issued(seen, runs, whole, home, tmp_path):
    answer = seen[Role.AUDITOR].get(f"/runs/{runs['migration']}/proof.zip")
    (tmp_path / "proof.zip").write_bytes(answer.content)
    said = checked_by_the_program(tmp_path / "proof.zip", Path(whole.made["policy"]))
    assert said.returncode == 0, said.stdout
    files = _unzipped(answer.content)
    assert not [name for name in files if name.startswith("authorisation/")]
    assert not [name for name, data in files.items() if b"Specimen" in data]
    manifest = b64encode(sha256(files["manifest.json"]).digest()).decode()
    issued = [e["c"]["manifest"] for e in whole.entries() if e["type"] == EntryType.PROOF_ISSUED]
    assert issued.count(manifest) == 1
    again = seen[Role.AUDITOR].get(f"/runs/{runs['migration']}/proof.zip")
    assert again.content == answer.content
    assert len([e for e in whole.entries() if e["type"] == EntryType.PROOF_ISSUED]) == len(issued)


def _unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_certificate_is_the_one_in_the_proof(seen, runs, home):
    answer = seen[Role.AUDITOR].get(f"/runs/{runs['rehearsal']}/certificate.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content == (home.proof(runs["rehearsal"]) / "certificate.pdf").read_bytes()


@pytest.mark.parametrize(
    "route",
    [
        r
        for r in ROUTES
        if r.method == "GET" and Role.AUDITOR in r.who and r.name != "run_live" and not r.for_machines
    ],
    ids=lambda route: route.name,
)
def test_no_page_and_no_file_of_an_auditor_names_a_person_or_a_place(seen, runs, whole, route):
    authorisation = authorisation_rows(Control.open_to_look(Home(whole.home)))[0].id
    answer = seen[Role.AUDITOR].get(route.path.format(run=runs["migration"], authorisation=authorisation))
    assert answer.status_code == 200
    zipped = answer.headers["content-type"] == "application/zip"
    told = b"".join(_unzipped(answer.content).values()) if zipped else answer.content
    for word in ("Specimen", "11234578004", "85073003328", str(whole.destination), "age1"):
        assert route.name == "verify_page" or word.encode() not in told


@pytest.mark.parametrize(
    "run", ["0" * 8, "..%2F..%2Fkeys", "%2e%2e", "*", "11111111-0000-4000-8000-000000000009"]
)
def test_nothing_but_the_files_of_a_run_is_handed_out(seen, run):
    for role in (Role.ENGINEER, Role.AUDITOR, Role.DOCTOR):
        for name in ("certificate.pdf", "proof.zip", "certificate.json", "..%2fjournal.jsonl"):
            assert seen[role].get(f"/runs/{run}/{name}").status_code == 404


def test_each_download_is_in_the_access_log(people, seen, runs):
    before = list(people.dashboard.access_log.read())
    seen[Role.AUDITOR].get(f"/runs/{runs['migration']}/proof.zip")
    seen[Role.OFFICER].get("/doctors")
    after = list(people.dashboard.access_log.read())[len(before) :]
    assert [(one.what, one.about) for one in after if one.what != "name"] == [
        ("run_proof", runs["migration"]),
        ("doctors", ""),
    ]
    assert [one.what for one in after].count("name") == 1


def test_the_export_has_every_run_and_each_proof_verifies(seen, whole, home, tmp_path):
    answer = seen[Role.AUDITOR].get("/deletion.zip")
    files = _unzipped(answer.content)
    (tmp_path / "policy.txt").write_bytes(files["policy.txt"])
    index = json.loads(files["index.json"])
    assert (index["complete"], [run["number"] for run in index["runs"]]) == (True, [1, 2])
    proofs = sorted(name for name in files if name.startswith("proofs/"))
    assert proofs == [f"proofs/{run['number']:06}-{run['run']}.zip" for run in index["runs"]]
    for name in proofs:
        (tmp_path / "one.zip").write_bytes(files[name])
        assert checked_by_the_program(tmp_path / "one.zip", tmp_path / "policy.txt").returncode == 0
    assert files["policy.txt"] == Path(whole.made["policy"]).read_bytes()
    assert {f"certificates/{run['number']:06}-{run['run']}.pdf" for run in index["runs"]} <= files.keys()
    assert b"Specimen" not in b"".join(data for name, data in files.items() if not name.endswith(".zip"))


def test_a_certificate_that_is_gone_is_named_and_the_rest_is_exported(seen, runs, home):
    paper = home.proof(runs["rehearsal"]) / "certificate.pdf"
    kept = paper.read_bytes()
    paper.unlink()
    try:
        answer = seen[Role.AUDITOR].get("/deletion.zip", headers={"Accept-Language": "en"})
    finally:
        paper.write_bytes(kept)
    files = _unzipped(answer.content)
    name = f"certificates/000001-{runs['rehearsal']}.pdf"
    assert json.loads(files["index.json"])["missing"] == [name]
    assert name in files["README.txt"].decode()
    assert name not in files
    assert len([one for one in files if one.startswith(("certificates/", "proofs/"))]) == 3


def test_the_entries_in_the_export_have_the_root_that_the_index_states(seen):
    files = _unzipped(seen[Role.OFFICER].get("/deletion.zip").content)
    entries = files["ledger/entries.jsonl"].splitlines()
    head = json.loads(files["index.json"])["head"]
    assert len(entries) == head["size"]
    assert root_hash([leaf_hash(entry) for entry in entries]) == b64decode(head["root"])


def test_the_table_has_one_line_a_run(seen, runs):
    for role in (Role.ENGINEER, Role.AUDITOR):
        rows = list(csv.DictReader(io.StringIO(seen[role].get("/deletion.csv").text)))
        assert [row["run"] for row in rows] == [runs["rehearsal"], runs["migration"]]
        assert [row["cause"] for row in rows] == ["rehearsal", "published"]
        assert {row["standing"] for row in rows} == {"destroyed"}


def test_the_list_on_paper_names_each_run(seen, runs, tmp_path):
    answer = seen[Role.AUDITOR].get("/deletion.pdf", headers={"Accept-Language": "nl"})
    (tmp_path / "list.pdf").write_bytes(answer.content)
    words = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "list.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "Bewijs van vernietiging" in words
    assert all(run in re.sub(r"\s", "", words) for run in runs.values())


def test_the_view_of_a_day_does_not_change_with_what_comes_later(home, people):
    control = Control.open_to_look(home, people.clock)
    entries = list(ledger_views.log_entries(control))
    first_end = next(e for e in entries if e.type == EntryType.DESTRUCTION_COMPLETED)
    moment = deletion.parse_utc(first_end.at)
    found = deletion.deletion(control, moment)
    assert found.head.size < len(entries)
    assert [row.standing for row in found.rows if row.number == 1] == [deletion.Standing.DESTROYED]
    control.record(EntryType.CLOCK_CONFIRMED, None, "confirmed")
    assert deletion.deletion(control, moment) == found


def test_before_the_first_entry_there_is_nothing(seen, home):
    assert "2020" in seen[Role.AUDITOR].get("/deletion?day=2020-01-01").text
    found = deletion.deletion(Control.open_to_look(home), end_of_day("2020-01-01"))
    assert (found.rows, found.head.size, found.complete) == ((), 0, True)
    assert seen[Role.AUDITOR].get("/deletion.zip?day=2020-01-01").status_code == 200


def test_a_missing_certificate_and_a_missing_end_are_shown(home, runs, tmp_path):
    control = Control.open_to_look(home)
    proof = home.proof(runs["migration"])
    proof.rename(tmp_path / "proof")
    try:
        assert not deletion.deletion(control).complete
        assert deletion.deletion(control).without_proof == 1
    finally:
        (tmp_path / "proof").rename(proof)
    started = next(e for e in ledger_views.log_entries(control) if e.type == EntryType.RUN_STARTED)
    clock = MovedClock()
    late = Control.open_to_look(home, clock)
    rows = deletion._rows(late, started.seq, late.clock.now() + timedelta(days=9))
    assert [row.standing for row in rows] == [deletion.Standing.OVERDUE]
    assert rows[0].colour == "bad"


def test_green_is_for_published_and_certified_runs_alone(home, runs):
    control = Control.open_to_look(home)
    colours = {row.run: row.colour for row in deletion.deletion(control).rows}
    assert colours == {runs["migration"]: "good", runs["rehearsal"]: "plain"}
    assert {row.run: row.colour for row in run_rows(control)} == colours


def test_a_run_shows_its_ladder_its_copies_and_its_authorisation(seen, runs):
    page = as_text(
        seen[Role.AUDITOR].get(f"/runs/{runs['migration']}", headers={"Accept-Language": "en"}).text
    )
    for words in (
        "The key is gone",
        "The same files no longer open",
        "The files are gone",
        "Certificate issued",
    ):
        assert f"{words} done" in page
    assert "12 segments opened just before" in page or "segments opened just before" in page
    assert "What became of each copy" in page
    assert "electronic, beside the document (1)" in page
    assert DOCTOR_S_NAME not in page


def test_the_balance_of_a_run_adds_up(home, seen, runs):
    page = as_text(
        seen[Role.ENGINEER].get(f"/runs/{runs['migration']}", headers={"Accept-Language": "de"}).text
    )
    found = re.search(
        r"([\d.]+) im Export = ([\d.]+) .*? \+ ([\d.]+) .*? \+ ([\d.]+) .*? \+ ([\d.]+) .*? \+ ([\d.]+) ",
        page,
    )
    assert found is not None
    total, *parts = (int(one.replace(".", "")) for one in found.groups())
    assert total == sum(parts) > 0


@pytest.mark.parametrize(
    ("settings", "days", "colour"),
    [
        ("", 2, "plain"),
        ("", 3, "warn"),
        ("", 8, "bad"),
        ("unconfirmed_red_days = 4\n", 4, "bad"),
        ("unconfirmed_amber_days = 1\n", 1, "warn"),
    ],
)
def test_a_delivery_without_a_word_turns_amber_then_red_as_the_site_says(home, settings, days, colour):
    written = home.settings.read_text()
    clock = MovedClock()
    clock.on = days * 86_400 + 60
    home.settings.write_text(settings + written)
    try:
        (waiting,) = today(Control.open_to_look(Home(home.path), clock)).unconfirmed
    finally:
        home.settings.write_text(written)
    assert (waiting.days, waiting.severity) == (days, colour)


def test_a_doctor_s_page_says_what_is_kept_and_an_auditor_has_none(seen, people):
    answer = seen[Role.DOCTOR].get("/doctors", headers={"Accept-Language": "fr"})
    page = seen[Role.DOCTOR].get(answer.headers["location"], headers={"Accept-Language": "fr"}).text
    assert DOCTOR_S_NAME in page
    assert "Ce qui est conservé" in page
    assert seen[Role.AUDITOR].get(answer.headers["location"]).status_code == 403


def test_the_uses_that_are_left_are_shown(seen):
    page = as_text(seen[Role.AUDITOR].get("/authorisations", headers={"Accept-Language": "en"}).text)
    assert "rehearsal 4 of 5" in page
    assert "migration 0 of 1" in page
    assert "in use" in page
    assert DOCTOR_S_NAME not in page


def test_a_full_check_is_remembered_and_finds_a_changed_file(people, home):
    browser = people.signed_in("auditor")
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', browser.get("/ledger").text)[1]
    assert browser.post("/ledger/check", data={"csrf": csrf}).headers["location"] == "/ledger"
    sound = ledger_views.ledger_sheet(Control.open_to_look(home)).check
    assert (sound.faults, sound.size) == ((), ledger_views.ledger_sheet(Control.open_to_look(home)).size)
    stray = home.ledger / "tile" / "stray"
    stray.write_bytes(b"x")
    try:
        assert ledger_views.check_now(Control.open_to_look(home)).faults == ("unknown_file",)
        assert "unknown_file" in browser.get("/ledger").text
    finally:
        stray.unlink()
    assert ledger_views.check_now(Control.open_to_look(home)).faults == ()


def test_staging_over_time_has_each_run_with_its_size(home):
    control = Control.open_to_look(home)
    ends = [e for e in ledger_views.log_entries(control) if e.type == EntryType.DESTRUCTION_COMPLETED]
    found = figures.staged_over_time(control, [])
    assert {one.bytes for one in found} == {0, *(e.n["bytes"] for e in ends)}
    assert all(one.until == other.since for one, other in pairwise(found))
    assert [one.bytes for one in figures.staged_over_time(control, [], "nobody")] == [0]


def test_weeks_count_each_run_once(home):
    control = Control.open_to_look(home)
    weeks = run_list(control, None, EVERY, 50, 0).weeks
    assert [week.total for week in weeks] == [0] * (figures.WEEKS - 1) + [2]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86_400, "1 d"),
        (90_000, "1 d 1 h"),
    ],
)
def test_spans(seconds, words):
    assert span("en", seconds) == words


@pytest.mark.parametrize(
    ("language", "count", "words"),
    [
        ("en", 999, "999 B"),
        ("en", 2_582_825, "2.6 MB"),
        ("fr", 2_582_825, "2,6 Mo"),
        ("de", 1_500_000_000_000, "1,5 TB"),
    ],
)
def test_sizes(language, count, words):
    assert size(language, count) == words


def test_the_checking_page_is_the_one_of_the_release_and_opens_nothing_here(seen):
    answer = seen[Role.AUDITOR].get("/verify.html")
    assert answer.content == (ROOT / "vault/proof/pages/verify.html").read_bytes()
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_axe_finds_nothing_serious_and_no_page_scrolls_sideways(home, runs, look):
    open_accounts(home, "trial")
    paths = [
        "/",
        "/runs",
        f"/runs/{runs['migration']}",
        "/authorisations",
        "/deletion",
        "/ledger",
        "/host",
        "/doctors",
    ]
    found = []
    with (
        served(home) as origin,
        chromium() as browser,
        watching(browser, origin, Role.ENGINEER, **LOOKS[look]) as watcher,
    ):
        for path in paths:
            watcher.go(path)
            found += [(path, one) for one in watcher.axe() if one["impact"] in SERIOUS]
            found += [(path, "sideways")] if look == "phone" and watcher.is_too_wide() else []
        found += watcher.complaints
    assert found == []
