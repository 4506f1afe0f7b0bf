"""An authorisation put forward again: after its use, in another's place, after a withdrawal, with older files put back."""

from __future__ import annotations

import secrets
import shutil

import pytest
from signed_bench import Bench
from test_moved_clock import lease_of

from schemas.errors import RefusedError
from trial.authority import sign_cades
from vault.authorisation.check import claim, withdraw
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.ledger.audit import audit
from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.home_log import open_store
from vault.ledger.notes import VerifierKey
from vault.pki.signed_document import detached
from vault.system.clock import SystemClock

BY = {"operator": commit(b"a", "b", "c", b"d")}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("replay"))


def refused(bench: Bench, code: str, exit_code: int, **changes) -> None:
    with pytest.raises(RefusedError) as refusal:
        bench.check(**changes)
    assert (refusal.value.code, refusal.value.exit_code) == (code, exit_code)


def used(bench: Bench, run: str) -> tuple[dict, str]:
    """An instruction for one migration, and its id, after that migration ended with its certificate."""
    fields = {**bench.fields, "nonce": secrets.token_hex(16), "uses": {"migration": 1}}
    document = draft(fields)
    made = bench.check(**fields)
    lease = lease_of(bench.home, SystemClock())
    shutil.rmtree(bench.home / "runs" / lease.run_id)
    lease_of(bench.home, SystemClock()).update(Home(bench.home), run_id=run, authorisation_id=made.id)
    p7s = sign_cades(document, bench.doctor, bench.authority)
    claim(Home(bench.home), made, detached(document, [p7s]), run)
    return fields, made.id


def test_the_same_again(bench):
    fields, _ = used(bench, "run")
    refused(bench, "use_held", 13, **fields)  # the run waits, and may give it back
    certified(bench, "run")
    refused(bench, "use_exhausted", 13, **fields)


def certified(bench: Bench, run: str) -> None:
    (bench.home / "runs" / run / "proof").mkdir()
    (bench.home / "runs" / run / "proof/manifest.json").write_bytes(b"{}")


def test_the_same_again_with_an_older_state_put_back(bench):
    """The count of uses is gone, the certified run is not."""
    fields, authorisation_id = used(bench, "run")
    certified(bench, "run")
    shutil.rmtree(bench.home / "authorisations" / authorisation_id)
    refused(bench, "use_exhausted", 13, **fields)


def test_the_same_again_with_the_whole_home_put_back_shows_to_whoever_kept_a_head(bench, tmp_path):
    """The older home lets it pass, and cannot know; every certificate carries the head that it lacks."""
    shutil.copytree(bench.home, tmp_path / "backup")
    fields, _ = used(bench, "run")
    Ledger(open_store(Home(bench.home)), SystemClock()).record(
        EntryType.RUN_FAILED, "run", "x", commitments=BY
    )
    kept = open_store(Home(bench.home)).head()
    shutil.rmtree(bench.home)
    shutil.copytree(tmp_path / "backup", bench.home)
    bench.check(**fields)
    verifier = VerifierKey.parse(open_store(Home(bench.home)).vkey)
    assert audit(bench.home / "ledger", verifier, SystemClock().now(), (kept,)) == ["log_shorter_than_head"]


def test_a_signature_of_another_instruction(bench):
    """One signed, the other used."""
    signed = draft({**bench.fields, "nonce": secrets.token_hex(16)})
    other = draft({**bench.fields, "nonce": secrets.token_hex(16)})
    p7s = sign_cades(signed, bench.doctor, bench.authority)
    refused(bench, "document_altered", 10, document=other, signatures=[p7s])


def test_after_its_withdrawal(bench):
    fields, authorisation_id = used(bench, "run")
    withdraw(Home(bench.home), authorisation_id, {})
    refused(bench, "withdrawn", 10, **fields)


def test_under_another_nonce(bench):
    """The same text with a fresh number is another document, which nobody signed."""
    signed = draft(bench.fields)
    p7s = sign_cades(signed, bench.doctor, bench.authority)
    again = signed.replace(bench.fields["nonce"].encode(), secrets.token_hex(16).encode())
    refused(bench, "readable_text_differs", 10, document=again, signatures=[p7s])
