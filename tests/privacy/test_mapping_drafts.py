"""Drafting a mapping of an unknown table: no value of it in the draft, in what is printed, or in what the home keeps."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from support.whole_run import WholeRun

from connectors.base import SourceFile
from connectors.inventory.delimited.profile import profile_table
from flows.lifecycle.mapping_drafts import draft_of
from schemas.mapping import faults
from schemas.mapping_files import parse_mapping

HEADER = [
    "Patient",
    "Naam",
    "Voornaam",
    "INSZ",
    "Geboortedatum",
    "Geslacht",
    "ICPC",
    "Diagnose",
    "Waarde",
    "CanaryHeader Janssens",
]
ROWS = 40
_DICE = random.Random(7)


def _inss(at: int) -> str:
    nine = 500101000 + at * 2 + 1
    return f"{nine:09}{97 - nine % 97:02}"


def values() -> list[list[str]]:
    """Rows of which each cell is a canary: nobody else writes it."""
    return [
        [
            f"{770000 + at}", f"Canarinck{at}", f"Canaria{at}", _inss(at), f"{1 + at % 28:02}/0{1 + at % 9}/19{50 + at % 40}",
            "MV"[at % 2], f"{'ABDK'[at % 4]}{60 + at % 30}", f"canaritis van {at} graden" if at else "", f"{at + 300},{at % 7}",
            f"zeldzaam {at}" if at < 3 else "",
        ]
        for at in range(ROWS)
    ]  # fmt: skip


def table() -> bytes:
    return "\r\n".join(";".join(row) for row in [HEADER, *values()]).encode("cp1252")


def canaries() -> set[str]:
    return {cell for row in values() for cell in row if len(cell) > 2} | {
        "Canarinck",
        "canaritis",
        "CanaryHeader",
        "Janssens",
    }


def file_of(data: bytes) -> SourceFile:
    from io import BytesIO

    return SourceFile(3, len(data), lambda: BytesIO(data))


def clean(text: str, least: int = 3) -> None:
    """No canary of `least` signs or more stands in a text; shorter ones stand in sealed bytes by chance."""
    found = {canary for canary in canaries() if len(canary) >= least and canary in text}
    assert not found


def test_a_draft_says_kinds_and_counts_and_no_value():
    profile = profile_table(file_of(table()))
    draft = draft_of(profile)
    clean(draft)
    clean(repr(profile))
    mapping = parse_mapping(draft.encode())
    assert faults(mapping) == []
    assert not mapping.is_reviewed
    targets = {column.column: column.target for column in mapping.columns}
    assert targets == {
        "Patient": "patient.key", "Naam": "text", "Voornaam": "patient.first_name", "INSZ": "patient.national_number",
        "Geboortedatum": "patient.birth_date", "Geslacht": "text", "ICPC": "problem.code", "Diagnose": "problem.label",
        "Waarde": "measurement.value", "?": "text",
    }  # fmt: skip
    assert "likely patient.sex" in draft
    rare = draft.split("\n")[-3]
    assert "filled: fewer than five; different values: fewer than five" in rare
    assert "filled: all but fewer than five; different values: 39" in draft


@pytest.mark.parametrize("rows", [values(), [["Peeters", "Jan", "1950"], *([["An", "Els", "1951"]] * 9)]])
def test_a_table_without_a_header_is_not_profiled(rows):
    assert profile_table(file_of("\n".join(";".join(row) for row in rows).encode())) is None


def test_a_first_line_with_a_value_that_recurs_is_no_header():
    rows = [["Naam", "Datum", "Type"], *([["x", "2020-01-01", "Type"]] * 9)]
    assert profile_table(file_of("\n".join(";".join(row) for row in rows).encode())) is None


def test_a_date_that_may_be_read_in_two_ways_is_left_to_a_person():
    rows = [["Patient", "Geboortedatum"], *([f"{n}", f"0{n}/0{n}/1950"] for n in range(1, 9))]
    draft = draft_of(profile_table(file_of("\n".join(";".join(row) for row in rows).encode())))
    assert "likely patient.birth_date; patterns that fit every cell: dd/mm/yyyy, mm/dd/yyyy" in draft
    assert parse_mapping(draft.encode()).columns[1].target == "text"


def test_probe_drafts_and_keeps_no_value(tmp_path):
    disk, out = tmp_path / "disk", tmp_path / "drafts"
    disk.mkdir()
    (disk / "unknown.bin").write_bytes(table())
    run = WholeRun(tmp_path / "trial", disk)
    words = ["probe", run.made["source"], "--authorisation", run.made["authorisation"], "--direct"]
    done = run.reprise(*words, "--draft-mapping", str(out), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["state"] == "certified"
    (draft,) = out.iterdir()
    assert parse_mapping(draft.read_bytes()).columns[3].target == "patient.national_number"
    clean(done.stdout + done.stderr)
    for kept in (path for path in [*Path(run.home).rglob("*"), *out.rglob("*")] if path.is_file()):
        clean(kept.read_bytes().decode("latin-1"), least=8)
    again = run.reprise(*words, "--draft-mapping", str(out))
    assert "draft_folder_used" in again.stderr
    run.nothing_left()
