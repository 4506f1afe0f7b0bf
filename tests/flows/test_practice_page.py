"""A doctor does the whole job on the page: makes a key, seals, opens, reviews, confirms; the operator sees each state.

In a real Chromium, from `file://`, the network off, in French on a desk's screen and in Dutch on a telephone.
"""

from __future__ import annotations

import csv
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.practice_page import PAGE, choose, visit, written
from support.sealing import needs_age, needs_browser, needs_node
from support.whole_run import WholeRun

from flows.package.open_package import open_package
from trial import home as trial_home
from trial.practice.write import write_practice

pytestmark = [pytest.mark.slow, needs_node, needs_browser, needs_age]
KEY, ANSWER = "practice-key.txt", "answer.txt"
SERIOUS = ("serious", "critical")


@dataclass
class Doctor:
    """A practice, its page in one language and width, and the operator's case."""

    folder: Path
    language: str
    width: int

    def visit(self, *steps: tuple[Any, ...], page: Path = PAGE, **setting: Any) -> dict[str, Any]:
        begins = ("language", "pick", "language", self.language)
        return visit(begins, *steps, page=page, width=self.width, **setting)

    @property
    def key(self) -> Path:
        return self.folder / KEY

    def make_key(self) -> str:
        said = self.visit(
            ("make", "click", "make-key"),
            ("made", "wait", "#key-made:not([hidden])"),
            ("recipient", "text", "key-recipient"),
            ("name", "save", "save-key", str(self.key)),
            ("print", "click", "print-sheet"),
            ("printed", "value", "window.printed"),
            ("sheet", "pdf", "sheet", str(self.folder / "sheet.pdf")),
            ("axe", "axe"),
            ("too wide", "wide"),
        )
        assert (said["name"], said["printed"]) == (KEY, "sheet")
        assert usable(said)
        return str(said["recipient"])


def usable(said: dict[str, Any]) -> bool:
    """Nothing that keeps somebody from using it, and nothing beside the screen."""
    assert [v for v in said["axe"] if v["impact"] in SERIOUS] == []
    return said["too wide"] <= 0


def pdf_text(path: Path) -> str:
    return subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout


def answer_challenge(doctor: Doctor, case: WholeRun, recipient: str) -> None:
    challenge = doctor.folder / "challenge.age"
    asked = case.reprise("recipient", "challenge", recipient, "--role", "practice", "--to", str(challenge))
    assert asked.returncode == 0, asked.stderr
    said = doctor.visit(
        ("challenge", "choose", "challenge", str(challenge)),
        ("key", "choose", "challenge-key", str(doctor.key)),
        ("opened", "wait", "#answer:not([hidden])"),
        ("line", "text", "answer-line"),
        ("name", "save", "save-answer", str(doctor.folder / ANSWER)),
    )
    assert said["name"] == ANSWER
    assert (doctor.folder / ANSWER).read_text() == f"{said['line']}\n"
    confirmed = case.reprise("recipient", "confirm", str(doctor.folder / ANSWER))
    assert recipient in confirmed.stdout, confirmed.stderr


def seal_export(doctor: Doctor, case: WholeRun) -> Path:
    page, sealed = doctor.folder / "seal.html", doctor.folder / "export-sealed.age"
    case.open_intake(page=page)
    doctor.visit(
        ("export", "choose", "folder", case.made["source"]),
        ("seal", "press", "seal"),
        ("sealed", "wait", "#result:not([hidden])"),
        ("name", "save", "download", str(sealed)),
        page=page,
    )
    return sealed


def open_on_page(doctor: Doctor, package: Path) -> None:
    into = doctor.folder / "import"
    into.mkdir()
    said = doctor.visit(
        *choose(package, doctor.key),
        ("open", "press", "open-folder"),
        ("ended", "wait", "#opened:not([hidden]), #open-status:not(:empty)"),
        ("refusal", "text", "open-status"),
        ("axe", "axe"),
        ("too wide", "wide"),
        folder=str(into),
    )
    assert said["refusal"] == ""
    assert usable(said)
    open_package(package, doctor.key.read_text(), doctor.folder / "by reprise open")
    assert written(into) == written(doctor.folder / "by reprise open")


