"""What people read at a terminal of a run and of a person."""

from __future__ import annotations

import re

import msgspec
import pytest

from flows.commands.count_words import count_lines
from flows.commands.person_page import describe_subject
from flows.commands.wording import describe_custody, describe_status, source_lines
from flows.lifecycle.copies import CopyView
from flows.lifecycle.run_views import RunStatus
from flows.steps.software import NOT_IN_INSTRUCTION, NOT_STATED, OTHER_FORM
from schemas.advice import words_of
from schemas.outcome import Cause, Outcome
from schemas.public_formats import Fate
from schemas.texts import LANGUAGES, section
from vault.runs.outcome_words import run_in_words
from vault.runs.state import RunState

RUN = {
    "run": "r1",
    "use": "migration",
    "created": "2026-01-01T00:00:00Z",
    "outcome": None,
    "cause": None,
    "failure": None,
    "source": None,
    "copy": None,
    "counts": {},
    "deadline": "2026-01-04T00:00:00Z",
    "keys": "keyring",
    "journal": [
        {"step": "publish", "at": "2026-01-01T00:00:00Z", "counts": {}},
        {"step": "control", "at": "2026-01-01T00:00:01Z", "counts": {}},
    ],
}


HELD = {"holder": "operator", "until": "2026-02-01T00:00:00Z", "evidence": "stated", "end": None}
END = {
    "at": "2026-01-02T03:04:05Z", "complete": True, "files": 2, "bytes": 3000, "evidence": "unlinked_sealed", "exceptions": [],
}  # fmt: skip


def shown(**changes: object) -> str:
    """What is said of a run that `--json` shows so."""
    return describe_status(msgspec.convert({**RUN, **changes}, RunStatus))


def failed(code: str) -> str:
    """What is said of a run that stopped with this code."""
    nothing = dict.fromkeys(("ended", "package", "import", "proof"))
    return shown(**nothing, state="failed", failure={"code": code, "exit": 41})


def test_a_run_that_goes_on_shows_its_deadline_and_key_and_no_end():
    text = failed("disk_full")
    assert text.startswith(
        "Run r1: failed, nothing delivered: resume or abandon it\n  failed     disk_full (exit 41)\n"
    )
    assert "deadline   2026-01-04" in text
    assert "key        keyring" in text
    assert "proof" not in text
    assert "import" not in text


def test_a_failed_run_says_what_to_do():
    lines = failed("segment_unwritable").splitlines()
    assert lines[1] == "  failed     segment_unwritable (exit 41)"
    assert [line.strip() for line in lines[2:4]] == list(words_of("", "segment_unwritable") or ())


def test_an_ended_run_shows_where_its_proof_is_and_no_key_that_is_gone():
    ended = {
        "state": "certified", "cause": "published", "ended": "2026-01-01T00:00:02Z", "package": "/out/reprise-r1", "import": None, "proof": "/p",
    }  # fmt: skip
    lines = shown(**ended).splitlines()
    assert lines[0] == "Run r1: package delivered; staging destroyed and checked"
    assert lines[2:4] == [
        "  package    /out/reprise-r1",
        "  import     not confirmed: `reprise confirm RUN opened|imported|accepted`",
    ]
    assert lines[4] == "  proof      /p"
    assert lines[5:] == ["  2026-01-01T00:00:00Z  publish", "  2026-01-01T00:00:02Z  destroy, certify"]
    assert "  import     accepted" in shown(**{**ended, "import": "accepted"})
    held = {"holder": "operator", "until": "2027-03-31T23:59:59Z", "end": None}
    assert "holds the package until 2027-03-31 23:59 UTC" in shown(**ended, copy=held)
    end = {**END, "at": "2026-02-01T08:00:00Z", "files": 3, "bytes": 1000}
    text = shown(**ended, copy={**held, "end": end})
    assert "/out/reprise-r1 (no longer there: see copy)" in text
    assert (
        "the operator's copy of the package was destroyed, 2026-02-01 08:00 UTC: 3 file(s), 1,000 bytes"
        in text
    )
    assert "NOT wholly" in shown(**ended, copy={**held, "end": {**end, "complete": False}})


