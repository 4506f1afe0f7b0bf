"""Who must sign: every combination of controllers, roles, mandates and signers, accepted or refused by its code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.errors import AuthorisationError, OperatorError, RepriseError
from schemas.sensitive import Sensitive
from trial.doctors import enrol_doctor
from vault.authorisation.signatories import inss_of_controllers, signatories_of
from vault.home.create import create_home
from vault.home_folder import Home
from vault.instruction.document import Controller
from vault.pki.cms import Signer
from vault.records.attestation import digest_of
from vault.records.enrolment import Ground, attest_doctor, begin_doctor
from vault.records.mandates import MandateTerms, attest_mandate, begin_mandate, end_mandate
from vault.records.operators import enrol_operator
from vault.records.subjects import Subjects

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
GROUND = Ground("trial", "trial", ("identity_card",))
A, B = "11234578", "10000797"  # the doctors' numbers
INSS = {name: f"850730{serial:03}28" for serial, name in enumerate("ABMSCXOPQEN", 1)}


@dataclass
class People:
    """A home with everybody who may or may not sign."""

    home: Path
    one: Any
    two: Any

    def mandate(
        self, who: str, role: str, numbers: tuple[str, ...], days: int = 90, *, attested: bool = True
    ) -> str:
        terms = MandateTerms(
            role, numbers, (NOW + timedelta(days=days)).date().isoformat(), "written_mandate"
        )
        made = begin_mandate(
            Home(self.home),
            inss=INSS[who],
            name="N",
            terms=terms,
            ground=GROUND,
            operator=self.one,
            moment=NOW,
        )
        if attested:
            attest_mandate(Home(self.home), made, self.two, ("identity_card",), NOW)
        return made

    def decide(self, controllers: str, signers: str, later: int = 0) -> str:
        """The capacities, or the code of the refusal. `controllers`: words like `controller:A`."""
        entries = [
            Controller(role, {"A": A, "B": B}[number] + "004", "N")
            for role, _, number in (word.partition(":") for word in controllers.split())
        ]
        instruction: Any = SimpleNamespace(controllers=tuple(entries), responsible={})
        signed = [Signer(Sensitive(INSS[who]), None, b"") for who in signers]
        try:
            found = signatories_of(Home(self.home), instruction, signed, (NOW + timedelta(days=later)).date())
        except RepriseError as refusal:
            return refusal.code
        return " ".join(found.signed_as)


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> People:
    home = tmp_path_factory.mktemp("people") / "home"
    create_home(Home(home), trial=True, origin="test.example/log")
    made = People(home, *(enrol_operator(Home(home), name) for name in ("one", "two")))
    for who, number in (("A", A), ("B", B)):
        enrol_doctor(
            Home(home),
            inss=INSS[who],
            nihii=(number + "004",),
            name=who,
            attested_by=("one", "two"),
            basis="trial",
        )
    made.mandate("M", "mandated", (A,))
    made.mandate("S", "successor", (A,))
    made.mandate("C", "practice_company", (A, B))
    made.mandate("X", "successor", (A,), days=0)
    made.mandate("O", "successor", (B,))
    made.mandate("P", "mandated", (A,), attested=False)
    begin_doctor(
        Home(home),
        inss=INSS["Q"],
        nihii=("19999999",),
        name="Q",
        ground=GROUND,
        operator=made.one,
        moment=NOW,
    )
    end_mandate(Home(home), made.mandate("E", "mandated", (A,)), made.one, NOW)
    return made


TABLE = [
    # controllers of the instruction, who signed, days later, capacities or refusal
    ("controller:A", "A", 0, "controller"),
    ("controller:A", "", 0, "signature_missing"),
    ("controller:A", "N", 0, "signer_not_enrolled"),
    ("controller:A", "Q", 0, "signer_not_attested"),
    ("controller:A", "B", 0, "wrong_signer"),
    ("controller:A", "AB", 0, "wrong_signer"),  # nobody signs who is not asked
    ("controller:A", "M", 0, "wrong_signer"),  # a mandate must be stated in what is signed
    ("controller:A controller:B", "AB", 0, "controller controller"),
    ("controller:A controller:B", "A", 0, "controller_did_not_sign"),
    ("controller:A mandated:A", "M", 0, "mandated"),
    ("controller:A mandated:A", "A", 0, "controller"),
    ("controller:A mandated:A", "AM", 0, "controller mandated"),
    ("controller:A mandated:A", "B", 0, "mandate_missing"),
    ("controller:A mandated:A", "P", 0, "signer_not_attested"),
    ("controller:A mandated:A", "E", 0, "mandate_ended"),
    ("controller:A mandated:A", "S", 0, "mandate_of_another"),  # another role
    ("controller:A mandated:A", "M", 90, "mandated"),  # its last day
    ("controller:A mandated:A", "M", 91, "mandate_expired"),
    ("successor:A", "S", 0, "successor"),  # the doctor is dead, or gone
    ("successor:A", "X", 0, "successor"),
    ("successor:A", "X", 1, "mandate_expired"),
    ("successor:A", "O", 0, "mandate_of_another"),  # another doctor
    ("successor:A", "A", 0, "mandate_missing"),  # one signs as the text says
    ("controller:A controller:B mandated:A", "M", 0, "controller_did_not_sign"),  # a mandate for A alone
    ("controller:A controller:B mandated:A", "MB", 0, "mandated controller"),
    ("controller:A controller:B practice_company:A", "C", 0, "practice_company"),
    ("controller:A controller:B practice_company:A", "M", 0, "mandate_of_another"),
    ("successor:A successor:B", "S", 0, "controller_did_not_sign"),
    ("successor:A successor:B", "SO", 0, "successor successor"),
]


@pytest.mark.parametrize(("controllers", "signers", "later", "expected"), TABLE)
def test_the_table(people, controllers, signers, later, expected):
    assert people.decide(controllers, signers, later) == expected


# Said once more, as rights: who may sign an entry, and for whom he then speaks.
RIGHTS = {
    ("A", "controller:A"): "A",
    ("B", "controller:B"): "B",
    ("M", "mandated:A"): "A",
    ("S", "successor:A"): "A",
    ("O", "successor:B"): "B",
    ("C", "practice_company:A"): "AB",
    ("C", "practice_company:B"): "AB",
    ("X", "successor:A"): "A",
}
ENTRIES = ("controller:A", "controller:B", "mandated:A", "successor:A", "successor:B", "practice_company:B")


def subsets(words: Any, least: int, most: int) -> Any:
    return chain.from_iterable(combinations(words, n) for n in range(least, most + 1))


def test_every_combination_agrees_with_the_rights(people):
    accepted = 0
    for entries in subsets(ENTRIES, 1, 3):
        for signers in subsets("ABMSOCXP", 1, 2):
            speaks = [
                "".join(RIGHTS[who, entry] for entry in entries if (who, entry) in RIGHTS) for who in signers
            ]
            wanted = {entry[-1] for entry in entries}
            fine = all(speaks) and wanted <= set("".join(speaks))
            found = people.decide(" ".join(entries), "".join(signers))
            roles = {e.partition(":")[0] for e in entries for who in signers if (who, e) in RIGHTS}
            assert (set(found.split()) == roles) is fine, (entries, signers, found)
            accepted += fine
    assert accepted > 50


def test_the_header_may_state_the_doctors_numbers_not_the_mandated_persons(people):
    instruction: Any = SimpleNamespace(controllers=(Controller("successor", A + "004", "N"),))
    assert inss_of_controllers(Home(people.home), instruction) == (INSS["A"],)


def test_enrolment_takes_two_operators_and_a_rectification_waits_for_the_second(people):
    home, number = people.home, INSS["N"]
    at = {"moment": NOW, "name": "N", "inss": number, "ground": GROUND}
    begun = begin_doctor(Home(home), nihii=("12222283",), operator=people.one, **at)
    with pytest.raises(OperatorError, match="two_attesters_needed"):
        attest_doctor(Home(home), begun.subject_id, people.one, ("identity_card",), NOW)
    assert people.decide("controller:A", "N") == "signer_not_attested"
    assert attest_doctor(Home(home), begun.subject_id, people.two, ("inami_register",), NOW).code == "doctor"
    with pytest.raises(OperatorError, match="two_attesters_needed"):
        attest_doctor(Home(home), begun.subject_id, people.two, ("inami_register",), NOW)
    again = begin_doctor(Home(home), nihii=("13333384",), operator=people.two, **at)
    record = Subjects(Home(home)).read(begun.subject_id)
    assert (again.code, record.nihii) == ("doctor_rectified", ("12222283",))
    attest_doctor(Home(home), begun.subject_id, people.one, ("identity_card",), NOW)
    record = Subjects(Home(home)).read(begun.subject_id)
    assert (record.nihii, record.superseded[0].nihii) == (("13333384",), ("12222283",))
    shown = [a.how for a in record.superseded[0].attestations]
    assert shown == [("identity_card",), ("inami_register",)]
    Subjects(Home(home)).erase(begun.subject_id)


def test_the_second_operator_attests_what_they_were_shown(people):
    home, number = Home(people.home), INSS["N"]
    at = {"moment": NOW, "inss": number, "ground": GROUND, "operator": people.one, "nihii": ("12222283",)}
    begun = begin_doctor(home, name="N", **at)
    seen = digest_of(Subjects(home).read(begun.subject_id).pending)
    begin_doctor(home, name="Another", **at)
    with pytest.raises(AuthorisationError, match="attestation_altered"):
        attest_doctor(home, begun.subject_id, people.two, ("identity_card",), NOW, seen)
    assert Subjects(home).read(begun.subject_id).pending.name == "Another"
    begin_doctor(home, name="N", **at)
    assert attest_doctor(home, begun.subject_id, people.two, ("identity_card",), NOW, seen).code == "doctor"
    with pytest.raises(AuthorisationError, match="attestation_altered"):
        attest_doctor(home, begun.subject_id, people.one, ("identity_card",), NOW, "")
    Subjects(home).erase(begun.subject_id)


def test_of_a_mandate_too(people):
    home = Home(people.home)
    made = people.mandate("N", "mandated", (A,), attested=False)
    subject, _, ordinal = made.partition(".")
    with pytest.raises(AuthorisationError, match="attestation_altered"):
        attest_mandate(home, made, people.two, ("identity_card",), NOW, "0" * 64)
    mandate = Subjects(home).read(subject).mandates[ordinal]
    assert len(mandate.attestations) == 1
    attest_mandate(home, made, people.two, ("identity_card",), NOW, digest_of(mandate))
    assert len(Subjects(home).read(subject).mandates[ordinal].attestations) == 2
    Subjects(home).erase(subject)


REAL = Ground("gdpr_6_1_c", "be_national_register_1983", ("inami_register",))
BAD = {
    "national_number_invalid": {"inss": "85073003329"},
    "inami_number_invalid": {"nihii": ("11234579004",)},
    "inami_number_of_another": {"nihii": (A + "999",)},
    "basis_unknown": {"ground": Ground("because", "be_ehealth_2008", ("identity_card",))},
    "evidence_missing": {"ground": Ground("gdpr_6_1_b", "be_ehealth_2008", ())},
    "evidence_unknown": {"ground": Ground("gdpr_6_1_b", "be_ehealth_2008", ("hearsay",))},
}


@pytest.mark.parametrize("code", BAD)
def test_what_is_wrong_is_refused_by_its_code_and_never_stored(people, code):
    before = {path: path.read_bytes() for path in people.home.rglob("*") if path.is_file()}
    good = {"inss": "93051822460", "nihii": ("11222207",), "ground": REAL, "name": "N"}
    with pytest.raises(AuthorisationError) as refused:
        begin_doctor(Home(people.home), operator=people.one, moment=NOW, **{**good, **BAD[code]})
    assert refused.value.code == code
    assert {path: path.read_bytes() for path in people.home.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (("owner", (A,), "2027-01-01", "written_mandate"), "role_unknown"),
        (("mandated", (A,), "2027-02-30", "written_mandate"), "until_invalid"),
        (("mandated", (A,), "2026-05-03", "written_mandate"), "mandate_expired"),
        (("mandated", (A,), "2027-01-01", "word_of_mouth"), "basis_unknown"),
        (("mandated", ("11234579",), "2027-01-01", "written_mandate"), "inami_number_invalid"),
    ],
)
def test_a_mandate_that_says_nothing_is_refused(people, terms, code):
    with pytest.raises(AuthorisationError) as refused:
        begin_mandate(
            Home(people.home), inss="93051822460", name="N", terms=MandateTerms(*terms), ground=REAL,
            operator=people.one, moment=NOW,
        )  # fmt: skip
    assert refused.value.code == code


def test_a_mandate_takes_two_operators(people):
    made = people.mandate("N", "mandated", (A,), attested=False)
    with pytest.raises(OperatorError, match="two_attesters_needed"):
        attest_mandate(Home(people.home), made, people.one, ("identity_card",), NOW)
    for unknown in ("nobody.1", made.split(".")[0] + ".9", "../x"):
        with pytest.raises(AuthorisationError, match="nothing_to_attest"):
            attest_mandate(Home(people.home), unknown, people.two, ("identity_card",), NOW)


def test_a_real_home_takes_no_invented_doctor(tmp_path):
    create_home(Home(tmp_path / "home"), trial=False, origin="test.example/log")
    for name in ("one", "two"):
        enrol_operator(Home(tmp_path / "home"), name)
    with pytest.raises(AuthorisationError, match="trial_basis"):
        enrol_doctor(
            Home(tmp_path / "home"),
            inss=INSS["A"],
            nihii=(A,),
            name="N",
            attested_by=("one", "two"),
            basis="trial",
        )
