"""What engineers do in the dashboard: each act is the command line's, refusals are in the ledger and come back as advice."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
from support.dashboard_people import token_in
from support.dashboard_site import Site, make_site

from flows.admin.operators import give_key
from flows.lifecycle.run_views import list_runs, status
from flows.session.control import Control
from flows.session.orders import list_orders
from flows.session.sources import MAX_AGE, Source, list_sources
from flows.worker.order_process import running_process_kind
from schemas.errors import AuthorisationError, OperatorError
from schemas.roles import Role
from trial.home import OPERATORS
from trial.practice.write import write_practice
from vault.ledger.home_log import open_store
from vault.records.enrolment import Ground, attest_doctor, begin_doctor
from vault.records.operator_keys import prove
from vault.records.operators import find_operator
from vault.records.subjects import Subjects
from vault.runs.lease import find_lease
from vault.system.clock import SystemClock

pytestmark = pytest.mark.slow
INSS, NIHII, NAME = "93051822460", "11222207004", 'Dr <img src=x onerror=alert(1)> "Canary"'
DOCTOR = {
    "name": NAME,
    "inss": INSS,
    "nihii": NIHII,
    "shown": "identity_card",
    "basis": "gdpr_6_1_c",
    "number_basis": "be_national_register_1983",
}
PASSPHRASE = "four words of no saying"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    return make_site(tmp_path_factory.mktemp("acts"))[0]


@pytest.fixture(scope="module")
def people(site):
    return site.people


@pytest.fixture(scope="module")
def one(people):
    return people.signed_in("one")


@pytest.fixture(scope="module")
def two(people):
    return people.signed_in("two")


def act(browser, to: str, /, files: dict | None = None, **fields: str):
    """Send a form of this session; returns the answer."""
    form = token_in(browser.get("/account").text)
    return browser.post(to, data={"csrf": form, **fields}, files=files)


def shown_in(page: str) -> str:
    """The digest of what a page shows to the second person."""
    found = re.search(r'name="of" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def said(browser, path: str = "/work") -> str:
    """What the next page says of the last act."""
    found = re.search(r'<div class="notice (?:good|bad)"[^>]*>(.*?)</div>', browser.get(path).text, re.DOTALL)
    return "" if found is None else re.sub(r"<[^>]+>", " ", found[1]).strip()


def ledger(site: Site) -> list[tuple[str, str]]:
    store = open_store(site.home)
    return [(e["type"], e["code"]) for e in map(json.loads, store.read(0, store.head().size))]


def signed(site: Site) -> dict[str, tuple[str, bytes]]:
    paper = Path(site.made["authorisation"])
    signature = paper.with_name(paper.name + ".p7s")
    return {
        "document": (paper.name, paper.read_bytes()),
        "signature": (signature.name, signature.read_bytes()),
    }


def wait_until(look, seconds: float = 120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


@pytest.fixture(scope="module")
def ready(site, one) -> dict[str, str]:
    """A registered export and a recorded instruction, both by the page; what starts a run with them."""
    act(one, "/work/sources", path=site.made["source"])
    act(one, "/instructions/record", signed(site))
    (source,) = list_sources(site.home)
    (instruction,) = (path.name for path in site.home.authorisations.iterdir())
    return {"source": source.id, "authorisation": instruction, "use": "rehearsal", "keys": "keyring"}


def test_an_export_is_registered_sealed_and_forgotten(site, one, ready, capfd):
    wrong = act(one, "/work/sources", path="relative/export")
    assert (wrong.status_code, "from / on" in wrong.text) == (422, True)
    assert act(one, "/work/sources", path=str(site.folder / "nowhere")).status_code == 422
    (kept,) = [path.read_bytes() for path in site.home.sources.iterdir()]
    assert site.made["source"].encode() not in kept
    extra = site.folder / "Canary-Name"
    extra.mkdir()
    act(one, "/work/sources", path=str(extra))
    found = next(s for s in list_sources(site.home) if s.shown == "Canary-Name")
    logged = "".join(str(e) for e in site.people.dashboard.access_log.read())
    assert found.id in logged
    assert "Canary-Name" not in logged + "".join(capfd.readouterr())
    act(one, "/work/sources/forget", source=found.id)
    assert found.id not in one.get("/work").text
    assert extra.is_dir()
    act(one, "/work/sources/forget", source=found.id)
    assert "[no_such_source]" in said(one)


def test_the_sweep_forgets_what_was_registered_long_ago(site, one, ready):
    from flows.session.sources import forget_old_sources, register_source

    class Later(SystemClock):
        def now(self):
            return super().now() + 2 * MAX_AGE

    made: Source = register_source(site.home, str(site.folder), SystemClock())
    forget_old_sources(site.home, SystemClock())
    assert made in list_sources(site.home)
    left = [one for one in list_sources(site.home) if one.id != made.id]
    forget_old_sources(site.home, Later())
    assert list_sources(site.home) == []
    for source in left:  # the other tests use it
        (site.home.sources / source.id).write_bytes(
            site.home.site_key.seal(json.dumps(source.to_json()).encode(), f"source/{source.id}")
        )


@pytest.mark.parametrize("failure", [OSError(12, "no memory"), TypeError("no answer")])
def test_an_order_that_cannot_begin_does_not_stay(site, one, ready, monkeypatch, failure):
    from dashboard.actions import work

    begun = []

    def failing(_, order: str):
        begun.append(order)
        raise failure

    before = list_orders(site.home)
    monkeypatch.setattr(work, "start_order_process", failing)
    act(one, "/work/start", **ready)
    assert len(begun) == 1
    assert list_orders(site.home) == before


def test_an_instruction_that_does_not_hold_is_refused_in_the_ledger_and_explained(site, one, ready):
    unsigned = {"document": signed(site)["document"]}
    before = len(ledger(site))
    answer = act(one, "/instructions/record", unsigned)
    assert answer.status_code == 303
    assert ledger(site)[before:] == [("authorisation.refused", "signature_missing")]
    told = said(one, "/instructions")
    assert "not signed" in told and "Add the signature" in told
    assert said(one, "/instructions") == "", "it is said once"
    entry = list(site.people.dashboard.access_log.read())
    assert any((e.what, e.result) == ("instruction_record", "signature_missing") for e in entry)


def test_advice_is_in_the_language_of_the_person(people, site, ready):
    people.open_account("trois", Role.ENGINEER, operator=OPERATORS[0], language="fr")
    browser = people.signed_in("trois")
    act(browser, "/instructions/record", {"document": ("x.json", b"{}")})
    assert "Ce fichier n&#39;est pas une instruction." in browser.get("/instructions").text


def test_a_form_that_lacks_something_says_where(one, ready):
    answer = act(one, "/work/start", source=ready["source"], use="all", keys="keyring")
    assert answer.status_code == 422
    assert answer.text.count("Choose one of the options.") == 2
    assert act(one, "/instructions/record").status_code == 422


def test_a_run_that_the_instruction_does_not_allow_is_refused_before_it_begins(site, one, ready):
    before = len(ledger(site))
    answer = act(one, "/work/start", **{**ready, "authorisation": "0" * 24})
    assert answer.headers["location"] == "/work"
    assert [kind for kind, _ in ledger(site)[before:]] == ["authorisation.refused"]
    assert list_orders(site.home) == []


def test_a_rehearsal_is_started_dies_is_resumed_and_certified(site, one, ready):
    """The process of the run is killed, as by a power cut; the page goes on with it."""
    run_at = act(one, "/work/start", **ready).headers["location"]
    run = run_at.removeprefix("/runs/")
    assert site.made["source"] not in run_at
    wait_until(lambda: status(site.home, run).journal)
    assert running_process_kind(site.home, run) == "local"
    assert "Cancel" in one.get(run_at).text
    act(one, f"{run_at}/resume")
    assert "[doctor_busy]" in said(one, run_at)
    lease = find_lease(site.home, run)
    os.kill(lease.owner_pid, signal.SIGKILL)
    wait_until(lambda: running_process_kind(site.home, run) == "nobody")
    assert "Resume" in wait_until(lambda: "/resume" in one.get(run_at).text and one.get(run_at).text)
    act(one, f"{run_at}/resume")
    assert wait_until(lambda: status(site.home, run).outcome) == "rehearsed"
    act(one, f"{run_at}/resume")
    assert "[run_has_ended]" in said(one, run_at)
    page = one.get(run_at).text
    assert "/resume" not in page and "/abandon" not in page and "/confirm" not in page
    assert one.get(f"{run_at}/acceptance.pdf").status_code == 404, "nothing was delivered"


def test_a_run_that_goes_on_is_cancelled_with_its_short_code_alone(site, one, two, ready):
    large = site.folder / "large"
    write_practice(large, patients=150)
    act(one, "/work/sources", path=str(large))
    source = next(s.id for s in list_sources(site.home) if s.shown == "large")
    run_at = act(one, "/work/start", **{**ready, "source": source}).headers["location"]
    run = run_at.removeprefix("/runs/")
    act(one, f"{run_at}/cancel", code="")
    assert "Nothing was done" in said(one, run_at)
    assert running_process_kind(site.home, run) == "local"
    act(two, "/work/start", **ready)
    assert "[doctor_busy]" in said(two), "one run of a doctor at a time; the order is not left behind"
    assert [o for o in list_orders(site.home) if o["run"] is None] == []
    act(one, f"{run_at}/cancel", code=run[:8])
    assert said(one, run_at).startswith("The run is cancelled.")
    ended = status(site.home, run)
    assert (ended.state, ended.outcome) == ("certified", "cancelled")
    assert not any(site.home.staging.glob("*/*"))


def test_an_intake_is_opened_for_the_practice_and_closed(site, one, ready):
    paper = ready["authorisation"]
    wrong = act(one, f"/instructions/{paper}/intake", hours="soon")
    assert (wrong.status_code, "[hours_out_of_range]" in said(one, "/instructions")) == (303, True)
    opened = act(one, f"/instructions/{paper}/intake", hours="24", keys="file")
    number = re.search(r'<strong class="mono">([\d ]+)</strong>', opened.text)[1]
    path = re.search(r'href="(/intakes/\w+/seal.html)"', opened.text)[1]
    page = one.get(path)
    assert "attachment" in page.headers["content-disposition"]
    assert re.search(r"age1[a-z0-9]{50,}", opened.text)[0] in page.text
    assert len(number.replace(" ", "")) == 20
    act(one, "/intakes/close", intake=path.split("/")[2])
    assert one.get(path).status_code == 404
    assert ledger(site)[-2:] == [("intake.opened", "file"), ("intake.closed", "closed")]


def test_two_people_are_two_accounts(site, one, two):
    proposed = act(one, "/approvals/doctor", **DOCTOR)
    assert proposed.headers["location"] == "/approvals"
    person = Subjects(site.home).identify("doctor", INSS)
    own, others = one.get(f"/approvals/{person}").text, two.get(f"/approvals/{person}").text
    assert "/approve" not in own and "/approve" in others
    assert "<img src=x" not in one.get("/draft").text
    for page in (own, others):
        assert "<img" not in page.replace('<img src="/assets', ""), "a name is text, whatever is in it"
        assert "&lt;img src=x onerror=alert(1)&gt;" in page
    of, to = shown_in(others), f"/approvals/{person}/approve"
    act(one, to, shown="inami_register", of=of)
    assert "[two_attesters_needed]" in said(one, "/approvals")
    act(two, to, of=of)
    assert "[evidence_missing]" in said(two, "/approvals")
    act(two, to, shown="inami_register")
    assert "[attestation_altered]" in said(two, "/approvals")
    act(two, to, shown="inami_register", of=of)
    assert "in force" in said(two, "/approvals")
    assert two.get(f"/approvals/{person}").status_code == 404
    first, second = Subjects(site.home).read(person).attestations
    identify = site.people.dashboard.accounts.identify
    assert [(a.by, a.account) for a in (first, second)] == [
        ("account", identify("one")), ("account", identify("two")),
    ]  # fmt: skip
    assert first.operator != second.operator
    assert first.of == second.of
    assert ledger(site)[-1] == ("subject.attested", "doctor")


def test_what_was_proposed_anew_is_not_what_was_seen(site, one, two):
    other = {**DOCTOR, "inss": "85073003328", "nihii": "11234578004"}
    act(one, "/approvals/doctor", **other)
    person = Subjects(site.home).identify("doctor", other["inss"])
    seen = shown_in(two.get(f"/approvals/{person}").text)
    act(one, "/approvals/doctor", **{**other, "name": "Dr Another"})
    act(two, f"/approvals/{person}/approve", shown="inami_register", of=seen)
    assert "[attestation_altered]" in said(two, "/approvals")
    assert Subjects(site.home).read(person).pending is not None
    assert ledger(site)[-1] == ("act.refused", "attestation_altered")


@pytest.mark.parametrize(("field", "value", "words"), [("inss", "1", "Not a valid national number"), ("nihii", "12", "Not a valid INAMI number"), ("shown", "", "Tick what you were shown"), ("name", " ", "Write the name")])  # fmt: skip
def test_what_is_wrong_with_a_proposal_stands_at_its_field(one, field, value, words):
    answer = act(one, "/approvals/doctor", **{**DOCTOR, field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text or "wrong" in answer.text


def test_at_a_terminal_a_name_is_not_enough(site):
    control = Control.open(site.home, OPERATORS[0])
    from flows.admin import enrolment

    ground = Ground("trial", "trial", ("identity_card",))
    asked = {"inss": "73102516311", "name": "N", "nihii": ("11111130004",), "ground": ground}
    with pytest.raises(OperatorError, match="operator_not_proven"):
        enrolment.begin_doctor(control, **asked)
    assert ledger(site)[-1] == ("act.refused", "operator_not_proven")
    with pytest.raises(OperatorError, match="operator_without_key"):
        control.proved(PASSPHRASE)
    with pytest.raises(OperatorError, match="passphrase_short"):
        give_key(control, OPERATORS[0], "short")
    give_key(control, OPERATORS[0], PASSPHRASE)
    with pytest.raises(OperatorError, match="passphrase_wrong"):
        control.proved("four other words here")
    with pytest.raises(OperatorError, match="operator_not_proven"):
        give_key(control, OPERATORS[0], "words of a stranger")
    begun = enrolment.begin_doctor(control.proved(PASSPHRASE), **asked)
    (kept,) = Subjects(site.home).read(begun.subject_id).pending.attestations
    assert kept.by == "key"


def test_what_the_first_attested_cannot_be_altered_for_the_second(site):
    """Whoever may write the home can alter a pending record, but not sign it again."""
    home, now = site.home, SystemClock().now()
    first, second = (find_operator(home, name) for name in OPERATORS)
    from dataclasses import replace

    proven = replace(first, proof=prove(home, first.id, PASSPHRASE))
    ground = Ground("trial", "trial", ("identity_card",))
    begun = begin_doctor(home, inss="62021309991", name="N", nihii=("10000107004",), ground=ground, operator=proven, moment=now)  # fmt: skip
    subjects = Subjects(home)
    record = subjects.read(begun.subject_id)
    pending = record.pending
    (attested,) = pending.attestations
    for spoilt in (
        pending.changed(nihii=("12345678901",)),
        pending.changed(attestations=(attested.changed(how=("inami_register",)),)),
        pending.changed(attestations=(attested.changed(operator=second.id),)),
    ):
        subjects.write(begun.subject_id, record.changed(pending=spoilt))
        with pytest.raises((AuthorisationError, OperatorError)) as refused:
            attest_doctor(home, begun.subject_id, replace(second, proof=None), ("inami_register",), now)
        assert refused.value.code in ("attestation_altered", "two_attesters_needed")
    subjects.write(begun.subject_id, record)
    attest_doctor(home, begun.subject_id, second, ("inami_register",), now)


def test_a_draft_names_what_is_wrong_at_its_field_and_becomes_a_page(site, one):
    empty = act(one, "/draft/page")
    assert empty.status_code == 422
    assert empty.text.count('class="error"') >= 10
    filled = {
        "controllers": "0", "name_0": "Dr Bob Specimen", "language": "fr", "processor": "Reprise test", "source_system": "",
        "kinds": "lab_results", "patients": "all", "responsible": "controllers", "use_migration": "1", "use_inventory": "0",
        "use_rehearsal": "0", "destination": "/srv/out", "valid_from": "2026-01-01", "valid_until": "2027-06-30",
        "source_holder": "doctor", "package_holder": "operator", "package_until": "2027-07-31", "staging_deadline_hours": "24",
        "degraded_permille": "50", "quarantined_permille": "20",
    }  # fmt: skip
    form = token_in(one.get("/draft").text)
    fields = [("csrf", form), *filled.items(), ("recipients", "0"), ("recipients", "1")]
    said_now = one.post(
        "/draft/preview", content=encoded(fields), headers={**URLENCODED, "HX-Request": "true"}
    )
    assert "<html" not in said_now.text
    assert "Reprise test" in said_now.text
    assert 'lang="fr"' in said_now.text
    page = one.post("/draft/page", content=encoded(fields), headers=URLENCODED)
    assert page.content.startswith(b"%PDF-")
    document = one.post("/draft/page", content=encoded([*fields, ("as", "json")]), headers=URLENCODED).json()
    assert document["valid_until"] == "2027-06-30T21:59:59Z", "the end of the day in Belgium"
    wrong = one.post(
        "/draft/page", content=encoded([*fields[:-1], ("staging_deadline_hours", "9999")]), headers=URLENCODED
    )
    assert wrong.status_code == 422
    assert "Choose at least two proven keys" in wrong.text


URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}


def encoded(fields: list[tuple[str, str]]) -> str:
    from urllib.parse import urlencode

    return urlencode(fields)


def test_a_withdrawal_ends_everything_and_asks_for_the_code(site, one, ready):
    paper = ready["authorisation"]
    act(one, f"/instructions/{paper}/withdraw", code="x")
    assert "Nothing was done" in said(one, "/instructions")
    assert one.get(f"/instructions/{paper}/withdrawal.json").json()["type"] == "withdrawal"
    act(one, f"/instructions/{paper}/withdraw", code=paper[:8])
    assert said(one, "/instructions").startswith("The instruction is withdrawn.")
    assert ledger(site)[-1] == ("authorisation.withdrawn", "recorded_by_operator")
    act(one, "/work/start", **ready)
    assert "[withdrawn]" in said(one)


def test_the_sweep_is_started_from_the_page(site, one):
    act(one, "/work/sweep")
    assert said(one).startswith("The sweep has ended.")
    assert all(run.state == "certified" for run in list_runs(site.home))


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_form_leads_elsewhere(people, place):
    from support.dashboard_people import sign_in

    browser = people.browser()
    assert sign_in(browser, "one", next=place).headers["location"] == "/"
    assert act(browser, "/preferences", theme="dark", back=place).headers["location"] == "/"
