"""Intakes: one authorisation, one run, one life of a key; what is refused, and what is left of them."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from functools import partial
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support.moving_clock import MovingClock

from flows.retention._sweep import sweep_home
from schemas.errors import IntakeError, KeyDestroyedError, KeyUnavailableError
from vault.age.bech32 import encode
from vault.destruction.destroy import destroy_run
from vault.destruction.due import rearm_keys
from vault.home.create import create_home
from vault.home_folder import Home
from vault.intake.identity_store import identity_store, recipient_of
from vault.intake.mint import mint
from vault.intake.record import (
    Intake,
    check_number,
    claim,
    close,
    destroy_identity,
    intake_of,
    intakes_out_of_reach,
    list_intakes,
    mark_used,
    refuse_unusable_intake,
    unreadable_intakes,
)
from vault.intake.sealed_source import open_sealed
from vault.keys.provider import KeyState
from vault.runs.lease import Lease, new_lease
from vault.system.clock import SystemClock, format_utc

OURS, THEIRS = "a" * 24, "b" * 24
GONE = {KeyState.ABSENT, KeyState.REVOKED, KeyState.EXPIRED}
CLOCK = SystemClock()


@pytest.fixture
def home(tmp_path) -> Path:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    yield tmp_path / "home"
    for intake in list_intakes(Home(tmp_path / "home")):
        destroy_identity(Home(tmp_path / "home"), intake)


def make(home: Path, authorisation: str = OURS, provider: str = "keyring", hours: float = 1) -> Intake:
    now = CLOCK.now()
    intake = Intake(
        uuid.uuid4().hex[:16],
        authorisation,
        provider,
        format_utc(now),
        format_utc(now + timedelta(hours=hours)),
    )
    ref, recipient = mint(Home(home), provider, intake.id, int(hours * 3600))
    made = replace(intake, key_ref=ref, recipient=recipient)
    made.save(Home(home))
    return made


def lease(home: Path, authorisation: str = OURS) -> Lease:
    run_id = str(uuid.uuid4())
    return new_lease(
        Home(home),
        CLOCK,
        run_id=run_id,
        subject_id="c" * 24,
        persons=("c" * 24,),
        authorisation_id=authorisation,
        use="migration",
        hours=1,
        provider="memory",
        partial=home / "staging" / run_id / "parts",
        operator_id="d" * 24,
        ledger_start=0,
        order_id="e" * 16,
    )


def seal(path: Path, *recipients: str) -> partial:
    keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    path.write_bytes(pyrage.encrypt(b"an export", keys))
    return partial(path.open, "rb")


def code_of(act) -> str:
    with pytest.raises(IntakeError) as refused:
        act()
    return refused.value.code


@given(st.binary(min_size=32, max_size=32))
def test_a_recipient_is_spelt_as_age_spells_it(secret):
    identity = pyrage.x25519.Identity.from_str(encode("age-secret-key-", secret).upper())
    assert recipient_of(secret) == str(identity.to_public())


@pytest.mark.parametrize("provider", ["keyring", "file"])
def test_an_identity_is_kept_opened_and_destroyed_for_good(home, provider):
    intake, store = make(home, provider=provider), identity_store(Home(home), provider)
    assert recipient_of(store.open(intake.key_ref)) == intake.recipient
    assert store.find(intake.id) == intake.key_ref
    assert replace(intake, key_ref=None).key_state(Home(home)) is KeyState.PRESENT
    assert destroy_identity(Home(home), intake) in GONE
    assert destroy_identity(Home(home), intake) in GONE
    assert store.find(intake.id) is None
    with pytest.raises(KeyDestroyedError):
        store.open(intake.key_ref)


def test_an_identity_in_a_file_is_sealed_and_private(home):
    intake = make(home, provider="file")
    path = home / "intakes" / intake.id / "identity"
    secret = identity_store(Home(home), "file").open(intake.key_ref)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in path.read_bytes()
    for other in home.rglob("*"):
        assert not other.is_file() or secret not in other.read_bytes()


def test_an_identity_in_the_keyring_is_in_no_file_and_no_record(home):
    intake = make(home)
    secret = identity_store(Home(home), "keyring").open(intake.key_ref)
    for path in home.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert secret not in data
        assert secret.hex().encode() not in data


def test_the_kernel_forgets_an_identity_at_its_expiry(home):
    intake = make(home)
    assert intake.state(Home(home), CLOCK) == "open"
    identity_store(Home(home), "keyring").rearm(intake.key_ref, 1)
    until = time.monotonic() + 20
    while intake.key_state(Home(home)) is KeyState.PRESENT and time.monotonic() < until:
        time.sleep(0.1)
    assert intake.key_state(Home(home)) in GONE
    assert code_of(lambda: refuse_unusable_intake(Home(home), OURS, None, CLOCK)) == "intake_key_gone"


@pytest.mark.parametrize(("wall", "passed", "state"), [(-400, 90, "expired"), (400, 10, "open")])
def test_its_time_is_that_of_the_boot_clock_which_nobody_can_set(home, wall, passed, state):
    clock, intake = MovingClock(), make(home)
    moment = clock.boot_seconds() + 3600
    replace(intake, boot_id=clock.boot_id(), boot_expires=moment).save(Home(home))
    clock.set_wall(days=wall)
    clock.pass_time(minutes=passed)
    assert Intake.load(Home(home), intake.id).state(Home(home), clock) == state


def test_the_sweep_sets_the_timeout_of_an_identity_anew(home):
    clock, intake = MovingClock(), make(home)
    replace(intake, boot_id=clock.boot_id(), boot_expires=clock.boot_seconds() + 3600).save(Home(home))
    clock.pass_time(minutes=60, seconds=-1)
    rearm_keys(Home(home), clock)
    until = time.monotonic() + 20
    while intake.key_state(Home(home)) is KeyState.PRESENT and time.monotonic() < until:
        time.sleep(0.1)
    assert intake.key_state(Home(home)) in GONE


def test_a_record_that_the_disk_does_not_give_is_neither_damaged_nor_in_the_way(home, monkeypatch):
    broken, other = make(home), make(home)
    read = Path.read_bytes

    def read_or_fail(path: Path) -> bytes:
        if path.parent.name == broken.id:
            raise OSError(5, "")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_or_fail)
    assert [intake.id for intake in list_intakes(Home(home))] == [other.id]
    assert (unreadable_intakes(Home(home)), intakes_out_of_reach(Home(home))) == ([], [broken.id])
    report = sweep_home(Home(home))
    assert (report.incomplete, report.intakes_expired) == (1, 0)
    assert broken.key_state(Home(home)) is KeyState.PRESENT


def test_an_unknown_store_is_refused(home):
    with pytest.raises(KeyUnavailableError):
        identity_store(Home(home), "memory")
    with pytest.raises(KeyUnavailableError):
        mint(Home(home), "memory", "x", 1)


def test_the_number_to_compare_is_of_this_recipient():
    """Known answer, made with: printf %s RECIPIENT | sha256sum, and bc."""
    assert check_number("age1y3h2zyvrw70kxckpguhdj5mjz8l3t6s0ssrmhvz2p9duunhpu4es8ruytq") == (
        "4037 8546 6382 1055 1699"
    )


def test_a_sealed_source_finds_its_intake_among_several(home, tmp_path):
    intakes = [make(home), make(home, THEIRS), make(home), make(home, provider="file")]
    run = lease(home)
    for wanted in (intakes[0], intakes[2], intakes[3]):
        found, only, look = open_sealed(Home(home), run, None, seal(tmp_path / "x.age", wanted.recipient))
        assert (found.id, only) == (wanted.id, True)
        with look().open() as stream:
            assert stream.read() == b"an export"
    extra = str(pyrage.x25519.Identity.generate().to_public())
    found, only, _ = open_sealed(
        Home(home), run, intakes[0].id, seal(tmp_path / "x.age", extra, intakes[0].recipient)
    )
    assert (found.id, only) == (intakes[0].id, False)


def test_what_fits_no_open_intake_is_refused_by_its_code(home, tmp_path):
    run, other = lease(home), lease(home)
    stranger = str(pyrage.x25519.Identity.generate().to_public())

    def tried(*recipients: str, wanted: str | None = None) -> str:
        sealed = seal(tmp_path / "x.age", *recipients)
        return code_of(lambda: open_sealed(Home(home), run, wanted, sealed))

    assert tried(stranger) == "intake_unknown"
    first, theirs = make(home), make(home, THEIRS)
    assert tried(stranger) == "intake_unknown"
    assert tried(theirs.recipient) == "intake_of_another"
    assert tried(theirs.recipient, wanted=theirs.id) == "intake_of_another"
    assert tried(theirs.recipient, wanted=first.id) == "intake_does_not_fit"
    assert tried(stranger, wanted="../x") == tried(stranger, wanted="f" * 16) == "intake_unknown"
    claim(Home(home), first.id, other, only_key=True, clock=CLOCK)
    assert tried(first.recipient) == tried(first.recipient, wanted=first.id) == "intake_spent"
    second = make(home)
    destroy_identity(Home(home), second)  # as a restart of the host does
    assert tried(second.recipient, wanted=second.id) == "intake_key_gone"
    assert second.state(Home(home), CLOCK) == "key_gone"


def test_an_intake_is_for_one_run_and_a_resumed_run_is_the_same(home):
    intake, run, other = make(home), lease(home), lease(home)
    claim(Home(home), intake.id, run, only_key=True, clock=CLOCK)
    claim(Home(home), intake.id, run, only_key=True, clock=CLOCK)
    assert code_of(lambda: claim(Home(home), intake.id, other, only_key=True, clock=CLOCK)) == "intake_spent"
    assert code_of(lambda: claim(Home(home), intake.id, lease(home, THEIRS), only_key=True, clock=CLOCK)) == (
        "intake_of_another"
    )
    assert code_of(lambda: close(Home(home), intake.id, "closed")) == "intake_in_use"
    assert Intake.load(Home(home), intake.id).state(Home(home), CLOCK) == "in_use"


@pytest.mark.parametrize("provider", ["keyring", "file"])
def test_the_end_of_a_run_destroys_the_identity_and_tells_what_that_is_worth(home, provider):
    intake, run = make(home, provider=provider), lease(home)
    claim(Home(home), intake.id, run, only_key=True, clock=CLOCK)
    run = run.update(Home(home), sealed_source=True, intake_id=intake.id)
    evidence = destroy_run(Home(home), run, [], 0)
    assert evidence.verification.complete()
    assert evidence.intake is not None
    assert evidence.intake.encrypted_always() is (provider == "keyring")
    mark_used(Home(home), intake, run.run_id)
    assert Intake.load(Home(home), intake.id).state(Home(home), CLOCK) == "spent"
    assert code_of(lambda: refuse_unusable_intake(Home(home), OURS, None, CLOCK)) == "intake_spent"
    again = destroy_run(Home(home), run, [], 0)
    assert again.intake == evidence.intake


def test_a_source_that_others_can_open_is_not_called_encrypted_always(home):
    intake, run = make(home), lease(home)
    claim(Home(home), intake.id, run, only_key=False, clock=CLOCK)
    evidence = destroy_run(Home(home), run.update(Home(home), intake_id=intake.id), [], 0)
    assert evidence.verification.complete()
    assert not evidence.intake.encrypted_always()


def test_an_identity_that_outlives_its_destruction_makes_the_destruction_incomplete(home, monkeypatch):
    intake, run = make(home), lease(home)
    claim(Home(home), intake.id, run, only_key=True, clock=CLOCK)
    monkeypatch.setattr("vault.keys.linux_keyring.KernelKeyring.destroy", lambda *_: None)
    evidence = destroy_run(Home(home), run.update(Home(home), intake_id=intake.id), [], 0)
    assert not evidence.verification.keyAbsent
    assert not evidence.intake.encrypted_always()


def test_a_run_leaves_alone_what_another_run_has_claimed_since(home):
    intake, first, second = make(home), lease(home), lease(home)
    first = first.update(Home(home), intake_id=intake.id)  # and died before the record knew it
    claim(Home(home), intake.id, second, only_key=True, clock=CLOCK)
    assert intake_of(Home(home), first) is None
    destroy_run(Home(home), first, [], 0)
    assert intake.key_state(Home(home)) is KeyState.PRESENT


def test_an_older_lease_is_still_read(home):
    import json

    run = lease(home)
    path = home / "runs" / run.run_id / "lease.json"
    raw = json.loads(path.read_text())
    for name in ("intake_id", "sealed_source"):
        del raw[name]
    path.write_text(json.dumps(raw))
    assert Lease.load(Home(home), run.run_id) == run


def test_the_one_who_makes_an_identity_holds_it_in_a_process_of_its_own(home, monkeypatch):
    """Nothing of the calling process reads the key back."""
    called: list[str] = []
    monkeypatch.setattr("vault.keys.linux_keyring.KernelKeyring.open", lambda *_: called.append("open"))
    assert make(home).recipient.startswith("age1")
    assert called == []
