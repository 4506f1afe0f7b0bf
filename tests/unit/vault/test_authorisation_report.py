"""`authorise check` lists every test of an instruction. That it finds what a check refuses, `signed_bench` asks of each case."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

import pytest
from signed_bench import INSS, KEY, NAME, NOW, Bench

from trial.authority import TrialAuthority, sign_cades
from vault.authorisation.check_report import CheckReport, examine
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.pki.signed_document import detached
from vault.system.clock import format_utc


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


def report(bench: Bench, signatures: list[bytes] | None = None, **fields) -> CheckReport:
    document = draft({**bench.fields, **fields})
    cms = [sign_cades(document, bench.doctor, bench.authority)] if signatures is None else signatures
    return examine(detached(document, cms), home=Home(bench.home), moment=NOW + timedelta(minutes=1))


def results(found: CheckReport) -> dict[str, str]:
    return {test["test"]: test.get("code", test["result"]) for test in found.to_json()["tests"]}


def test_what_holds_is_listed_with_what_was_found(bench):
    found = report(bench)
    assert found.refusal is None
    assert set(results(found).values()) == {"passed"}
    lines = {
        line.strip().partition(": ")[0].split(maxsplit=1)[1]: line for line in found.text.splitlines()[1:]
    }
    assert NAME in lines["certificate"]
    assert "Reprise trial root" in lines["chain to a root"]
    assert re.search(r" [01] day\(s\) old", lines["revocation"])  # made a day before, or a moment less
    assert "migration 1 of 1" in lines["uses left"]
    assert "practice, recovery" in lines["recipients"]
    assert "this site allows 72 h" in lines["staging deadline"]
    assert "/out" in lines["destination"]
    assert "held by the doctor" in lines["custody"]
    assert "patient_records" in lines["kinds of records"]
    assert lines["patients"].endswith(": all")
    assert found.text.splitlines()[0] == f"Instruction {found.id}: passed"


def test_all_that_fails_is_said_and_not_the_first_alone(bench):
    fields = {
        "valid_from": format_utc(NOW - timedelta(days=9)),
        "valid_until": format_utc(NOW - timedelta(days=1)),
        "staging_deadline_hours": 100,
        "destination": "sftp://nowhere/x",
    }
    other = TrialAuthority()
    document = draft({**bench.fields, **fields})
    foreign = sign_cades(document, other.signer(INSS, NAME, key=KEY), other)
    found = report(bench, [foreign], **fields)
    failed = {name: code for name, code in results(found).items() if code not in ("passed", "not_tested")}
    assert failed == {
        "chain to a root": "unknown_root",
        "validity": "expired",
        "staging deadline": "deadline_above_ceiling",
        "destination": "destination_not_registered",
    }
    assert results(found)["revocation"] == "not_tested"
    assert results(found)["signature"] == "passed"
    assert results(found)["all controllers"] == "not_tested"
    assert found.text.splitlines()[0].endswith("REFUSED: 4 test(s) failed")
    assert found.refusal is not None
    assert found.refusal.code == "unknown_root"


def test_a_signature_that_cannot_be_read_hides_no_other_test(bench):
    found = results(report(bench, [b"no signature"]))
    assert found["signature"] == "signature_malformed"
    assert found["recipients"] == found["uses left"] == "passed"
    assert found["chain to a root"] == "not_tested"


def test_the_run_that_spent_the_last_use_is_named(bench):
    fields = {"nonce": secrets.token_hex(16)}
    bench.check(consume=True, **fields)
    found = report(bench, **fields)
    assert results(found)["uses left"] == "use_exhausted"
    assert str(found.refusal.facts["run"]).startswith("run-")
