"""Everybody whom an instruction concerns: shown all of it, and gone from the whole home once erased, with each kind of it.

One home holds an instruction of every kind; for each person a copy of it is searched before and after the erasure. Before,
whatever names the person in clear is listed; after, nothing names him, and every proof still verifies.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import canary
import pytest
from support.group_practice import (
    DEPUTY_INSS,
    DEPUTY_KEY,
    DEPUTY_NAME,
    SECOND_INSS,
    SECOND_KEY,
    SECOND_NAME,
    SECOND_NIHII,
    GroupPractice,
)

from flows.admin.erasure import erase_subject, list_subjects, plan_erasure, show_subject
from flows.engine import run as engine
from flows.lifecycle.confirmation import ImportState, confirm, draft_acceptance
from flows.lifecycle.proof import refresh_proof
from flows.session.control import Control
from schemas.errors import AuthorisationError, RefusedError, RetentionError
from trial.authority import Identity, sign_cades, sign_page
from trial.home import DOCTOR_NAME, OPERATORS
from vault.authorisation.check import draft_withdrawal, record
from vault.authorisation.record_handwritten import attest_by_hand, record_by_hand
from vault.authorisation.register import InstructionRegister
from vault.home_folder import Home
from vault.instruction.page import render_pdf
from vault.ledger.audit import audit
from vault.ledger.home_log import open_store
from vault.ledger.notes import VerifierKey
from vault.pki.signed_document import detached
from vault.records.enrolment import attest_doctor
from vault.records.mandates import attest_mandate
from vault.records.operators import enrol_operator, find_operator
from vault.records.subjects import Subjects
from vault.runs.lease import list_runs
from vault.system.clock import SystemClock
from vault.verify import verify

pytestmark = pytest.mark.slow
ABSENT_NIHII = "15555586004"  # a doctor whom an instruction names and nobody enrolled
ABSENT_NAME = "Dr Absente Afwezigmans"
ATTESTER = "Attestante Ooievaarsnest"
ALL = {"inventory": 9, "rehearsal": 9, "migration": 1, "delta": 0}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@dataclass
class Everybody:
    """The home, and the instruction of each kind."""

    group: GroupPractice
    instructions: dict[str, str]
    runs: dict[str, str]

    def run(self, name: str, file: Path | str, use: str = "inventory") -> None:
        result = self.group.start(use=use, authorisation=str(file))
        self.runs[name], self.instructions[name] = result.run, str(result.authorisation)


@pytest.fixture(scope="module")
def everybody(tmp_path_factory) -> Everybody:
    group = GroupPractice(tmp_path_factory.mktemp("everybody") / "trial")
    with (group.home / "site.toml").open("a") as settings:
        settings.write("proof_retention_days = 0\nhandwritten = true\n")
    made = Everybody(group, {}, {})
    doctor, second = group.doctor, group.enrol_second()
    deputy = group.enrol_deputy(numbers=(group.party.nihii, ABSENT_NIHII))
    attester = enrol_operator(Home(group.home), ATTESTER)
    attest_doctor(
        Home(group.home), group.subject(SECOND_INSS), attester, ("identity_card",), SystemClock().now()
    )
    own = [{"role": "controller", "nihii": group.party.nihii, "name": DOCTOR_NAME}]

    made.run("cades", group.instruct("cades", (doctor,), uses=ALL), "migration")
    acceptance = draft_acceptance(Home(group.home), made.runs["cades"])
    accepted = detached(acceptance, [sign_cades(acceptance, doctor, group.authority)])
    confirm(Control.open(Home(group.home), "trial"), made.runs["cades"], ImportState.ACCEPTED, accepted)
    made.run("pades", page(group, doctor))
    made.run("group", group.instruct("group", (doctor, second), controllers=group.both(), uses=ALL))
    instead = [{**own[0], "role": "mandated"}]
    made.run("mandated", group.instruct("mandated", (deputy,), controllers=instead, uses=ALL))
    made.run("handwritten", by_hand(group, own))
    withdrawn_one(made, second)
    for name, terms in (("unsigned", {"controllers": group.both()}), ("spent", {"uses": {"migration": 1}})):
        with pytest.raises(RefusedError):
            group.start(use="inventory", authorisation=str(group.instruct(name, (doctor,), **terms)))
    absent = [{"role": "mandated", "nihii": ABSENT_NIHII, "name": ABSENT_NAME}]
    file = group.instruct("absent", (deputy,), controllers=absent)
    signed = detached(file.read_bytes(), [file.with_name(file.name + ".p7s").read_bytes()])
    control = Control.open(Home(group.home), "trial")
    made.instructions["absent"] = record(Home(group.home), signed, control.person, control.clock)
    return made


def page(group: GroupPractice, doctor: Identity) -> Path:
    file = group.instruct("pades", (), uses=ALL)
    signed = file.with_name("instruction.pdf")
    signed.write_bytes(sign_page(render_pdf(file.read_bytes()), doctor, group.authority))
    return signed


def by_hand(group: GroupPractice, controllers: list[dict[str, str]]) -> str:
    control = Control.open(Home(group.home), "trial")
    document = group.instruct("handwritten", (), controllers=controllers, uses=ALL).read_bytes()
    name = record_by_hand(Home(group.home), document, PNG, control.person, control.clock)
    second = find_operator(Home(group.home), OPERATORS[1])
    attest_by_hand(Home(group.home), name, second, "signed_in_presence", control.clock)
    return name


def withdrawn_one(made: Everybody, second: Identity) -> None:
    """Two controllers' instruction, withdrawn by one of them."""
    group = made.group
    made.run(
        "withdrawn", group.instruct("withdrawn", (group.doctor, second), controllers=group.both(), uses=ALL)
    )
    document = draft_withdrawal(Home(group.home), made.instructions["withdrawn"])
    signed = detached(document, [sign_cades(document, second, group.authority)])
    engine.withdraw(Control.open(Home(group.home), "trial"), made.instructions["withdrawn"], signed)


