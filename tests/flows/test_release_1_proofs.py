"""Proofs of version 1: accepted as what they are, with words for what they do not bind; and runs between the versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.release_1 import FOLDER, POLICY, RUNS, unpack

from flows.engine import run as engine
from flows.lifecycle.proof import refresh_proof
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.ledger.home_log import load_log_key
from vault.proof.folder import seal_files
from vault.proof.full_verifier import OTHER_LAYOUT, verify_fully
from vault.verify import BEGAN_1, VERSION_1, Files, read_folder, verify

ROOTS, STAMPS = ([(FOLDER / name).read_bytes()] for name in ("root.pem", "tsa-root.pem"))
ENDED = sorted(set(RUNS) - {"waiting"})
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return unpack("home", tmp_path_factory.mktemp("first"))


def proof_of(home: Path, run: str) -> Files:
    return read_folder(home / "runs" / RUNS[run] / "proof")


def resealed(home: Path, files: Files) -> Files:
    rest = {name: data for name, data in files.items() if not name.startswith("manifest.")}
    return seal_files(rest, origin=Home(home).site.origin, key=load_log_key(Home(home)))


@pytest.mark.parametrize("run", ENDED)
def test_a_first_proof_is_accepted_as_one(home, run):
    files = proof_of(home, run)
    code, words = verify(files, POLICY)
    assert (code, f"Not checked here: {VERSION_1}" in words) == (0, True)
    found = verify_fully(files, POLICY, ROOTS, STAMPS)
    assert (found.exit, found.version, found.trial) == (0, 1, True), found.words
    assert {VERSION_1, OTHER_LAYOUT} <= set(found.not_checked)
    signed = [line for line in found.checked if line.startswith("A signature by")]
    assert len(signed) == (2 if run == "group" else 1)
    assert all("this folder does not bind" in line for line in signed)
    assert "doctor's" not in "\n".join(found.checked)
    assert any(line.startswith("What was delivered was accepted") for line in found.checked) == (
        run == "accepted"
    )


@pytest.mark.parametrize(
    ("run", "change", "code"),
    [
        ("page", {"authorisation/instruction.pdf": b"%PDF-"}, "pdf_without_instruction"),
        ("counted", {"authorisation/instruction.json.p7s": b"0"}, "signature_malformed"),
        ("counted", {"authorisation/instruction.json.p7s": None}, "signature_missing"),
        ("counted", {"authorisation/crls-trial-citizen.crl": None}, "revocation_missing"),
        ("accepted", {"authorisation/acceptance.json.p7s": None}, "acceptance_missing"),
        ("accepted", {"authorisation/acceptance.json": b"{}"}, "acceptance_of_another"),
    ],
)
def test_what_version_1_leaves_to_the_roots(home, run, change, code):
    """The stand-alone verifier cannot see it, and says so; with roots it shows."""
    files = proof_of(home, run)
    assert set(change) <= set(files)
    made = resealed(home, {name: data for name, data in {**files, **change}.items() if data is not None})
    assert verify(made, POLICY)[0] == 0
    assert verify_fully(made, POLICY, ROOTS, []).verdict == f"REFUSED: {code}"


def test_what_can_be_derived_of_version_1_is(home):
    files = proof_of(home, "accepted")
    for change in (
        {"use": "rehearsal"},
        {"stamp": None},
        {"import_state": "imported"},
        {"head": {}},
        {"authorisation": {}},
        {"version": 2},
    ):
        body = {**json.loads(files["certificate.json"]), **change}
        made = resealed(home, {**files, "certificate.json": canonical_json(body)})
        assert verify(made, POLICY)[0] in (91, 93), change


def test_a_first_run_is_issued_anew_as_one(home):
    before = proof_of(home, "accepted")
    told = refresh_proof(Home(home), RUNS["accepted"])
    after = read_folder(Path(told.proof))
    same = [
        name for name in before if name.startswith(("entries/", "statements/", "inventory", "authorisation/"))
    ]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    found = verify_fully(after, POLICY, ROOTS, STAMPS)
    assert (found.exit, found.version) == (0, 1), found.words
    assert OTHER_LAYOUT not in found.not_checked, "this release laid it out"


def test_a_run_that_began_under_version_1_ends_under_this_one(tmp_path):
    home = unpack("home-with-a-waiting-run", tmp_path)
    ended = engine.abandon(Home(home), RUNS["waiting"], "trial")
    assert ended.state == "certified"
    code, words = verify(Path(str(ended.proof)), POLICY)
    assert (code, f"Not checked here: {BEGAN_1}" in words) == (0, True), words
    found = verify_fully(Path(str(ended.proof)), POLICY, ROOTS, [])
    assert (found.exit, found.version) == (0, 2), found.words
