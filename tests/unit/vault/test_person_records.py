"""Records of persons: those of earlier releases are read as they were written; what is no such record is refused by its field."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from schemas.errors import IntegrityError
from schemas.person_records import Doctor, Mandated, Named, numbers_in_force
from schemas.record import dump
from vault.home.create import create_home
from vault.home_folder import Home
from vault.records.subjects import Subjects

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
HOMES = [
    "release-1/home",
    "release-1/home-with-a-waiting-run",
    "release-1/real-home",
    "release-2/home",
]
ATTESTED = {"operator": "o1", "at": "2026-05-04T10:11:12Z", "how": ["identity_card"], "of": ""}
GROUND = {"basis": "gdpr_6_1_c", "number_basis": "be_national_register_1983"}
IN_FORCE = {"nihii": ["11234578004"], "name": "N", **GROUND, "attestations": [ATTESTED, ATTESTED]}
MANDATE = {
    "role": "successor", "numbers": ["11234578"], "until": "2027-01-31", "basis": "succession", "name": "M", "ground": GROUND,
    "attestations": [ATTESTED], "ended": {**ATTESTED, "how": []},
}  # fmt: skip
DOCTOR = {
    "kind": "doctor", "inss": "85073003328", "salt": "AA==", **IN_FORCE, "pending": IN_FORCE,
    "superseded": [{**IN_FORCE, "until": "2026-05-04T10:11:12Z"}], "mandates": {"1": MANDATE},
}  # fmt: skip


@pytest.fixture(scope="module")
def subjects(tmp_path_factory) -> Subjects:
    home = Home(tmp_path_factory.mktemp("persons") / "home")
    create_home(home, trial=True, origin="test.example/log")
    return Subjects(home)


def stored(subjects: Subjects, record: object) -> str:
    """Seal these bytes as somebody's record."""
    person = subjects.identify("doctor", "1")
    subjects.write(person, Doctor(inss="85073003328"))
    subjects.put(person, "record", json.dumps(record).encode())
    return person


@pytest.mark.parametrize("name", HOMES)
def test_each_record_of_an_earlier_release_is_read_whole(name, tmp_path):
    with tarfile.open(VECTORS / f"{name}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    subjects = Subjects(Home(tmp_path / "home"))
    for person in subjects.ids():
        assert json.loads(dump(subjects.read(person))) == json.loads(subjects.get(person, "record") or b"")
    assert subjects.ids()


@pytest.mark.parametrize(
    "record",
    [
        DOCTOR,
        {"kind": "doctor", "inss": "85073003328", "salt": "AA==", "pending": IN_FORCE},
        {"kind": "mandated", "inss": "85073003328", "salt": "AA==", "mandates": {"1": MANDATE}},
        {"kind": "named", "number": "11234578", "salt": "AA=="},
        {"kind": "operator", "name": "one", "salt": "AA=="},
    ],
)
def test_what_was_written_by_hand_before_is_what_is_written_now(subjects, record):
    person = stored(subjects, record)
    assert json.loads(dump(subjects.read(person))) == record


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"inss": 85073003328}, "inss"),
        ({"inss": "8507300332"}, "inss"),
        ({"basis": "because"}, "basis"),
        ({"nihii": ["1"]}, "nihii"),
        ({"pending": {**IN_FORCE, "seen": True}}, "pending"),
        ({"attestations": [{**ATTESTED, "at": "yesterday"}]}, "attestations.at"),
        ({"mandates": {"1": {**MANDATE, "until": "2027-02-30"}}}, "mandates.until"),
        ({"another": 1}, None),
        ({"kind": "patient"}, "kind"),
    ],
)
def test_what_is_no_record_is_refused_by_its_field(subjects, change, field):
    person = stored(subjects, {**DOCTOR, **change})
    with pytest.raises(IntegrityError) as refused:
        subjects.read(person)
    assert refused.value.code == "sealed_record_altered"
    assert refused.value.facts.get("field") == field


def test_a_mandated_person_who_becomes_a_doctor_keeps_mandates_and_salt(subjects):
    mandated = Mandated(salt="AA==", inss="85073003328")
    assert (mandated.kind, mandated.identifier, mandated.salt_bytes) == ("mandated", "85073003328", b"\0")
    assert not numbers_in_force(mandated)
    assert not numbers_in_force(Named(number="11234578"))
    assert not numbers_in_force(Doctor(inss="85073003328"))