WHO = {
    "doctor": {"cades", "pades", "group", "mandated", "handwritten", "withdrawn"},
    "second": {"group", "withdrawn"},
    "deputy": {"mandated", "absent"},
    "absent": {"absent"},
    "attester": set(),
}


def subject_of(group: GroupPractice, who: str) -> str:
    subjects = Subjects(Home(group.home))
    match who:
        case "absent":
            return subjects.identify("named", ABSENT_NIHII[:8])
        case "attester":
            return subjects.identify("operator", ATTESTER)
    return group.subject({"doctor": group.party.inss, "second": SECOND_INSS, "deputy": DEPUTY_INSS}[who])


def needles_of(group: GroupPractice, who: str) -> list[bytes]:
    """Name, numbers and public key, as they would stand anywhere, in any encoding."""
    words, key = {
        "doctor": ((DOCTOR_NAME, group.party.inss, group.party.nihii), group.doctor.key),
        "second": ((SECOND_NAME, SECOND_INSS, SECOND_NIHII), SECOND_KEY),
        "deputy": ((DEPUTY_NAME, DEPUTY_INSS), DEPUTY_KEY),
        "absent": ((ABSENT_NAME, ABSENT_NIHII), None),
        "attester": ((ATTESTER,), None),
    }[who]
    patterns = [pattern for word in words for pattern in canary.encodings(word) if len(pattern) >= 8]
    if key is None:
        return patterns
    modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
    return [*patterns, modulus[40:72], modulus[40:72].hex().encode()]


@pytest.fixture
def copied(everybody, tmp_path) -> Path:
    """A copy of the whole folder: each person is erased from a home of his own."""
    shutil.copytree(everybody.group.folder, tmp_path / "trial", symlinks=True)
    return tmp_path / "trial" / "home"


def holding(home: Path) -> list[str]:
    """The files that hold what is looked for."""
    files = (path for path in sorted(home.rglob("*")) if path.is_file())
    return [str(path.relative_to(home)) for path in files if canary.holds_canary(path.read_bytes())]


