"""Drawing up an instruction: by questions, from a template, from a file; all that is wrong is said at once."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.typing_at import typed_at
from typer.testing import CliRunner

from flows.cli import app
from flows.drafting._meanings import CHOICES, MEANINGS
from flows.drafting.checking import draft_problems
from flows.drafting.form import QUESTIONS, Form
from flows.drafting.known import Known
from schemas.sensitive import Sensitive
from schemas.texts import LANGUAGES
from schemas.writing import day_begins
from trial.doctors import enrol_doctor
from trial.home import OPERATORS, make_trial
from trial.practice.write import write_practice
from vault.age.sealing import make_identity
from vault.home_folder import Home
from vault.instruction.document import draft, parse
from vault.instruction.fields import HOLDERS, KINDS, PATIENTS, RECIPIENT_ROLES, RESPONSIBLE, ROLES
from vault.instruction.page import embedded_document
from vault.records.destinations import Destinations, S3Bucket
from vault.records.enrolment import Ground, begin_doctor
from vault.records.mandates import MandateTerms, attest_mandate, begin_mandate
from vault.records.operators import find_operator
from vault.records.recipients import remove
from vault.system.clock import format_utc

NOW = datetime.now(UTC).replace(microsecond=0)
SECOND, PENDING, SUCCESSOR = ("93051822361", "19999999004"), ("03022801131", "10000797000"), "86020200287"
CANARY = "Zorgenkanarie"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("draft")
    write_practice(folder / "export", patients=1)
    made = make_trial(folder / "trial", folder / "export")
    home, ground = Path(made["home"]), Ground("trial", "trial", ("identity_card",))
    one, two = (find_operator(Home(home), name) for name in OPERATORS)
    enrol_doctor(
        Home(home),
        inss=SECOND[0],
        nihii=(SECOND[1],),
        name="Dr Ann Second",
        attested_by=OPERATORS,
        basis="trial",
    )
    begin_doctor(
        Home(home),
        inss=PENDING[0],
        nihii=(PENDING[1],),
        name="Dr Pen Ding",
        ground=ground,
        operator=one,
        moment=NOW,
    )
    until = (NOW + timedelta(days=400)).date().isoformat()
    terms = MandateTerms("successor", ("11234578004",), until, "succession")
    mandate = begin_mandate(
        Home(home), inss=SUCCESSOR, name="Dr Suc Cessor", terms=terms, ground=ground, operator=one, moment=NOW
    )
    attest_mandate(Home(home), mandate, two, ground.shown, NOW)
    Destinations(Home(home)).add(
        "cloud", S3Bucket("bucket", "https://s3.example", Sensitive("k"), Sensitive("s"))
    )
    return home


@pytest.fixture(scope="module")
def fields(home):
    body = json.loads((home.parent / "authorisation.json").read_bytes())
    return {
        name: value
        for name, value in body.items()
        if name not in ("version", "readable_text_sha256", "nonce")
    }


def filled(home: Path | None, *answers: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """The form's fields, what it said, and the answers that it did not ask for."""
    left, said = list(answers), []
    form = Form(
        Known.of(home and Home(home), NOW),
        NOW,
        lambda prompt: said.append(prompt) or left.pop(0),
        said.append,
    )
    return form.fill(), said, left


LATER = (NOW + timedelta(days=30)).date().isoformat()
END = format_utc(day_begins(date.fromisoformat(LATER) + timedelta(days=1)) - timedelta(seconds=1))
#            language  who  name  processor  system kinds patients responsible uses keys
ONE = ("fr", "1", "", "Reprise SRL", "Epicure", "", "", "", "", "", "", "")
REST = ("1", "/srv/out", "", "", "", "", "", "", "")  # a folder, validity, custody, hours, ceilings
RIGHT = ""  # all is right


def test_one_doctor_and_nothing_but_defaults(home):
    body, said, left = filled(home, *ONE, *REST, RIGHT)
    assert left == [] and draft_problems(body, Home(home), NOW) == []
    made = parse(draft(body))
    assert (made.controllers[0].name, made.processor, made.uses["migration"]) == (
        "Dr Ann Second",
        "Reprise SRL",
        1,
    )
    assert made.kinds == set(KINDS) and made.destination == "/srv/out" and made.staging_deadline_hours == 72
    assert not any(
        "Pen Ding" in line for line in said
    )  # who is not attested may not sign, and is not offered


