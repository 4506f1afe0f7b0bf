"""Every refusal of an instruction: its own code, its own exit code, before any source is known."""

from __future__ import annotations

import json
import logging
import secrets
from datetime import timedelta
from typing import Any

import pytest
from signed_bench import FORMS, INSS, KEY, NAME, NIHII, NOW, Bench

from schemas.errors import AuthorisationError, RefusedError, RepriseError, UseError
from trial.authority import TrialAuthority, sign_cades
from trial.doctors import enrol_doctor
from vault.age.sealing import make_identity
from vault.authorisation.check import check_withdrawal, claim, draft_withdrawal, release_use, reopen, withdraw
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.pki.signed_document import detached
from vault.records.enrolment import Ground
from vault.records.mandates import MandateTerms, attest_mandate, begin_mandate
from vault.records.operators import find_operator
from vault.system.clock import SystemClock, format_utc


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


def refused(bench: Bench, code: str, exit_code: int, **changes: Any) -> None:
    with pytest.raises(RefusedError if exit_code < 20 else RepriseError) as error:
        bench.check(**changes)
    assert (error.value.code, error.value.exit_code) == (code, exit_code)
    assert error.value.__context__ is None or "anary" not in str(error.value.__context__)


@pytest.mark.parametrize("form", FORMS)
def test_a_good_instruction_passes(bench, form):
    assert bench.check(form=form).kinds == {"patient_records"}


def test_document_altered(bench):
    document = draft({**bench.fields, "processor": "Q"})
    refused(bench, "document_altered", 10, document=document)


def test_text_and_data_parted(bench):
    document = draft(bench.fields).replace(b'"processor":"P"', b'"processor":"Q"')
    refused(bench, "readable_text_differs", 10, document=document)


def test_not_canonical(bench):
    body = json.dumps(json.loads(draft(bench.fields)), indent=1).encode()
    refused(bench, "instruction_malformed", 10, document=body)


def test_every_sampled_flip_of_a_signature_is_refused(bench):
    signed = draft(bench.fields)
    p7s = sign_cades(signed, bench.doctor, bench.authority)
    for at in range(0, len(p7s), 23):
        altered = p7s[:at] + bytes([p7s[at] ^ 1]) + p7s[at + 1 :]
        with pytest.raises(RefusedError):
            bench.check(document=signed, signatures=[altered])


def test_unsigned(bench):
    refused(bench, "signature_missing", 10, signatures=[])


@pytest.mark.parametrize("form", FORMS)
def test_other_signer(bench, form):
    other = "93051822460"
    enrol_doctor(
        Home(bench.home),
        inss=other,
        nihii=("10000797000",),
        name="N",
        attested_by=("one", "two"),
        basis="trial",
    )
    refused(bench, "wrong_signer", 10, form=form, signer=bench.authority.signer(other, "N", key=KEY))


@pytest.mark.parametrize("form", FORMS)
def test_signer_not_enrolled(bench, form):
    refused(
        bench,
        "signer_not_enrolled",
        10,
        form=form,
        signer=bench.authority.signer("03022801131", "N", key=KEY),
    )


@pytest.mark.parametrize("form", FORMS)
def test_unknown_root(bench, form):
    stranger = TrialAuthority("Stranger")
    refused(
        bench, "unknown_root", 11, form=form, signer=stranger.signer(INSS, NAME, key=KEY), authority=stranger
    )


@pytest.mark.parametrize("form", FORMS)
def test_trial_root_in_a_real_home(bench, form):
    settings = Home(bench.home).settings
    of_a_trial = settings.read_text()
    settings.write_text(of_a_trial.replace("trial = true", "trial = false"))
    try:
        refused(bench, "trial_root", 11, form=form)
    finally:
        settings.write_text(of_a_trial)


@pytest.mark.parametrize("form", FORMS)
def test_certificate_expired(bench, form):
    refused(
        bench, "signer_expired", 11, form=form, signer=bench.authority.signer(INSS, NAME, days=-1, key=KEY)
    )


@pytest.mark.parametrize("form", FORMS)
def test_certificate_not_yet_valid(bench, form):
    refused(
        bench,
        "signer_not_yet_valid",
        11,
        form=form,
        signer=bench.authority.signer(INSS, NAME, since_days=-2, key=KEY),
    )


@pytest.mark.parametrize("form", FORMS)
def test_wrong_key_usage(bench, form):
    refused(
        bench,
        "key_usage",
        11,
        form=form,
        signer=bench.authority.signer(INSS, NAME, usage="digital_signature", key=KEY),
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("crl", "code"),
    [
        (lambda b: b.authority.crl((b.doctor,)), "signer_revoked"),
        (lambda b: b.authority.crl(days=-1, since_days=60), "revocation_stale"),
        (None, "revocation_missing"),
    ],
)
def test_revocation(bench, crl, code, form):
    path = bench.home / "trust" / "crls" / "trial-citizen.crl"
    kept = path.read_bytes()
    try:
        path.unlink() if crl is None else path.write_bytes(crl(bench))
        refused(bench, code, 11, form=form)
    finally:
        path.write_bytes(kept)


def test_not_yet_and_no_longer_valid(bench):
    later = format_utc(NOW + timedelta(days=1))
    refused(bench, "not_yet_valid", 10, valid_from=later)
    refused(
        bench,
        "expired",
        10,
        valid_from=format_utc(NOW - timedelta(days=9)),
        valid_until=format_utc(NOW - timedelta(days=1)),
    )