@pytest.mark.parametrize("who", WHO)
def test_everything_is_shown_and_nothing_is_left(everybody, copied, who, monkeypatch):
    group, subject = everybody.group, subject_of(everybody.group, who)
    monkeypatch.setattr(canary, "_PATTERNS", needles_of(group, who))
    shown = show_subject(Control.open(Home(copied), "trial"), subject)
    concerned = WHO[who]
    assert {row["id"] for row in shown["instructions"]} == {
        everybody.instructions[name] for name in concerned
    }
    runs = {everybody.runs[name] for name in concerned if name in everybody.runs}
    assert {row["run"] for row in shown["runs"]} == runs
    listed = [row["where"] for row in shown["not_yet_erased"]]
    unlisted = [file for file in holding(copied) if not any(file.startswith(f"{one}/") for one in listed)]
    assert unlisted == []
    erase_subject(Control.open(Home(copied), "trial"), subject)
    assert holding(copied) == []
    for lease in list_runs(Home(copied)):
        code, words = verify(copied / "runs" / lease.run_id / "proof", Path(group.made["policy"]).read_text())
        assert code == 0, words
        named = (copied / "runs" / lease.run_id / "proof" / "authorisation").is_dir()
        assert named == (lease.run_id not in runs)
    store = open_store(Home(copied))
    assert audit(copied / "ledger", VerifierKey.parse(store.vkey), SystemClock().now()) == []
    for run in runs:  # issued anew, it does not come back
        refresh_proof(Home(copied), run)
    assert holding(copied) == []
    for name in concerned:
        with pytest.raises(AuthorisationError, match="evidence_erased"):
            InstructionRegister(Home(copied), None, everybody.instructions[name]).evidence()


def test_both_of_two_controllers_in_turn(everybody, copied):
    group = everybody.group
    for who in ("second", "doctor"):
        erase_subject(Control.open(Home(copied), "trial"), subject_of(group, who))
    left = {row["kind"] for row in list_subjects(Control.open_to_look(Home(copied)))}
    assert left == {"mandated", "named", "operator"}


def test_an_attester_on_whom_something_stands_is_kept_until_another_attests_it(everybody, copied):
    group, now = everybody.group, SystemClock().now()
    second = Subjects(Home(copied)).identify("operator", OPERATORS[1])
    with pytest.raises(RetentionError, match="attester_needed"):
        plan_erasure(Control.open(Home(copied), "trial"), second)
    needed = {
        (row["kind"], row["of"])
        for row in show_subject(Control.open(Home(copied), "trial"), second)["attestations"]
        if row["needed"]
    }
    doctor, deputy = subject_of(group, "doctor"), subject_of(group, "deputy")
    assert needed == {
        ("doctor", doctor),
        ("mandate", f"{deputy}.1"),
        ("page", everybody.instructions["handwritten"]),
    }
    attester = find_operator(Home(copied), ATTESTER)
    attest_doctor(Home(copied), doctor, attester, ("identity_card",), now)
    attest_mandate(Home(copied), f"{deputy}.1", attester, ("identity_card",), now)
    control = Control.open(Home(copied), ATTESTER)
    name = everybody.instructions["handwritten"]
    attest_by_hand(Home(copied), name, attester, "signed_in_presence", control.clock)
    assert plan_erasure(Control.open(Home(copied), "trial"), second)["kind"] == "operator"
    with pytest.raises(RetentionError, match="operator_acts"):
        plan_erasure(Control.open(Home(copied), OPERATORS[1]), second)
    erase_subject(Control.open(Home(copied), "trial"), second)
    assert second not in Subjects(Home(copied)).ids()


def test_paths_are_sealed(everybody):
    """A destination's path may name a doctor: neither lease nor journal nor anything else holds it in clear."""
    home, destination = everybody.group.home, everybody.group.made["destination"]
    files = [p for p in home.rglob("*") if p.is_file() and destination.encode() in p.read_bytes()]
    clear = {re.sub(r"[0-9a-f\-]{30,}", "RUN", str(path.relative_to(home))) for path in files}
    assert clear <= {
        "runs/RUN/proof/authorisation/instruction.json",
        "runs/RUN/proof/authorisation/instruction.pdf",
    }
    status = engine_status(everybody)
    assert status["package"].startswith(destination)


def engine_status(everybody: Everybody) -> dict:
    found = everybody.group.reprise("status", everybody.runs["cades"], "--json")
    return json.loads(found.stdout.splitlines()[-1])