def test_a_run_shows_what_came_and_what_became_of_it_of_which_kinds_and_why():
    came = {"files": 1, "bytes": 2000, "patients": 3, "units": {"item": 4, "text": 5}, "years": [1999, 2026]}
    came |= {"software": {"Old EMR 5.2": 1}, "reasons": {"quarantined": {"cut_short": {"file": 1}}}}
    reasons = {
        "degraded": {"not_in_target": {"item": 2}},
        "quarantined": {"base64_invalid": {"attachment": 1}},
    }
    balanced = {"dispositions": {"delivered": 6, "degraded": 2, "quarantined": 1}, "reasons": reasons}
    assert count_lines({"inventory": came}) == [
        "  came       1 file(s), 2,000 bytes, 3 patient(s), 9 units",
        "             5 texts, 4 items",
        "             from Old EMR 5.2; records of 1999 to 2026",
        "  set aside    1 (whole files): the file breaks off (have it exported again)",
    ]
    text = "\n".join(count_lines({"inventory": came, "rehearse": balanced}))
    assert (
        "  would be   6 units whole, 2 as text\n  not        0 out of scope, 0 unscoped, 1 set aside\n"
        in text
    )
    assert (
        "  as text      2 (items): the new format has no place for it (readable in the record, named on the work list)\n"
        "  set aside    1 (attachments): attachment damaged (see whether it opens in the old"
        " software, and have it exported again)"
    ) in text
    published = {"inventory": came, "reconcile": balanced, "publish": {"findings": {"allergy": 2}}}
    assert "  delivered  6 units whole, 2 as text" in count_lines(published)
    assert count_lines(published)[-1].startswith("  look at    2 point(s) on the work list")


@pytest.mark.parametrize(
    ("fate", "delivered", "said"),
    [
        (
            {**HELD, "end": END},
            True,
            "destroyed as the instruction says, 2026-01-02 03:04 UTC: 2 file(s), 3,000 bytes, overw",
        ),
        (
            {**HELD, "end": {**END, "complete": False}},
            True,
            "NOT wholly destroyed: `reprise custody --paths`",
        ),
        (
            {**HELD, "holder": "doctor"},
            True,
            "left where it lies: it stays with the doctor, as the instruction says",
        ),
        (
            HELD,
            False,
            "left where it lies; the sweep destroys the operator's copy at its date (2026-02-01 00:00 UTC)",
        ),
        (HELD, True, "held by the operator; its destruction is not recorded"),
        ({"evidence": "encrypted_always"}, True, "was sealed always; the only key to it was destroyed"),
    ],
)
def test_one_line_says_what_became_of_the_export(fate, delivered, said):
    (line,) = source_lines(msgspec.convert(fate, Fate), delivered=delivered)
    assert line.startswith(f"  export     {said}")
    assert source_lines(None, delivered=delivered) == []


@pytest.mark.parametrize("code", [NOT_STATED, NOT_IN_INSTRUCTION, OTHER_FORM])
def test_software_that_is_not_named_is_said_in_words(code):
    came = {"files": 1, "bytes": 1, "patients": 0, "software": {code: 1}}
    assert re.search("from software not (stated|named)", "\n".join(count_lines({"inventory": came})))


@pytest.mark.parametrize("cause", Cause)
def test_each_end_has_its_own_words_in_each_language_and_none_says_published(cause):
    for language in LANGUAGES:
        told = section(language, "certificate.outcome")
        said = told[cause]
        assert [other for other in told if told[other] == said] == [cause]
        assert not re.search("publi|gepubli|veröffentlicht|certifi|gecertif|bescheinigt", said)
    line = run_in_words("certified", cause)
    assert line == f"{section('en', 'certificate.outcome')[cause]}; staging destroyed and checked"
    assert ("nothing delivered" in line) is (cause.outcome not in (Outcome.DELIVERED, Outcome.RECORD_LOST))
    assert line.startswith("refused") is (cause.outcome is Outcome.REFUSED)


def test_each_state_of_a_run_has_words_and_every_cause_an_outcome():
    assert set(section("en", "certificate.outcome")) == set(Cause)
    for state in (*set(RunState) - {RunState.CERTIFIED}, "forgotten"):
        assert run_in_words(state, None)
    assert {cause.outcome for cause in Cause} | {Outcome.FORGOTTEN} == set(Outcome)


