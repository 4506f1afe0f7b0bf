"""A home of the first release, which noted one person a run: everybody is shown all that concerns him, and erased from it."""

from __future__ import annotations

from pathlib import Path

import canary
import pytest
from support import release_1

from flows.admin.erasure import erase_subject, list_subjects, show_subject
from flows.lifecycle.proof import refresh_proof
from flows.lifecycle.run_views import status
from flows.session.control import Control
from schemas.errors import RetentionError
from schemas.person_records import Doctor
from vault.home_folder import Home
from vault.records.subjects import Subjects
from vault.runs.lease import list_runs
from vault.verify import verify

pytestmark = pytest.mark.slow


def doctors_of(home: Path) -> dict[str, Doctor]:
    subjects = Subjects(Home(home))
    found = {subject: subjects.read(subject) for subject in subjects.ids()}
    return {subject: record for subject, record in found.items() if isinstance(record, Doctor)}


def holding(home: Path, record: Doctor, monkeypatch) -> list[str]:
    words = [record.name, record.inss, *record.nihii]
    patterns = [pattern for word in words for pattern in canary.encodings(word) if len(pattern) >= 8]
    monkeypatch.setattr(canary, "_PATTERNS", patterns)
    files = (path for path in sorted(home.rglob("*")) if path.is_file())
    return [str(path.relative_to(home)) for path in files if canary.holds_canary(path.read_bytes())]


def test_each_of_its_doctors_is_shown_and_erased(tmp_path, monkeypatch):
    home = release_1.unpack("home", tmp_path)
    with (home / "site.toml").open("a") as settings:
        settings.write("proof_retention_days = 0\n")
    doctors = doctors_of(home)
    assert len(doctors) == 2
    group = release_1.RUNS["group"]
    shown = {subject: show_subject(Control.open(Home(home), "trial"), subject) for subject in doctors}
    runs = {subject: {row["run"] for row in found["runs"]} for subject, found in shown.items()}
    assert all(group in of for of in runs.values()), "the run of both is shown to both"
    second = min(runs, key=lambda subject: len(runs[subject]))
    for subject in (second, *(set(doctors) - {second})):
        assert holding(home, doctors[subject], monkeypatch)
        erase_subject(Control.open(Home(home), "trial"), subject)
        assert holding(home, doctors[subject], monkeypatch) == []
        refresh_proof(Home(home), group)
        assert holding(home, doctors[subject], monkeypatch) == []
        for lease in list_runs(Home(home)):
            code, words = verify(home / "runs" / lease.run_id / "proof", release_1.POLICY)
            assert code == 0, words
    journals = [path.read_bytes() for path in (home / "runs").glob("*/journal.jsonl")]
    assert not any(b'"folder"' in journal for journal in journals), "the destination's path may name a doctor"
    assert status(Home(home), group).package is None
    assert {row["kind"] for row in list_subjects(Control.open_to_look(Home(home)))} == {"operator"}


def test_its_retention_holds_for_both_doctors(tmp_path):
    home = release_1.unpack("home", tmp_path)
    for subject in doctors_of(home):
        with pytest.raises(RetentionError, match="retention_not_over"):
            erase_subject(Control.open(Home(home), "trial"), subject)
    assert Control.open(Home(home), "trial").site.proof_retention_days == 3650
