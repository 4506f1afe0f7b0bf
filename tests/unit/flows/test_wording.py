"""What people read at a terminal of a run and of a person."""

from __future__ import annotations

from flows.commands.wording import describe_status, describe_subject

RUN = {
    "run": "r1",
    "use": "migration",
    "deadline": "2026-01-04T00:00:00Z",
    "keys": "keyring",
    "journal": [
        {"arrow": "publish", "at": "2026-01-01T00:00:00Z"},
        {"arrow": "control", "at": "2026-01-01T00:00:01Z"},
    ],
}


def test_a_run_that_goes_on_shows_its_deadline_and_key_and_no_end():
    going = {"state": "red", "ended": None, "package": None, "import": None, "proof": None}
    text = describe_status({**RUN, **going})
    assert "deadline   2026-01-04" in text
    assert "key        keyring" in text
    assert "proof" not in text
    assert "import" not in text


def test_an_ended_run_shows_where_its_proof_is_and_no_key_that_is_gone():
    ended = {
        "state": "certified", "ended": "2026-01-01T00:00:02Z", "package": "/out/reprise-r1", "import": None, "proof": "/p",
    }  # fmt: skip
    lines = describe_status({**RUN, **ended}).splitlines()
    assert lines[1:3] == [
        "  package    /out/reprise-r1",
        "  import     not confirmed: `reprise confirm RUN opened|imported|accepted`",
    ]
    assert lines[3] == "  proof      /p"
    assert lines[4:] == ["  2026-01-01T00:00:00Z  publish", "  2026-01-01T00:00:02Z  destroy, certify"]
    assert "  import     accepted" in describe_status({**RUN, **ended, "import": "accepted"})


def test_all_that_is_kept_of_a_person_is_a_page_to_read():
    record = {
        "name": "A [B] C",
        "nihii": ["1", "2"],
        "attestations": [{"at": "x", "how": ["card", "known"]}],
        "none": [],
    }
    found = {"subject": "s1", "record": record, "objects": ["evidence-1"], "runs": [], "kept_until": None}
    assert describe_subject(found).splitlines() == [
        "Kept about s1:",
        "  attestations:",
        "    - at: x",
        "      how: card, known",
        "  name: A [B] C",
        "  nihii: 1, 2",
        "  none: none",
        "  runs: none",
        "  sealed beside it: evidence-1",
        "  Neither the law nor a run needs it any more: it may be erased.",
    ]
    assert "until 2036" in describe_subject({**found, "kept_until": "2036-01-01T00:00:00Z"})
