"""An erasure beside other acts: whatever was read of a person before it does not bring the person back."""

from __future__ import annotations

import shutil
import threading
from typing import Any

import pytest
from support.group_practice import DEPUTY_INSS, GROUND, SECOND_INSS, SECOND_NIHII, GroupPractice

from flows.admin.erasure import erase_subject, show_subject
from flows.engine import run as engine
from flows.session.control import Control
from schemas.errors import AuthorisationError
from trial.home import OPERATORS
from vault.authorisation import check as authorisation
from vault.destruction.held_copies import CopyKind, CustodyRegister
from vault.home_folder import Home
from vault.pki.signed_document import detached
from vault.records import shared_records
from vault.records.enrolment import attest_doctor
from vault.records.mandates import mandates_of
from vault.records.operators import enrol_operator, find_operator
from vault.records.subjects import Subjects
from vault.runs.lease import list_runs
from vault.system.clock import SystemClock
from vault.system.locks import lock_people

pytestmark = pytest.mark.slow
USES = {"inventory": 2, "rehearsal": 0, "migration": 0, "delta": 0}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> GroupPractice:
    group = GroupPractice(tmp_path_factory.mktemp("meanwhile") / "trial")
    with (group.home / "site.toml").open("a") as settings:
        settings.write("proof_retention_days = 0\n")
    second = group.enrol_second()
    group.enrol_deputy(numbers=(group.party.nihii, SECOND_NIHII))
    group.both_sign = group.instruct("both", (group.doctor, second), controllers=group.both(), uses=USES)
    shutil.copytree(group.folder, group.folder.with_name("pristine"), symlinks=True)
    return group


@pytest.fixture
def group(pristine) -> GroupPractice:
    """The home as it was made: each test erases the second doctor from it."""
    shutil.rmtree(pristine.folder)
    shutil.copytree(pristine.folder.with_name("pristine"), pristine.folder, symlinks=True)
    return pristine


def erase_second(group: GroupPractice) -> None:
    erase_subject(Control.open(Home(group.home), "trial"), group.subject(SECOND_INSS))


def named_anywhere(group: GroupPractice) -> list[str]:
    """The subjects whose sealed record holds a number of the second doctor's."""
    subjects = Subjects(Home(group.home))
    records = {one: str(subjects.read(one)) for one in subjects.ids()}
    return [one for one, text in records.items() if SECOND_INSS in text or SECOND_NIHII[:8] in text]


def before(monkeypatch, target: Any, name: str, act) -> None:
    """Let `act` happen once, just before a function is called."""
    real = getattr(target, name)

    def first(*arguments, **named):
        monkeypatch.setattr(target, name, real)
        act()
        return real(*arguments, **named)

    monkeypatch.setattr(target, name, first)


def test_between_the_check_of_a_run_and_its_locks(group, monkeypatch):
    before(monkeypatch, engine, "lock_run", lambda: erase_second(group))
    with pytest.raises(AuthorisationError, match="signer_not_enrolled"):
        group.start(authorisation=str(group.both_sign), use="inventory")
    assert named_anywhere(group) == []
    assert list_runs(Home(group.home)) == []
    assert not list((group.home / "authorisations").iterdir())


def test_while_an_instruction_is_recorded(group, monkeypatch):
    """The erasure waits for the keeping, and takes what was kept with it."""
    signatures = [p.read_bytes() for p in sorted(group.both_sign.parent.glob("*.p7s"))]
    signed = detached(group.both_sign.read_bytes(), signatures)
    erasing = threading.Thread(target=erase_second, args=(group,))

    def begun():
        erasing.start()
        erasing.join(0.3)
        assert erasing.is_alive()

    before(monkeypatch, authorisation, "introduce", begun)
    control = Control.open(Home(group.home), "trial")
    name = authorisation.record(Home(group.home), signed, control.person, control.clock)
    erasing.join(30)
    assert named_anywhere(group) == []
    with pytest.raises(AuthorisationError, match="evidence_erased"):
        authorisation.recorded(Home(group.home), name)


