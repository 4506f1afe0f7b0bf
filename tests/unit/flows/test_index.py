"""The index of ledger and runs: what it says is what they say, after each kind of change, and it can always be made anew."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections import Counter
from dataclasses import fields
from itertools import pairwise

import pytest

from flows.session.control import Control
from flows.views import figures
from flows.views import index as indexes
from flows.views.deletion import Overview, Standing, deletion, deletion_page
from flows.views.figures import staged_over_time
from flows.views.index import RunIndex, Told
from flows.views.index_check import Rebuilt, check, rebuild
from flows.views.ledger import ledger_sheet
from flows.views.log_entries import log_entries
from flows.views.run_list import run_list
from flows.views.runs import Wanted, rows_of, run_page, run_rows, run_sheet
from flows.views.status import home_state
from flows.views.today import today
from schemas.errors import IntegrityError, LedgerError, UnreadableSourceError
from schemas.outcome import Outcome
from vault.canonical_json import canonical_json
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.ledger.merkle import Peaks, leaf_hash, root_hash
from vault.runs.facts import Failure, write_fact
from vault.runs.lease import LEASE, UNREADABLE, new_lease
from vault.runs.state import RunState
from vault.system.clock import SystemClock, parse_utc

RUNS = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(6)]


@pytest.fixture
def control(tmp_path) -> Control:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    return Control.open_to_look(Home(tmp_path / "home"))


def begin(control: Control, run: str, doctor: str = "d1") -> None:
    new_lease(
        control.home, SystemClock(), run_id=run, subject_id=doctor, persons=(doctor,), authorisation_id="a", use="migration",
        hours=1, provider="memory", partial=control.home.staging / run / "package/parts", operator_id="o",
        ledger_start=control.ledger.store.head().size, order_id=None,
    )  # fmt: skip
    control.record(EntryType.AUTHORISATION_CHECKED, run, "qualified")
    control.record(EntryType.RUN_STARTED, run, "migration", {"deadline_s": 4_000_000_000, "allowed": 9})


def end(control: Control, run: str, cause: str = "published") -> None:
    control.record(EntryType.DESTRUCTION_COMPLETED, run, cause)
    control.home.proof(run).mkdir()
    (control.home.proof(run) / "manifest.json").write_bytes(b"{}")
    control.record(EntryType.PROOF_ISSUED, run, "issued")


def words(control: Control) -> dict[str, str]:
    return {row.run: row.word for row in run_rows(control)}


def test_each_change_shows_at_once_and_the_index_stays_what_a_new_one_is(control):
    assert (words(control), check(control).differing) == ({}, 0)
    for act, expected in (
        (lambda: begin(control, RUNS[0]), {RUNS[0]: "running"}),
        (lambda: begin(control, RUNS[1]), {RUNS[0]: "running", RUNS[1]: "running"}),
        (lambda: end(control, RUNS[0]), {RUNS[0]: "delivered", RUNS[1]: "running"}),
        (lambda: write_fact(control.home, RUNS[1], Failure("x", 40)), {RUNS[0]: "delivered", RUNS[1]: "failed"}),
        (lambda: end(control, RUNS[1], "rehearsal"), {RUNS[0]: "delivered", RUNS[1]: "rehearsed"}),
        (lambda: control.record(EntryType.IMPORT_CONFIRMED, RUNS[0], "imported"), {RUNS[0]: "delivered", RUNS[1]: "rehearsed"}),
    ):  # fmt: skip
        act()
        assert words(control) == expected
        assert check(control).differing == 0
    with RunIndex.of(control) as index:
        assert index.told(RUNS[0]).imported == "imported"
        assert index.told("unknown") == Told()
        assert index.by_cause() == {"published": 1, "rehearsal": 1}
        assert [e["type"] for _, e in index.entries_of(RUNS[0])] == [
            "authorisation.checked", "run.started", "destruction.completed", "proof.issued", "import.confirmed",
        ]  # fmt: skip


def test_a_delivered_package_waits_until_the_practice_says_that_it_is_imported(control):
    begin(control, RUNS[0])
    end(control, RUNS[0])
    assert [one.row.run for one in today(control).unconfirmed] == [RUNS[0]]
    control.record(EntryType.IMPORT_CONFIRMED, RUNS[0], "opened")
    assert len(today(control).unconfirmed) == 1
    control.record(EntryType.IMPORT_CONFIRMED, RUNS[0], "accepted")
    assert today(control).unconfirmed == ()


def test_a_lease_that_never_began_and_one_that_goes(control):
    begin(control, RUNS[0])
    control.home.run(RUNS[1]).mkdir()
    assert words(control) == {RUNS[0]: "running"}, "a folder without a lease is no run"
    (control.home.run(RUNS[1])).rmdir()
    (control.home.run(RUNS[0]) / LEASE).unlink()
    control.home.run(RUNS[0]).rmdir()
    assert words(control) == {}
    assert check(control).differing == 0


def test_a_damaged_lease_blocks_until_it_is_set_aside_and_then_is_an_alarm(control):
    begin(control, RUNS[0])
    lease = control.home.run(RUNS[0]) / LEASE
    lease.write_bytes(b"{")
    with pytest.raises(IntegrityError, match="lease_unreadable"):
        run_rows(control)
    lease.rename(lease.with_name(UNREADABLE))
    assert words(control) == {}
    assert "lease_unreadable" in home_state(control.home).alarms


@pytest.mark.parametrize("harm", ["no database", "emptied", "another shape", "a row altered", "gone"])
def test_a_damaged_index_is_made_anew_or_found(control, harm):
    begin(control, RUNS[0])
    end(control, RUNS[0])
    before = words(control)
    path = control.home.index / "runs.sqlite"
    match harm:
        case "no database":
            path.write_bytes(b"x" * 5000)
        case "emptied":
            path.write_bytes(b"")
        case "gone":
            path.unlink()
        case _:
            file = sqlite3.connect(path)
            file.execute(
                "PRAGMA user_version = 99"
                if harm == "another shape"
                else "UPDATE told SET cause = 'abandoned'"
            )
            file.commit()
            file.close()
    if harm == "a row altered":
        assert check(control).differing == 2, "and what a run with a certificate repeats of it"
        assert rebuild(control).differing == 0
    assert words(control) == before
    assert check(control).differing == 0


def test_another_log_is_read_from_its_beginning_and_one_that_is_not_what_its_head_signs_is_refused(control):
    begin(control, RUNS[0])
    assert words(control) == {RUNS[0]: "running"}
    file = sqlite3.connect(control.home.index / "runs.sqlite")
    file.execute("UPDATE seen SET size = 1, peaks = zeroblob(32), root = zeroblob(32)")
    file.commit()
    file.close()
    control.record(EntryType.AUTHORISATION_REFUSED, None, "x")
    assert words(control) == {RUNS[0]: "running"}
    assert check(control).differing == 0
    (bundle,) = (control.home.ledger / "tile/entries").rglob(str(control.ledger.store.head().size))
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(b'"migration"', b'"rehearsal"'))
    with pytest.raises(LedgerError, match="entries_do_not_match_head"):
        rebuild(control)


def test_who_may_not_write_looks_through_an_index_in_memory(control, monkeypatch):
    begin(control, RUNS[0])
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert words(control) == {RUNS[0]: "running"}
    assert not control.home.index.exists()


def test_a_page_of_the_runs_is_the_same_as_that_part_of_all(control):
    for number, run in enumerate(RUNS):
        begin(control, run, f"d{number % 2}")
        if number < 4:
            end(control, run, ("published", "rehearsal", "abandoned", "refused_source")[number])
    every = run_rows(control)
    assert [row.created for row in every] == sorted((row.created for row in every), reverse=True)
    pages = [run_page(control, limit=2, offset=at) for at in range(0, 6, 2)]
    assert [row.run for rows, _ in pages for row in rows] == [row.run for row in every]
    assert {total for _, total in pages} == {6}
    for wanted in (
        Wanted(word="delivered"), Wanted(word="refused"), Wanted(word="running"), Wanted(word="nothing"), Wanted(doctor="d1"),
        Wanted(use="rehearsal"), Wanted(since=every[0].created[:10]), Wanted(before="2001-01-01"),
    ):  # fmt: skip
        expected = [row.run for row in every if wanted.fits(row)]
        rows, total = run_page(control, None, wanted)
        assert ([row.run for row in rows], total) == (expected, len(expected)), wanted


def test_a_run_of_nobody_and_of_another_is_not_there(control):
    begin(control, RUNS[0])
    assert run_sheet(control, RUNS[0]).row.run == RUNS[0]
    for run in ("", "..", RUNS[1], RUNS[0][:8], "\0"):
        with pytest.raises(UnreadableSourceError, match="no_such_run"):
            run_sheet(control, run)


def test_the_ends_of_a_large_log_are_taken_in_parts(control, monkeypatch):
    monkeypatch.setattr(indexes, "_BATCH", 3)
    for run in RUNS[:3]:
        begin(control, run)
        end(control, run)
    assert rebuild(control) == Rebuilt(entries=control.ledger.store.head().size, settled=3, live=0)
    assert {row.outcome for row in run_rows(control)} == {Outcome.DELIVERED}
    assert home_state(control.home).runs == {RunState.CERTIFIED: 3}


def test_peaks_grow_as_the_tree_does():
    leaves = [leaf_hash(bytes([n])) for n in range(70)]
    tree = Peaks()
    for size, leaf in enumerate([*leaves, b""]):
        assert tree.root() == root_hash(leaves[:size])
        again = Peaks(tree.size, tree.roots)
        assert (again.size, again.root()) == (size, tree.root())
        if leaf:
            tree.add(leaf)
    assert all(one != other for one, other in pairwise(leaves))


def test_an_index_with_damaged_pages_is_made_anew(control):
    begin(control, RUNS[0])
    assert words(control) == {RUNS[0]: "running"}
    path = control.home.index / "runs.sqlite"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))  # the first page holds: it still opens
    assert words(control) == {RUNS[0]: "running"}
    assert check(control).differing == 0


def test_damage_that_a_query_finds_is_gone_at_the_next_opening(control):
    begin(control, RUNS[0])
    words(control)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"), RunIndex.of(control):
        raise sqlite3.DatabaseError("database disk image is malformed")
    assert not (control.home.index / "runs.sqlite").exists()
    assert words(control) == {RUNS[0]: "running"}
    assert check(control).differing == 0


def test_a_full_disk_does_not_cost_the_index(control):
    words(control)
    with pytest.raises(sqlite3.OperationalError), RunIndex.of(control):
        raise sqlite3.OperationalError("database or disk is full")
    assert (control.home.index / "runs.sqlite").is_file()


def _random_log(control: Control, seed: int) -> None:
    """Entries of some runs in any order: most logs break the rules of the sequence."""
    chance = random.Random(seed)
    kinds = (
        EntryType.AUTHORISATION_CHECKED, EntryType.RUN_STARTED, EntryType.RUN_FAILED, EntryType.DESTRUCTION_STARTED,
        EntryType.DESTRUCTION_COMPLETED, EntryType.RUN_DELIVERED, EntryType.USE_SPENT, EntryType.USE_GIVEN_BACK,
        EntryType.PROOF_ISSUED, EntryType.IMPORT_CONFIRMED,
    )  # fmt: skip
    store = control.ledger.store
    for _ in range(60):
        kind, size = chance.choice(kinds), store.head().size
        starts = kind is EntryType.RUN_STARTED
        counts = {
            "deadline_s": chance.choice((1, 4_000_000_000)),
            "allowed": 2,
            "run_number": chance.randrange(4),
        }
        body = {
            "v": 1, "type": kind.value, "runId": chance.choice([*RUNS, None]), "seq": size + 1,
            "at": f"2026-01-0{1 + size // 20}T00:00:{size % 60:02}Z",
            "code": chance.choice(("migration", "published", "imported")), "n": counts if starts else {"bytes": 5},
            "c": {"uses": chance.choice("ab")} if starts and chance.random() < 0.8 else {},
        }  # fmt: skip
        store.append(size, [canonical_json(body)])
        if chance.random() < 0.2:
            with RunIndex.of(control):
                pass  # it follows in parts of any length


@pytest.mark.parametrize("seed", range(6))
def test_what_the_index_says_of_the_log_is_what_the_whole_log_says(control, seed):
    _random_log(control, seed)
    store = control.ledger.store
    for moment in (None, *(parse_utc(json.loads(store.read(n, n + 1)[0])["at"]) for n in (7, 25, 40))):
        whole = deletion(control, moment)
        page = deletion_page(control, moment, "", 100, 0, 3)
        assert page.overview == Overview(**{one.name: getattr(whole, one.name) for one in fields(Overview)})
        assert page.rows == whole.rows[::-1]
        assert page.newest == whole.rows[::-1][:3]
        for standing in Standing:
            there = [row for row in whole.rows[::-1] if row.standing is standing]
            found = deletion_page(control, moment, standing, 2, 1, 0)
            assert (list(found.rows), found.total) == (there[1:3], len(there))
    sheet = ledger_sheet(control)
    entries = list(log_entries(control))
    assert dict(sheet.types) == Counter(entry.word for entry in entries)
    assert sheet.growth == tuple({entry.at[:10]: entry.seq for entry in entries}.items())
    assert (sheet.began, sheet.newest) == (entries[0].at, entries[-1].at)
    assert check(control).differing == 0


def test_a_certificate_that_went_missing_is_seen_where_its_run_is_shown(control):
    begin(control, RUNS[0])
    end(control, RUNS[0])
    assert deletion_page(control, None, "", 9, 0, 0).overview.complete
    (control.home.proof(RUNS[0]) / "manifest.json").unlink()
    found = deletion_page(control, None, "", 9, 0, 0)
    assert (found.overview.without_proof, [row.has_proof for row in found.rows]) == (1, [False])
    assert check(control).differing == 0


def test_of_many_runs_each_stretch_shows_the_most_bytes_that_were_staged(control, monkeypatch):
    for run in RUNS[:5]:
        begin(control, run)
        control.record(EntryType.DESTRUCTION_COMPLETED, run, "published", {"bytes": 10})
    exact = staged_over_time(control, [])
    monkeypatch.setattr(figures, "MOST_STAYS", 3)
    parted = staged_over_time(control, [])
    assert max(one.bytes for one in parted) == max(one.bytes for one in exact)
    assert (parted[0].since, parted[-1].until) == (exact[0].since, exact[-1].until)
    assert all(one.until == other.since for one, other in pairwise(parted))
    assert {one.bytes for one in parted[:-1]} == {0}


def test_a_doctor_s_runs_are_counted_paged_and_charted_alone(control):
    for number, run in enumerate(RUNS):
        begin(control, run, f"d{number % 2}")
        if number < 4:
            end(control, run, ("published", "rehearsal", "abandoned", "refused_source")[number])
    own = run_list(control, "d1", Wanted(), 2, 0)
    assert (len(own.rows), own.total, own.every) == (2, 3, 3)
    assert own.words == {"rehearsed", "refused", "running"}
    assert [week.total for week in own.weeks][-1] == 3
    every = run_list(control, None, Wanted(word="refused"), 9, 0)
    assert ([row.run for row in every.rows], every.every) == ([RUNS[3]], 6)
    assert {word for week in every.weeks for word, _, _ in week.words} == {"refused"}
    assert [row.run for row in rows_of(control, (RUNS[1], RUNS[5]), "d1")] == [
        row.run for row in run_rows(control, "d1") if row.run in (RUNS[1], RUNS[5])
    ]