def described(row: dict[str, object]) -> str:
    return describe_custody([msgspec.convert(row, CopyView)])


def test_a_copy_of_an_export_is_held_until_its_date_or_delivery():
    row = {
        "kind": "source",
        "run": None,
        "authorisation": "a1",
        "until": "2026-02-01T00:00:00Z",
        "state": "held",
    }
    assert "until 2026-02-01T00:00:00Z or delivery" in described({**row, "files": 1, "bytes": 2})
    staging = {**row, "kind": "staging", "run": "r1", "state": "failed"}
    assert " failed " in described(staging)
    assert "delivery" not in described(staging)


def attested(operator: str, *how: str, of: str = "") -> dict[str, object]:
    return {"at": "2026-01-02T03:04:05Z", "operator": operator, "how": list(how), "of": of}


def test_all_that_is_kept_of_a_person_is_a_page_to_read():
    record = {
        "kind": "doctor",
        "basis": "gdpr_6_1_b",
        "name": "trial",  # spelt like a code, and none
        "nihii": ["1", "2"],
        "attestations": [
            attested("o1", "identity_card", "inami_register"),
            attested("o2", "card", of="page"),
        ],
        "none": [],
        "superseded": [{"name": "B", "nihii": ["1"], "until": "2025"}],
    }
    found = {
        "subject": "s1",
        "record": record,
        "operators": {"o1": "Ann", "o2": None},
        "objects": ["evidence-1"],
        "runs": [],
        "instructions": [{"id": "i1", "withdrawn": True, "pending": False}],
        "attestations": [{"kind": "doctor", "of": "s2", "needed": True}],
        "not_yet_erased": [{"where": "runs/r1/proof/authorisation", "until": "2036", "why": "proof"}],
        "kept_until": None,
        "kept_because": None,
    }
    assert describe_subject(found).splitlines() == [
        "Kept about s1: doctor",
        "  attested 2026-01-02 03:04 UTC by Ann, who saw an identity card, the register of INAMI/RIZIV",
        "  attested 2026-01-02 03:04 UTC by an operator whose record was erased (o2), who saw card, of page",
        "  kept on the basis of: a contract, article 6(1)(b) GDPR",
        "  name: trial",
        "  INAMI/RIZIV numbers: 1, 2",
        "  none: none",
        "  was so before:",
        "    - name: B",
        "      INAMI/RIZIV numbers: 1",
        "      until: 2025",
        "  attestations given:",
        "    doctor s2, needed",
        "  instructions:",
        "    i1, withdrawn",
        "  not under this person's key:",
        "    runs/r1/proof/authorisation, the proof of a run, until 2036",
        "  runs: none",
        "  sealed beside it:",
        "    evidence-1",
        "  Neither the law nor a run needs it: `reprise subject erase` erases it.",
    ]
    later = {**found, "kept_until": "2036-01-01T00:00:00Z", "kept_because": "retention_not_over"}
    assert describe_subject(later).endswith(
        "  until 2036-01-01 00:00 UTC, unless the law or a run keeps it longer"
    )
    for because, said in (
        ("attester_needed", "until another operator attests"),
        ("run_alive", "has not ended"),
    ):
        assert said in describe_subject({**found, "kept_because": because}).splitlines()[-1]


def test_a_pending_doctor_is_shown_as_one_who_is_not_in_force():
    pending = {"name": "A", "nihii": ["1"], "attestations": [attested("o1", "identity_card")]}
    found = {
        "subject": "s1", "record": {"kind": "doctor", "inss": "3", "pending": pending}, "operators": {"o1": "Ann"}, "objects": [],
        "runs": [], "instructions": [], "attestations": [], "not_yet_erased": [], "kept_until": None, "kept_because": None,
    }  # fmt: skip
    assert describe_subject(found).splitlines()[:6] == [
        "Kept about s1: a doctor, not in force: a second operator has not attested yet",
        "  national number: 3",
        "  waits for a second operator's attestation:",
        "      attested 2026-01-02 03:04 UTC by Ann, who saw an identity card",
        "      name: A",
        "      INAMI/RIZIV numbers: 1",
    ]