@pytest.mark.parametrize(
    "step",
    [
        (shared_records.SharedRecords, "_key"),
        (shared_records, "seal_with"),
        (shared_records, "write_durably"),
    ],
)
def test_while_something_about_it_is_sealed(group, monkeypatch, step):
    """A withdrawal or an acceptance is refused by a code, and nothing stays that was sealed."""
    subjects = Subjects(Home(group.home))
    persons = [group.subject(SECOND_INSS), group.subject(group.party.inss)]
    where, name = step
    before(monkeypatch, where, name, lambda: erase_second(group))
    with pytest.raises(AuthorisationError, match="evidence_erased"):
        shared_records.SharedRecords(Home(group.home)).put("withdrawal-x", persons, b"signed")
    assert subjects.read(persons[0]) is None
    assert not list((group.home / "shared").iterdir())


def test_while_another_operator_vouches(group, monkeypatch):
    """Who changes a record reads and writes it in one; the erasure comes after, and is not undone."""
    third = enrol_operator(Home(group.home), "third")
    erasing = threading.Thread(target=erase_second, args=(group,))

    def begun():
        erasing.start()
        erasing.join(0.3)

    before(monkeypatch, Subjects, "put", begun)
    attest_doctor(Home(group.home), group.subject(SECOND_INSS), third, GROUND.shown, SystemClock().now())
    erasing.join(30)
    assert not erasing.is_alive()
    assert named_anywhere(group) == []


def test_the_numbers_leave_the_mandates_of_others(group):
    deputy, second = group.subject(DEPUTY_INSS), group.subject(SECOND_INSS)
    listed = [
        row["where"]
        for row in show_subject(Control.open(Home(group.home), "trial"), second)["not_yet_erased"]
    ]
    assert listed == [f"subjects/{deputy}.1"]
    erase_second(group)
    assert named_anywhere(group) == []
    (mandate,) = mandates_of(Subjects(Home(group.home)).read(deputy))
    assert mandate.numbers == (group.party.nihii[:8],)


def test_a_copy_is_found_by_its_run_when_the_register_is_damaged(group, tmp_path):
    group.start(authorisation=str(group.both_sign), use="inventory")
    (lease,) = list_runs(Home(group.home))
    (tmp_path / "copy").write_bytes(b"x")
    CustodyRegister(Home(group.home)).register(
        CopyKind.SOURCE,
        tmp_path,
        authorisation_id=lease.authorisation_id,
        run_id=None,
        until="2999-01-01T00:00:00Z",
    )
    state = group.home / "authorisations" / lease.authorisation_id / "state"
    state.write_bytes(state.read_bytes()[:-1])
    shown = show_subject(Control.open(Home(group.home), "trial"), group.subject(SECOND_INSS))[
        "not_yet_erased"
    ]
    assert "copy_held" in {row["why"] for row in shown}


def test_one_is_checked_and_kept_or_erased_at_a_time(group):
    with lock_people(Home(group.home).locks):
        erasing = threading.Thread(target=erase_second, args=(group,))
        erasing.start()
        erasing.join(0.3)
        assert erasing.is_alive()
        assert Subjects(Home(group.home)).has_key(group.subject(SECOND_INSS))
    erasing.join(30)
    assert not Subjects(Home(group.home)).has_key(group.subject(SECOND_INSS))


def test_the_attester_of_a_mandate_for_nobody_is_not_kept_for_it(group):
    """Of a mandate that its only number left, nobody need vouch."""
    for inss in (SECOND_INSS, group.party.inss):
        erase_subject(Control.open(Home(group.home), "trial"), group.subject(inss))
    attester = find_operator(Home(group.home), OPERATORS[1]).id
    attested = show_subject(Control.open(Home(group.home), "trial"), attester)["attestations"]
    assert [(row["kind"], row["needed"]) for row in attested] == [("mandate", False)]