def test_recipients(bench):
    practice, recovery = bench.fields["recipients"]
    refused(bench, "one_recipient_only", 12, recipients=[practice], version=1)
    refused(bench, "one_recipient_only", 12, recipients=[practice] * 2, version=1)
    for odd in ("age1nonsense", practice["age"].upper()):
        refused(
            bench,
            "recipient_not_age",
            60,
            recipients=[practice, recovery, {**practice, "age": odd}],
            version=1,
        )
    refused(
        bench, "recovery_key_missing", 12, recipients=[practice, {**recovery, "role": "practice"}], version=1
    )
    swapped = [{**practice, "role": "recovery"}, {**recovery, "role": "practice"}]
    for version in (1, 2):
        refused(bench, "recipient_role_differs", 12, recipients=swapped, version=version)


def test_other_destination(bench):
    refused(bench, "other_destination", 12, destination="/elsewhere")


def test_no_custody(bench):
    refused(bench, "custody_missing", 10, custody={"source": None, "package": None}, version=1)
    held = {"doctor": {"holder": "doctor", "until": None}, "undated": {"holder": "operator", "until": None}}
    gone = {"holder": "operator", "until": format_utc(NOW - timedelta(days=1))}
    undated = {"source": held["doctor"], "package": held["undated"]}
    refused(bench, "custody_without_date", 10, custody=undated, version=1)
    for version in (1, 2):
        over = {"source": gone, "package": held["doctor"]}
        early = format_utc(NOW - timedelta(days=3))
        refused(bench, "custody_over", 10, custody=over, valid_from=early, version=version)


def test_deadline_above_the_ceiling(bench):
    refused(bench, "deadline_above_ceiling", 15, staging_deadline_hours=73)


def test_operators(bench):
    refused(bench, "no_operator", 14, operator="")
    refused(bench, "operator_not_enrolled", 14, operator="three")


def test_uses_are_spent_once(bench):
    nonce = secrets.token_hex(16)
    bench.check(nonce=nonce, consume=True, uses={"migration": 1})
    refused(bench, "use_exhausted", 13, nonce=nonce, uses={"migration": 1})


def test_a_use_is_spent_by_a_run_and_given_back_by_it_alone(bench):
    fields = {**bench.fields, "nonce": secrets.token_hex(16), "uses": {"migration": 1}}
    document = draft(fields)
    p7s = sign_cades(document, bench.doctor, bench.authority)
    made = bench.check(**fields)
    claim(Home(bench.home), made, detached(document, [p7s]), "one")
    claim(Home(bench.home), made, detached(document, [p7s]), "one")  # resumed: the same use
    with pytest.raises(UseError):
        claim(Home(bench.home), made, detached(document, [p7s]), "two")
    release_use(Home(bench.home), made.id, "two")
    refused(bench, "use_exhausted", 13, **fields)
    release_use(Home(bench.home), made.id, "one")
    bench.check(**fields)


def test_withdrawn(bench):
    nonce = secrets.token_hex(16)
    made = bench.check(nonce=nonce, consume=True, uses={"migration": 2})
    withdraw(Home(bench.home), made.id, {})
    refused(bench, "withdrawn", 10, nonce=nonce, uses={"migration": 2})


def test_nobody_is_named_in_logs_or_files(bench, caplog):
    with caplog.at_level(logging.DEBUG):
        for changes in ({}, {"signatures": []}, {"signer": bench.authority.signer("03022801131", NAME)}):
            try:
                bench.check(consume=not changes, nonce=secrets.token_hex(16), **changes)
            except RepriseError as error:
                assert INSS not in str(error) and "anary" not in str(error)
    assert INSS not in caplog.text and "anary" not in caplog.text
    for path in (p for p in bench.home.rglob("*") if p.is_file()):
        data = path.read_bytes()
        for needle in (INSS, NAME, NIHII):
            assert needle.encode() not in data and needle.encode("utf-16-le") not in data, path.name


@pytest.mark.parametrize("form", FORMS)
def test_the_authorisation_tells_how_and_in_which_capacity_it_was_signed(bench, form):
    made = bench.check(consume=True, form=form, nonce=secrets.token_hex(16))
    again = reopen(Home(bench.home), made.id, "migration")
    assert made.signed_as == again.signed_as == ("controller",)
    assert again.signing.to_json() == {"signature": form, "signedAs": ["controller"]}


def test_a_key_whose_holder_proved_nothing(bench):
    age = [{"role": "practice", "age": make_identity()[1]}, bench.fields["recipients"][1]]
    refused(bench, "recipient_not_proven", 12, recipients=age)


def test_a_successor_signs_and_withdraws_with_his_own_certificate(bench):
    inss = "93051822361"
    ground = Ground("trial", "trial", ("identity_card",))
    until = format_utc(NOW + timedelta(days=3))[:10]
    one, two = (find_operator(Home(bench.home), name) for name in ("one", "two"))
    mandate = begin_mandate(
        Home(bench.home), inss=inss, name=NAME, terms=MandateTerms("successor", (NIHII,), until, "succession"),
        ground=ground, operator=one, moment=NOW,
    )  # fmt: skip
    terms = {
        "controllers": [{"role": "successor", "nihii": NIHII, "name": NAME}],
        "nonce": secrets.token_hex(16),
    }
    signer = bench.authority.signer(inss, NAME)
    refused(bench, "signer_not_attested", 10, signer=signer, **terms)
    attest_mandate(Home(bench.home), mandate, two, ground.shown, NOW)
    made = bench.check(signer=signer, consume=True, **terms)
    assert reopen(Home(bench.home), made.id, "migration").signed_as == ("successor",)
    document = draft_withdrawal(Home(bench.home), made.id)
    signed = sign_cades(document, signer, bench.authority)
    check_withdrawal(Home(bench.home), made.id, document, signed, SystemClock())
    with pytest.raises(AuthorisationError, match="mandate_missing"):
        own = sign_cades(document, bench.doctor, bench.authority)
        check_withdrawal(Home(bench.home), made.id, document, own, SystemClock())