def test_a_group_of_two_a_successor_a_list_and_a_server(home):
    digest = "ab" * 32
    body, _, left = filled(
        home, "nl", "1, 2", "", "Dr Bob de Tweede", "P", "", "2,1", "list", digest, "list", "11234578004", "0", "2", "1",
        "all", "s3://cloud", "inbox/a", "", LATER, "operator", LATER, "doctor", "48", "0", "0", RIGHT,
    )  # fmt: skip
    assert left == [] and draft_problems(body, Home(home), NOW) == []
    assert [c["name"] for c in body["controllers"]] == ["Dr Ann Second", "Dr Bob de Tweede"]
    assert body["destination"] == "s3://cloud/inbox/a" and body["patients"] == {
        "mode": "list",
        "list_sha256": digest,
    }
    assert body["custody"]["source"] == {"holder": "operator", "until": END}
    body, _, _ = filled(home, "de", "3", *ONE[2:], *REST, RIGHT)
    assert body["controllers"] == [{"role": "successor", "nihii": "11234578", "name": "Dr Suc Cessor"}]


def test_each_wrong_answer_is_refused_at_once_and_asked_again(home):
    body, said, left = filled(
        home, "it", "fr", "9", "1", "\x1b[8m", "1", "", "", "P", "", "", "2", "yesterday", "2", "2020-01-31", "", "many", "5", "5", "1",
        "1", "", "1", "out", "1", "/out", "", "2001-01-01", "", "2", "2001-01-01", "1", "1", "1", "99", "72", "2000", "0", "50", "20", RIGHT,
    )  # fmt: skip
    assert left == [] and draft_problems(body, Home(home), NOW) == []
    named = [line.split(":")[0].strip(" !") for line in said if line.startswith("  ! ") and ": " in line]
    assert named == [
        "controllers[0].name", "processor", "patients.since", "recipients", "destination", "valid_until",
        "custody.source.until", "staging_deadline_hours", "ceilings.degraded_permille",
    ]  # fmt: skip


def test_back_reaches_any_earlier_answer_and_goes_on_where_it_was(home):
    body, said, left = filled(
        home, "fr", "1", "", "Wrong SRL", "Epicure", "<", "<", "Right SRL",  # from kinds to the old software to who is instructed
        "", "", "", "", "4", "<", "<", "", "5", "5", "1",                        # in the middle of uses: its beginning, then before it
        "", *REST, RIGHT,
    )  # fmt: skip
    assert left == [] and body["processor"] == "Right SRL" and body["source_system"] == "Epicure"
    assert body["uses"] == {"inventory": 5, "rehearsal": 5, "migration": 1}
    assert "  Answered: Wrong SRL   (> leaves it so)" in said


def test_what_was_answered_stays_with_one_key_and_the_first_question_has_none_before(home):
    body, _, left = filled(home, "<", "fr", "1", "", "P SRL", "<", ">", *ONE[4:], *REST, RIGHT)
    assert left == [] and (body["language"], body["processor"]) == ("fr", "P SRL")


def test_all_answers_are_shown_and_each_is_changed_by_its_number(home):
    body, said, left = filled(
        home, *ONE, *REST, "99", "3", "<", "processor", "Other SRL", "13", "2", LATER, "1", RIGHT
    )
    assert left == [] and body["processor"] == "Other SRL"
    assert body["custody"]["source"]["holder"] == "operator"
    shown = [" ".join(line.split()) for line in said]
    assert "3 processor: Reprise SRL" in shown and "3 processor: Other SRL" in shown
    assert "8 uses: inventory 5, rehearsal 5, migration 1" in shown
    assert f"13 custody: source (holder operator, until {END}), package (holder doctor)" in shown


def at_terminal(
    home: Path, folder: Path, *answers: tuple[str, str], words: tuple[str, ...] = (), columns: int = 80
):
    return typed_at(
        "authorise", "draft", *words, answers=list(answers), columns=columns, cwd=folder,
        REPRISE_HOME=str(home), REPRISE_OPERATOR="trial",
    )  # fmt: skip


PROMPTS = (
    "Language", "Who", "Name on", "Processor", "Old software", "Kinds", "Patients", "Records of", "How many: inv", "How many: reh",
    "How many: mig", "Keys", "Where", "Folder", "From", "Until", "Who holds the e", "Who holds the p", "Hours", "as text", "set aside",
)  # fmt: skip
ALL = [(f"{prompt}", f"{answer}\n") for prompt, answer in zip(PROMPTS, (*ONE, *REST), strict=False)]


def test_in_a_terminal_a_no_goes_back_to_the_answers_and_lines_break_at_words(home, tmp_path):
    (tmp_path / "instruction.pdf").write_bytes(b"signed by somebody")
    seen = at_terminal(
        home, tmp_path, *ALL, ("all is right", "\n"), ("shall sign", "no\n"), ("all is right", "3\n"), ("Processor", "Other SRL\n"),
        ("all is right", "\n"), ("shall sign", "yes\n"), ("Write it to", "\n"), ("Write it to", "no/such.pdf\n"),
        ("Write it to", "second.pdf\n"),
    )  # fmt: skip
    assert seen.code == 0, seen.screen
    assert (tmp_path / "instruction.pdf").read_bytes() == b"signed by somebody"
    assert b"Other SRL" in (tmp_path / "second.pdf").read_bytes()
    assert "A file of this name is there" in seen.screen and "There is no such folder" in seen.screen
    text = seen.screen.rpartition("dossiers de mon cabinet")[2].partition("Is this")[0]
    lines = [line for line in text.splitlines() if line]
    assert all(len(line) <= 80 or " " not in line for line in lines) and len(lines) > 12
    words = parse(embedded_document((tmp_path / "second.pdf").read_bytes())).shown.split()
    assert " ".join(lines).split() == words[8:]  # whole words, in their order