def review(doctor: Doctor, package: Path) -> None:
    """Tick two points, write a note and a number, print, save; on the next day it is all there."""
    kept = doctor.folder / "kept"
    kept.mkdir()
    again = (*choose(package, doctor.key), ("to work", "click", "to-work"), ("load", "press", "load-work"))
    loaded = ("loaded", "wait", "#work:not([hidden])")
    first = doctor.visit(
        *again,
        loaded,
        ("points", "count", ".point"),
        ("shown", "text", "list"),
        ("tick 1", "tick", ".point .tick input", 0),
        ("tick 2", "tick", ".point .tick input", 1),
        ("note", "type", ".point textarea", 0, "=Vu avec le patient"),
        ("axe", "axe"),
        ("too wide", "wide"),
        ("print", "click", "print-list"),
        ("printed", "value", "window.printed"),
        ("paper", "pdf", "list", str(doctor.folder / "points.pdf")),
        ("csv", "save", "save-csv", str(doctor.folder / "points.csv")),
        ("counts", "click", "view-counts"),
        ("old", "type", ".old input", 0, "61"),
        ("difference", "all", ".differs"),
        ("patients", "click", "view-patients"),
        ("rows", "count", ".patients tbody"),
        ("axe of patients", "axe"),
        ("save", "click", "save-progress"),
        ("held", "hold", 1500),
        ("status", "text", "save-status"),
        file=str(kept),
    )
    assert usable(first)
    assert [v for v in first["axe of patients"] if v["impact"] in SERIOUS] == []
    assert first["printed"] == "list"
    assert first["points"] >= 3
    assert first["rows"] == 40
    (progress,) = kept.iterdir()
    assert progress.name in first["status"]
    assert b"Vu avec" not in progress.read_bytes()
    assert "=Vu avec le patient" in pdf_text(doctor.folder / "points.pdf")
    table = list(
        csv.reader((doctor.folder / "points.csv").read_text("utf-8-sig").splitlines(), delimiter=";")
    )
    assert [row[-2:] for row in table[1:3]] == [["x", "'=Vu avec le patient"], ["x", ""]]
    (package / progress.name).write_bytes(progress.read_bytes())  # where the page tells to keep it
    second = doctor.visit(
        *again, loaded, ("ticked", "value", "document.querySelectorAll('.point .tick input:checked').length"),
        ("note", "value", "document.querySelector('.point textarea').value"),
    )  # fmt: skip
    assert (second["ticked"], second["note"]) == (2, "=Vu avec le patient")
    (package / progress.name).unlink()


def confirm(doctor: Doctor, case: WholeRun, package: Path) -> None:
    """What the page says is what the operator records; what it saves is what a controller signs."""
    said = doctor.visit(
        *choose(package, doctor.key),
        ("to confirm", "click", "to-confirm"),
        ("opened", "click", "say-opened"),
        ("line 1", "text", "statement-line"),
        ("imported", "click", "say-imported"),
        ("line 2", "text", "statement-line"),
        ("label", "text", "save-acceptance"),
        ("how", "text", "sign-how"),
        ("save", "save", "save-acceptance", str(doctor.folder / "acceptance.pdf")),
    )
    for state, line in (("opened", said["line 1"]), ("imported", said["line 2"])):
        words = line.strip().splitlines()[-1].split()
        assert words == ["reprise", "confirm", case.run_id, state]
        told = case.reprise(*words[1:], "--json")
        assert json.loads(told.stdout.splitlines()[-1])["import"] == state, told.stderr
        assert import_state(case) == state
    assert "acceptance.pdf" in said["label"]
    assert "eID" in said["how"]
    draft, saved = doctor.folder / "draft.pdf", doctor.folder / "acceptance.pdf"
    case.reprise("confirm", case.run_id, "accepted", "--draft", str(draft))
    assert saved.read_bytes() == draft.read_bytes()
    signed = case.reprise(
        "authorise", "sign", str(saved), "--p12", str(case.folder / "doctor.p12"),
        REPRISE_P12_PASSWORD=trial_home.P12_PASSWORD,
    )  # fmt: skip
    assert signed.returncode == 0, signed.stderr
    accepted = case.reprise("confirm", case.run_id, "accepted", "--signed", str(saved))
    assert accepted.returncode == 0, accepted.stderr
    assert import_state(case) == "accepted"
    proof = case.home / "runs" / case.run_id / "proof"
    assert (proof / "authorisation/acceptance.pdf").read_bytes() == saved.read_bytes()
    policy = ("--policy", case.made["policy"], "--roots", str(case.folder / "ca/root.pem"))
    checked = case.reprise("verify", str(proof), *policy)
    assert checked.returncode == 0, checked.stdout
    assert "What was delivered was accepted" in checked.stdout
    assert "TRIAL" in checked.stdout


def recipients_with(folder: Path, practice: str) -> list[dict[str, str]]:
    """The practice's key beside those that a trial makes for its folder."""
    (_, medinect), (_, recovery) = trial_home._recipients(folder)
    return [
        {"role": "practice", "age": practice},
        {"role": "practice", "age": medinect},
        {"role": "recovery", "age": recovery},
    ]


def import_state(case: WholeRun) -> str:
    proof = case.home / "runs" / case.run_id / "proof"
    return str(json.loads((proof / "certificate.json").read_bytes())["import_state"])


@pytest.mark.parametrize(("language", "width"), [("fr", 1280), ("nl", 390)])
def test_a_doctor_does_the_whole_job_on_the_page(tmp_path, language, width):
    doctor = Doctor(tmp_path / "practice", language, width)
    doctor.folder.mkdir()
    recipient = doctor.make_key()
    identity = next(line for line in doctor.key.read_text().splitlines() if not line.startswith("#"))
    assert identity in pdf_text(doctor.folder / "sheet.pdf").replace(" ", "").replace("\n", "")
    source = tmp_path / "export"
    write_practice(source, patients=40, defects=True)
    operator = tmp_path / "operator"
    case = WholeRun(operator, source, language=language, recipients=recipients_with(operator, recipient))
    answer_challenge(doctor, case, recipient)
    sealed = seal_export(doctor, case)
    assert case.start(source=str(sealed)).state == "certified"
    (package,) = case.destination.glob("reprise-*")
    open_on_page(doctor, package)
    review(doctor, package)
    confirm(doctor, case, package)
