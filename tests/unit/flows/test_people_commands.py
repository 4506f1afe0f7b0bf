"""Enrolment, recipients and pages signed by hand, as operators type them; nobody is named where it can be read."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from schemas.errors import AuthorisationError
from trial.home import DOCTOR_NAME, OPERATORS, make_trial
from trial.practice.write import write_practice
from vault.age.sealing import make_identity
from vault.authorisation.check import reopen
from vault.authorisation.handwritten import MAX_SCAN_BYTES
from vault.authorisation.record_handwritten import attest_by_hand, pending_page
from vault.authorisation.register import ATTESTATIONS, InstructionRegister
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.ledger.home_log import open_store
from vault.records.operator_keys import make_key
from vault.records.operators import find_operator
from vault.system.clock import SystemClock
from vault.verify import verify

NAME, INSS, NIHII = "Zorgenkanarie", "93051822460", "11222207004"
SCAN = b"%PDF-1.4\n% " + NAME.encode() + b" signed by hand\n%%EOF\n"
SECOND = ("--operator", "trial-second")
PASSPHRASE = "four words of no saying"
BASES = ("--basis", "gdpr_6_1_c", "--number-basis", "be_national_register_1983")


class Terminal:
    """A trial home and its operators' terminals; keeps all that was printed."""

    def __init__(self, folder: Path) -> None:
        write_practice(folder / "export", patients=1)
        self.folder, self.made = folder, make_trial(folder / "trial", folder / "export")
        self.home, self.printed = Path(self.made["home"]), ""
        for name in OPERATORS:
            make_key(Home(self.home), find_operator(Home(self.home), name).id, PASSPHRASE)

    def type(self, *words: str, operator: str = "trial", given: str | None = None) -> Any:
        settings = {
            "REPRISE_HOME": str(self.home),
            "REPRISE_OPERATOR": operator,
            "REPRISE_PASSPHRASE": PASSPHRASE,
        }
        done = CliRunner().invoke(app, list(words), env=settings, input=given)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.printed += done.stdout + done.stderr
        return done

    def told(self, *words: str, exit_code: int = 0, **more: Any) -> Any:
        done = self.type(*words, "--json", **more)
        assert done.exit_code == exit_code, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def of(self, subject: str) -> str:
        """The mark that the second operator reads of a pending doctor or mandate."""
        person = subject.partition(".")[0]
        before = self.printed  # it is shown to who asked for it
        marks = self.told("subject", "show", person, operator="trial-second")["to_attest"]
        self.printed = before
        return str(marks[subject])

    def of_page(self, authorisation: str) -> str:
        """The digest that the second operator reads below the text of a page."""
        to = self.folder / f"seen-{next(_SEEN)}"
        before = self.printed
        looked = self.type("authorise", "scan", authorisation, "--to", str(to), operator="trial-second")
        self.printed = before
        return looked.stdout.rsplit("--of ", 1)[1].strip()

    def attest(self, authorisation: str, how: str = "signed_in_presence") -> None:
        """The second operator attests the page that they looked at."""
        words = ("authorise", "attest", authorisation, "--verified", how, "--of", self.of_page(authorisation))
        self.told(*words, operator="trial-second")

    def ledger(self) -> list[dict[str, Any]]:
        store = open_store(Home(self.home))
        return [json.loads(entry) for entry in store.read(0, store.head().size)]

    def allow(self) -> None:
        with (self.home / "site.toml").open("a") as settings:
            settings.write("handwritten = true\n")

    def page(self, name: str, scan: bytes = SCAN, **terms: Any) -> tuple[str, ...]:
        """A further instruction for the trial's doctor, and its scan; the words to record it."""
        body = json.loads(Path(self.made["authorisation"]).read_bytes())
        del body["readable_text_sha256"]
        file, image = self.folder / f"{name}.json", self.folder / f"{name}.pdf"
        file.write_bytes(draft({**body, "nonce": sha256(name.encode()).hexdigest()[:32], **terms}))
        image.write_bytes(scan)
        return ("authorise", "handwritten", str(file), "--scan", str(image))


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Terminal:
    return Terminal(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def allowing(tmp_path_factory) -> Terminal:
    made = Terminal(tmp_path_factory.mktemp("allowing"))
    made.allow()
    return made


_SEEN = count()
DOCTOR = ("enrol", "doctor", *BASES, "--shown", "identity_card")
PERSON = f'inss = "{INSS}"\nname = "{NAME}"\nnihii = ["{NIHII}"]\n'


def test_a_doctor_in_two_acts(desk):
    begun = desk.told(*DOCTOR, "--person", "-", given=PERSON)
    attest = (
        "enrol",
        "attest",
        begun["doctor"],
        "--shown",
        "inami_register",
        "--of",
        desk.of(begun["doctor"]),
    )
    assert begun["state"] == "pending"
    assert desk.told(*attest, exit_code=14)["error"] == "two_attesters_needed"
    seen = desk.type("subject", "show", begun["doctor"], operator="trial-second")
    assert NIHII in seen.stdout and "the law of 8 August 1983 on the national register" in seen.stdout
    assert (
        "a second operator has not attested yet" in seen.stdout
        and " UTC by trial, who saw an identity card" in seen.stdout
    )
    desk.printed = ""  # it is shown to who asked for it; nothing else may show it
    assert desk.told(*attest, operator="trial-second")["state"] == "in_force"
    one, _, refused, _, two = desk.ledger()[-5:]
    assert [(e["type"], e["code"]) for e in (one, refused, two)] == [
        ("subject.enrolled", "doctor"), ("act.refused", "two_attesters_needed"), ("subject.attested", "doctor"),
    ]  # fmt: skip
    assert one["c"]["operator"] != two["c"]["operator"]


def test_what_was_proposed_anew_is_not_what_the_second_operator_saw(desk):
    other = PERSON.replace(INSS, "73102516311").replace(NIHII, "11133323004")
    begun = desk.told(*DOCTOR, "--person", "-", given=other)
    seen = desk.of(begun["doctor"])
    desk.told(*DOCTOR, "--person", "-", given=other.replace(NAME, "Dr Somebody Else"))
    attest = ("enrol", "attest", begun["doctor"], "--shown", "inami_register", "--of")
    for of in (seen, "", "of nothing"):
        assert desk.told(*attest, of, operator="trial-second", exit_code=10)["error"] == "attestation_altered"
    assert desk.ledger()[-1]["code"] == "attestation_altered"
    assert desk.told(*attest, desk.of(begun["doctor"]), operator="trial-second")["state"] == "in_force"


def test_a_name_alone_is_not_a_person(desk, monkeypatch):
    """Who has no passphrase of a second operator cannot be two people."""
    attest = ("enrol", "attest", "a" * 24, "--shown", "inami_register", "--of", "0" * 64)
    monkeypatch.setattr(sys.modules[__name__], "PASSPHRASE", "")
    assert desk.told(*attest, exit_code=14, operator="trial-second")["error"] == "passphrase_not_given"
    monkeypatch.setattr(sys.modules[__name__], "PASSPHRASE", "that of somebody else")
    assert desk.told(*attest, exit_code=14, operator="trial-second")["error"] == "passphrase_wrong"
    assert desk.ledger()[-1]["code"] == "passphrase_wrong"


def test_a_key_is_made_at_enrolment_and_replaced_by_who_proves_themselves(desk, monkeypatch):
    monkeypatch.setenv("REPRISE_NEW_PASSPHRASE", "other words of no saying")
    assert desk.told("enrol", "operator", "third")["key"]
    assert desk.told("enrol", "operator", "third", exit_code=14)["error"] == "operator_known"
    assert (
        desk.told("enrol", "key", "--of", "third", operator="third", exit_code=14)["error"]
        == "passphrase_wrong"
    )
    assert desk.told("enrol", "key", "--of", "third")["key"] == "made"
    assert [e["code"] for e in desk.ledger()[-4:]] == [
        "operator", "operator_known", "passphrase_wrong", "operator_key_replaced",
    ]  # fmt: skip


def test_numbers_are_asked_or_taken_from_a_file(desk, tmp_path):
    slip = f"{INSS[:-1]}1"
    done = desk.type(*DOCTOR, given=f"{slip}\n{INSS}\n{NAME}\n11222208 {NIHII}\n")
    assert done.exit_code == 1  # the answers ended at a question that was asked again
    assert (done.stdout.count("National number"), done.stdout.count("INAMI number of the doctor")) == (2, 2)
    assert "! This is not a valid national number." in done.stderr
    for typed in (slip, INSS, NAME, NIHII):
        desk.printed = desk.printed.replace(typed, "")  # the terminal's own echo
    file = tmp_path / "person.toml"
    for wrong in (
        "",
        'inss = "',
        PERSON + "more = 1\n",
        PERSON.replace('["', '"').replace('"]', '"'),
        "x" * (65 << 10),
    ):
        file.write_text(wrong)
        assert desk.told(*DOCTOR, "--person", str(file), exit_code=10)["error"] == "person_malformed"


def test_a_mandate_in_two_acts_and_its_end(desk):
    words = (
        "enrol", "mandate", "--role", "successor", "--until", "2099-12-31", "--mandate-basis", "succession",
        *BASES, "--shown", "identity_card", "--person", "-",
    )  # fmt: skip
    made = desk.told(*words, given=PERSON.replace(NIHII, "11234578"))["mandate"]
    attest = ("enrol", "attest", made, "--shown", "identity_card", "--of")
    assert (
        desk.told(*attest, "0" * 64, operator="trial-second", exit_code=10)["error"] == "attestation_altered"
    )
    assert desk.told(*attest, desk.of(made), operator="trial-second")["code"] == "mandate"
    assert "ended" in desk.type("enrol", "end-mandate", made).stdout
    codes = [e["code"] for e in desk.ledger() if e["type"] not in ("subject.shown", "act.refused")]
    assert codes[-3:] == ["mandate", "mandate", "mandate_ended"]


@pytest.mark.skipif(shutil.which("age") is None, reason="age is missing")
def test_a_recipient_proves_its_key(desk, tmp_path):
    subprocess.run(["age-keygen", "-o", tmp_path / "id"], capture_output=True, check=True)
    key = subprocess.run(
        ["age-keygen", "-y", tmp_path / "id"], capture_output=True, text=True, check=True
    ).stdout.strip()
    asked = desk.type(
        "recipient", "challenge", key, "--role", "medinect", "--to", str(tmp_path / "challenge.age")
    )
    assert "age -d" in asked.stdout, asked.stderr
    subprocess.run(
        ["age", "-d", "-i", tmp_path / "id", "-o", tmp_path / "answer", tmp_path / "challenge.age"],
        check=True,
    )
    assert desk.told("recipient", "confirm", str(tmp_path / "answer"))["key"] == key
    assert (
        desk.told("recipient", "confirm", str(tmp_path / "answer"), exit_code=12)["error"] == "answer_unknown"
    )
    assert key in desk.type("recipient", "list").stdout
    desk.told("recipient", "remove", key)
    assert key not in desk.type("recipient", "list").stdout
    kinds = [e["type"] for e in desk.ledger()[-4:]]
    assert kinds == ["recipient.challenged", "recipient.enrolled", "act.refused", "recipient.removed"]


def test_a_site_must_allow_pages_signed_by_hand(desk):
    assert desk.told(*desk.page("refused"), exit_code=10)["error"] == "handwritten_not_allowed"


@pytest.mark.slow
def test_by_hand_the_whole_way(allowing, tmp_path):
    waiting = allowing.told(*allowing.page("whole"))["authorisation"]
    migrate = (
        "migrate",
        allowing.made["source"],
        "--direct",
        "--authorisation",
        waiting,
        "--to",
        allowing.made["destination"],
    )
    assert allowing.told(*migrate, exit_code=10)["error"] == "no_such_authorisation"
    assert "pending" in allowing.type("authorise", "list").stdout
    attest = (
        "authorise", "attest", waiting, "--verified", "signed_in_presence", "--of", allowing.of_page(waiting),
    )  # fmt: skip
    assert allowing.told(*attest, exit_code=14)["error"] == "two_attesters_needed"
    looked = allowing.type(
        "authorise", "scan", waiting, "--to", str(tmp_path / "scan"), operator="trial-second"
    )
    assert DOCTOR_NAME in looked.stdout and (tmp_path / "scan").read_bytes() == SCAN
    assert (tmp_path / "scan").stat().st_mode & 0o777 == 0o600
    allowing.printed = ""
    allowing.told(*attest, operator="trial-second")
    assert allowing.told(*attest, operator="trial-second", exit_code=14)["error"] == "two_attesters_needed"
    done = allowing.told(*migrate)
    assert done["state"] == "certified"
    proof = Path(done["proof"])
    told = json.loads((proof / "certificate.json").read_text())["authorisation"]
    assert (told["signature"], told["signedAs"]) == ("handwritten", ["controller"])
    assert told["verifiedBy"] == ["signed_in_presence"]
    assert "signature électronique" in (proof / "certificate.html").read_text()
    assert (proof / "authorisation" / "scan.pdf").read_bytes() == SCAN
    assert not (proof / "authorisation" / ATTESTATIONS).exists()
    code, words = verify(proof, Path(allowing.made["policy"]).read_text())
    assert code == 0 and any("it is not electronic" in line for line in words)
    kinds = [(e["type"], e["code"]) for e in allowing.ledger()]
    assert ("authorisation.handwritten", "pending") in kinds
    assert ("authorisation.attested", "signed_in_presence") in kinds
    assert allowing.told(*allowing.page("whole"), exit_code=10)["error"] == "already_recorded"


def test_the_page_that_was_looked_at_is_the_one_that_is_attested(allowing):
    home, second = Home(allowing.home), find_operator(Home(allowing.home), OPERATORS[1])
    waiting = allowing.told(*allowing.page("again"))["authorisation"]
    seen = pending_page(home, waiting)
    assert allowing.told(*allowing.page("again", SCAN + b"another"))["authorisation"] == waiting
    attest = (home, waiting, second, "signed_in_presence", SystemClock())
    for of in (seen.digest, ""):
        with pytest.raises(AuthorisationError, match="attestation_altered"):
            attest_by_hand(*attest, of)
    assert InstructionRegister(home, None, waiting).state["pending"]
    now = pending_page(home, waiting)
    assert (seen.scan, now.scan) == (SCAN, SCAN + b"another")
    attest_by_hand(*attest, now.digest)
    assert not InstructionRegister(home, None, waiting).state["pending"]


@pytest.mark.parametrize(
    ("scan", "terms", "exit_code", "code"),
    [
        (b"MZ" + SCAN, {}, 10, "scan_not_an_image"),
        (b"", {}, 10, "scan_not_an_image"),
        (SCAN.ljust(MAX_SCAN_BYTES + 1, b"\0"), {}, 22, "scan_too_large"),
        (SCAN, {"valid_until": "2026-01-02T00:00:00Z", "valid_from": "2026-01-01T00:00:00Z"}, 10, "expired"),
        (SCAN, {"staging_deadline_hours": 700}, 15, "deadline_above_ceiling"),
        (SCAN, {"controllers": [{"role": "controller", "nihii": "10000797", "name": "N"}]}, 10, "signer_not_enrolled"),
        (SCAN, {"controllers": [{"role": "successor", "nihii": "11234578", "name": "N"}]}, 10, "handwritten_by_doctor_only"),
        (SCAN, {"patients": {"mode": "list", "list_sha256": "0" * 64}}, 10, "patient_list_missing"),
    ],
)  # fmt: skip
def test_pages_that_are_refused(allowing, scan, terms, exit_code, code):
    assert allowing.told(*allowing.page("odd", scan, **terms), exit_code=exit_code)["error"] == code


def test_an_attestation_is_good_for_its_own_page_alone(allowing):
    """Grafting the sealed attestation of one page onto another: by moving the sealed object, and from the inside."""
    ids = [allowing.told(*allowing.page(name))["authorisation"] for name in ("first", "other")]
    for name in ids:
        allowing.attest(name)
    one, other = (InstructionRegister(Home(allowing.home), None, name) for name in ids)
    grafted = {**other.evidence(), ATTESTATIONS: one.evidence()[ATTESTATIONS]}
    other.put("evidence", grafted)
    check = (
        "migrate",
        allowing.made["source"],
        "--direct",
        "--authorisation",
        ids[1],
        "--to",
        allowing.made["destination"],
    )
    assert allowing.told(*check, exit_code=10)["error"] == "attestation_of_another"
    folder = allowing.home / "shared"
    shutil.copy(folder / f"evidence-{ids[0]}", folder / f"evidence-{ids[1]}")
    assert allowing.told(*check, exit_code=40)["error"] == "sealed_record_altered"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("authorise", "check", "missing.json"), "file_missing"),
        (("trust", "add", "missing.pem", "--as", "root"), "file_missing"),
        (("recipient", "confirm", "missing"), "file_missing"),
        (("verify", ".", "--roots", "missing"), "file_missing"),
        (("verify", "missing"), "file_missing"),
        (("verify", ".", "--policy", "missing"), "file_missing"),
        (("backup", "--to", "missing/home.age", "--recipient", make_identity()[1]), "file_missing"),
        (("restore", "missing", "--identity", "own.age", "--into", "new"), "file_missing"),
        (("restore", ".", "--identity", "own.age", "--into", "new"), "file_is_a_folder"),
        (("trust", "add", ".", "--as", "root"), "file_is_a_folder"),
    ],
)
def test_a_file_that_is_none_is_told_as_such(desk, words, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.age").write_text(make_identity()[0])
    told = desk.told(*words, exit_code=20)
    assert told["error"] == code
    assert "path" in told["advice"]
    assert not (tmp_path / "new").exists()


def test_half_an_attestation_allows_nothing(allowing):
    name = allowing.told(*allowing.page("half"))["authorisation"]
    allowing.attest(name)
    register = InstructionRegister(Home(allowing.home), None, name)
    kept = register.evidence()
    for left in (slice(0, 1), slice(1, 2), slice(0, 0)):
        half = {**kept, ATTESTATIONS: json.dumps(json.loads(kept[ATTESTATIONS])[left]).encode()}
        register.put("evidence", half)
        words = ("rehearse", allowing.made["source"], "--direct", "--authorisation", name)
        assert allowing.told(*words, exit_code=10)["error"] == "attestation_missing"


def test_a_withdrawn_page_and_an_unknown_one(allowing):
    name = allowing.told(*allowing.page("withdrawn"))["authorisation"]
    allowing.attest(name, "called_back_known_number")
    allowing.told("authorise", "withdraw", name)
    words = ("rehearse", allowing.made["source"], "--direct", "--authorisation", name)
    assert allowing.told(*words, exit_code=10)["error"] == "withdrawn"
    for unknown in ("nobody", "../x"):
        words = ("authorise", "attest", unknown, "--verified", "signed_in_presence", "--of", "0" * 64)
        assert allowing.told(*words, exit_code=10)["error"] == "nothing_to_attest"
    with pytest.raises(AuthorisationError):
        reopen(Home(allowing.home), "nobody", "migration")


def test_every_act_needs_an_operator(allowing, tmp_path):
    key = next(iter(json.loads(Path(allowing.made["authorisation"]).read_bytes())["recipients"]))["age"]
    (tmp_path / "x").write_text("x")
    acts = [
        DOCTOR,
        ("enrol", "attest", "a", "--shown", "identity_card", "--of", "0" * 64),
        ("enrol", "end-mandate", "a.1"),
        ("recipient", "challenge", key, "--role", "practice", "--to", str(tmp_path / "y")),
        ("recipient", "confirm", str(tmp_path / "x")),
        ("recipient", "remove", key),
        allowing.page("nobody"),
        ("authorise", "attest", "a", "--verified", "signed_in_presence", "--of", "0" * 64),
    ]
    for words in acts:
        assert allowing.told(*words, operator="", exit_code=14)["error"] == "no_operator"
        assert allowing.told(*words, operator="stranger", exit_code=14)["error"] == "operator_not_enrolled"
    assert not (tmp_path / "y").exists()


def test_nobody_was_named(desk, allowing, caplog):
    with caplog.at_level(logging.DEBUG):
        desk.type(*DOCTOR, "--person", "-", given=PERSON)
        desk.type(*DOCTOR, "--person", "-", given=PERSON.replace(NIHII, "1"))
    for terminal in (desk, allowing):
        readable = terminal.printed + caplog.text + json.dumps(terminal.ledger())
        for needle in (NAME, INSS, NIHII, NIHII[:8]):
            assert needle not in readable
            for path in (p for p in terminal.home.rglob("*") if p.is_file() and "proof" not in p.parts):
                assert needle not in str(path)
                assert needle.encode() not in path.read_bytes(), path.name