def test_an_interrupt_prints_the_answers_as_fields_that_can_be_completed(home, tmp_path):
    seen = at_terminal(home, tmp_path, *ALL[:9], ("How many: reh", "\x03"))
    assert (
        seen.code == 130 and "Nothing was written; the answers so far stand above, as FIELDS." in seen.screen
    )
    shown = seen.screen[seen.screen.index("{") : seen.screen.rindex("}") + 1]
    (tmp_path / "fields.json").write_text(shown)
    assert json.loads(shown)["processor"] == "Reprise SRL" and "uses" not in json.loads(shown)
    named = said_by(str(tmp_path / "fields.json"), home=home, exit_code=10).stderr
    assert [line.split(":")[0] for line in named.splitlines()][:1] == ["uses"]
    left = at_terminal(home, tmp_path, ("Language", "\x03"))
    assert left.code == 130 and "Nothing was answered, and nothing was written." in left.screen


def test_a_file_that_is_there_is_refused_before_the_first_question(home, fields, tmp_path):
    for name in ("i.pdf", "i.json"):
        (tmp_path / name).write_bytes(b"signed")
        seen = at_terminal(home, tmp_path, words=("--to", name))
        assert seen.code == 10 and "file_exists" in seen.screen and "LANGUAGE" not in seen.screen
        (tmp_path / "fields.json").write_text(json.dumps(fields))
        refused = said_by(
            str(tmp_path / "fields.json"), "--to", str(tmp_path / name), "--json", home=home, exit_code=10
        )
        assert json.loads(refused.stdout)["error"] == "file_exists"
        assert (tmp_path / name).read_bytes() == b"signed"
    assert "file_missing" in at_terminal(home, tmp_path, words=("--to", "no/such.pdf")).screen


def test_every_question_has_a_meaning_and_every_choice_words():
    assert set(QUESTIONS) <= set(MEANINGS)
    assert {*LANGUAGES, *KINDS, *PATIENTS, *RESPONSIBLE, *HOLDERS, *ROLES, *RECIPIENT_ROLES} <= set(CHOICES)


def said_by(*words: str, home: Path | None = None, exit_code: int = 0) -> Any:
    env = {"REPRISE_HOME": str(home) if home else None, "REPRISE_OPERATOR": "trial"}
    done = CliRunner().invoke(app, ["authorise", "draft", *words], env=env)
    assert done.exit_code == exit_code, done.output
    return done


def test_the_template_names_every_field_and_is_drafted_once_filled_in(home, tmp_path):
    template = said_by("--template", home=home).stdout
    body = tomllib.loads(template)
    empty = said_by(str(written(tmp_path, template)), home=home, exit_code=10)
    lines = [line.split(":")[0] for line in empty.stderr.splitlines()]
    assert lines == ["controllers[0].nihii", "controllers[0].name", "processor", "language"]
    assert set(body) | {"nonce"} == set(json.loads(draft(filled(home, *ONE, *REST, RIGHT)[0]))) - {
        "version",
        "readable_text_sha256",
    }
    for name, value in (
        ("language", "fr"),
        ("processor", "P"),
        ("nihii", "11234578004"),
        ("name", "Dr Bob Specimen"),
    ):
        template = template.replace(f'{name} = ""', f'{name} = "{value}"')
    out = tmp_path / "page.pdf"
    done = said_by(str(written(tmp_path, template)), "--to", str(out), home=home)
    assert out.read_bytes().startswith(b"%PDF-") and "Dr Bob Specimen" in done.stdout


def written(folder: Path, text: str) -> Path:
    (folder / "fields.toml").write_text(text)
    return folder / "fields.toml"


def test_days_moments_and_comments_of_toml(home, tmp_path):
    template = said_by("--template", home=home).stdout
    day, moment = "valid_from = 2027-01-01", "valid_until = 2027-02-01T01:00:00+01:00"
    text = "\n".join(
        day if line.startswith("valid_from") else moment if line.startswith("valid_until") else line
        for line in template.splitlines()
    )
    for name, value in (("language", "fr"), ("processor", "P"), ("nihii", "11234578004"), ("name", "N")):
        text = text.replace(f'{name} = ""', f'{name} = "{value}"')
    said_by(str(written(tmp_path, text)), "--to", str(tmp_path / "a.json"))
    made = parse((tmp_path / "a.json").read_bytes())
    assert [format_utc(m) for m in (made.valid_from, made.valid_until)] == [
        "2026-12-31T23:00:00Z",
        "2027-02-01T00:00:00Z",
    ]
    local = text.replace("+01:00", "")
    assert "valid_until: not a moment" in said_by(str(written(tmp_path, local)), exit_code=10).stderr


def test_what_cannot_be_read_names_its_line(tmp_path):
    for text, line in (('a = "1"\nb = = 2\n', 2), ('{\n"a": 1,\n}', 3), ("\x00", 1), ("[1]", 0)):
        done = said_by(str(written(tmp_path, text)), "--json", exit_code=10)
        found = json.loads(done.stdout.splitlines()[-1])
        assert found["error"] == ("fields_unreadable" if line else "fields_refused")
        assert found.get("facts", {}).get("line", 0) == line
    assert json.loads(said_by("--json", exit_code=10).stdout)["error"] == "fields_not_given"


def hours(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "staging_deadline_hours": 100}


def past(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "valid_from": "2020-01-01T00:00:00Z", "valid_until": "2020-02-01T00:00:00Z"}


def next_century(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "valid_from": "2126-01-01T00:00:00Z", "valid_until": "2126-02-01T00:00:00Z",
            "custody": {copy: {"holder": "doctor", "until": None} for copy in ("source", "package")}}  # fmt: skip


def held_too_long(fields: dict[str, Any]) -> dict[str, Any]:
    gone = {"holder": "operator", "until": format_utc(NOW - timedelta(minutes=5))}
    return {**fields, "custody": {**fields["custody"], "source": gone}}


def strange_key(fields: dict[str, Any]) -> dict[str, Any]:
    practice, recovery = fields["recipients"]
    return {**fields, "recipients": [{**practice, "age": make_identity()[1]}, recovery]}


def swapped(fields: dict[str, Any]) -> dict[str, Any]:
    practice, recovery = fields["recipients"]
    return {**fields, "recipients": [{**practice, "role": "recovery"}, {**recovery, "role": "practice"}]}


def server(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "destination": "s3://elsewhere/x"}


def who(role: str, nihii: str) -> Any:
    return lambda fields: {**fields, "controllers": [{"role": role, "nihii": nihii, "name": CANARY}]}


SITE = [
    (hours, "staging_deadline_hours", "deadline_above_ceiling", 15),
    (past, "valid_until", "expired", 10),
    (next_century, "valid_from", "field", 10),
    (held_too_long, "custody.source.until", "custody_over", 10),
    (strange_key, "recipients[0].age", "recipient_not_proven", 12),
    (swapped, "recipients[0].role", "recipient_role_differs", 12),
    (server, "destination", "destination_not_registered", 12),
    (who("controller", "10000001"), "controllers[0]", "signer_not_enrolled", 10),
    (who("controller", PENDING[1]), "controllers[0]", "signer_not_attested", 10),
    (who("mandated", "11234578"), "controllers[0]", "mandate_missing", 10),
]


@pytest.mark.parametrize(("change", "path", "code", "exit_code"), SITE, ids=[case[2] for case in SITE])
def test_what_the_home_or_the_clock_would_refuse_is_refused_now(
    home, fields, tmp_path, change, path, code, exit_code
):
    (tmp_path / "fields.json").write_text(json.dumps(change(fields)))
    words = (str(tmp_path / "fields.json"), "--to", str(tmp_path / "i.json"), "--json")
    done = said_by(*words, home=home, exit_code=exit_code)
    found = json.loads(done.stdout)
    assert [(p["path"], p["code"]) for p in found["problems"]][:1] == [(path, code)]
    assert not (tmp_path / "i.json").exists() and CANARY not in done.output


def test_several_refusals_of_the_home_come_together_and_without_a_home_none(home, fields, tmp_path):
    (tmp_path / "fields.json").write_text(json.dumps(hours(strange_key(server(fields)))))
    done = said_by(str(tmp_path / "fields.json"), home=home, exit_code=15)
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "staging_deadline_hours",
        "recipients[0].age",
        "destination",
    ]
    alone = said_by(str(tmp_path / "fields.json"))
    assert "No home was given" in alone.stderr


def test_a_home_without_keys_is_told_how_to_prove_them(home, tmp_path):
    import shutil

    shutil.copytree(home, tmp_path / "home")
    for one in Known.of(Home(tmp_path / "home"), NOW).recipients:
        remove(Home(tmp_path / "home"), one.key)
    keys = [make_identity()[1] for _ in range(2)]
    with pytest.raises(IndexError):  # the home refuses them, and they are asked for again
        filled(tmp_path / "home", *ONE[:-1], *keys)
