"""A proof folder issued anew: stamps that openssl confirms, growth that needs no trust, and the full verifier's words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from grown_proof import GrownProof
from support.stamp_authority import Authority, openssl

from flows.admin.erasure import erase_subject, list_subjects
from flows.lifecycle.proof import refresh_proof
from flows.session.control import Control
from schemas.errors import ForkError, TrustError, UnreadableSourceError
from trial.authority import TrialAuthority, pem
from vault.authorisation.signature_stamps import accept_stamp, stamp_requests
from vault.home_folder import Home
from vault.ledger.home_log import open_store
from vault.ledger.merkle import verify_consistency
from vault.ledger.notes import Checkpoint, split_note
from vault.proof.full_verifier import verify_fully
from vault.verify import ERASED, LATER, LOOSE, read_folder, verify

pytestmark = pytest.mark.slow


def body(note: bytes) -> Checkpoint:
    return Checkpoint.parse(split_note(note)[0])


def roots(grown: GrownProof) -> list[bytes]:
    return [(grown.case.folder / "ca/root.pem").read_bytes()]


def tsa(grown: GrownProof) -> list[bytes]:
    return [(grown.authority.folder / "root.pem").read_bytes()]


def test_the_folder_issued_anew_tells_the_same_run_under_a_later_head(grown):
    assert grown.told["stamped"] is True
    assert (grown.told["signatures_stamped"], grown.told["earlier_heads"]) == (1, 1)
    assert grown.first_size < grown.size < open_store(Home(grown.case.home)).head().size
    same = [n for n in grown.first if n.startswith(("entries/", "statements/", "inventory", "policy"))]
    assert len(same) > 8
    assert all(grown.first[name] == grown.files[name] for name in same)
    code, words = verify(grown.files, grown.policy)
    assert code == 0, words
    root = grown.first["checkpoint"].decode().split("\n")[2]
    assert (
        f"grew from {grown.first_size} entries (root {root}) to {grown.size} without a rewrite"
        in "\n".join(words)
    )
    assert verify(grown.first, grown.policy)[0] == 0  # what was handed out before stays good


def test_openssl_confirms_the_stamps_and_another_program_the_growth(grown):
    for stamped in ("checkpoint", "authorisation/instruction.json.p7s"):
        files = ["-data", grown.folder / stamped, "-in", grown.folder / f"{stamped}.tsr"]
        openssl("ts", "-verify", *files, "-CAfile", grown.authority.folder / "root.pem")
        openssl("ts", "-verify", *files, "-CAfile", grown.folder / "tsa-chain.pem")
    old, new = body(grown.first["checkpoint"]), body(grown.files["checkpoint"])
    lines = grown.files[f"consistency/{old.size}-{new.size}.txt"].decode().split()
    proof = [base64.b64decode(line) for line in lines]
    assert verify_consistency(old.size, new.size, proof, old.root, new.root)
    assert not verify_consistency(old.size, new.size, proof, new.root, new.root)


def test_the_salt_opens_the_commitment_as_the_readme_says(grown):
    salt = base64.b64decode(grown.files["authorisation/salt.b64"])
    digest = hashlib.sha256(grown.files["authorisation/instruction.json"]).digest()
    opened = hmac.new(salt, b"proof/v1/authorisation.checked/instruction\0" + digest, "sha256").digest()
    entry = json.loads(
        next(d for n, d in grown.files.items() if b"authorisation.checked" in d and "entries" in n)
    )
    assert entry["c"]["authorisation"] == base64.b64encode(opened).decode()
    assert b"proof/v1/authorisation.checked/instruction" in grown.files["README.txt"]


def test_a_kept_head_is_led_to_the_present_one_and_a_strange_one_is_not(grown, tmp_path):
    kept = tmp_path / "kept"
    kept.write_bytes(grown.first["checkpoint"])
    told = json.loads(
        grown.run("ledger", "consistency", "--head", str(kept), "--to", str(tmp_path / "p"), "--json")
    )
    old, new = body(kept.read_bytes()), body((tmp_path / "p.checkpoint").read_bytes())
    assert (told["from"], told["to"]) == (old.size, new.size)
    proof = [base64.b64decode(line) for line in (tmp_path / "p").read_text().split()]
    assert verify_consistency(old.size, new.size, proof, old.root, new.root)
    kept.write_bytes(grown.signed_head(old.size, base64.b64encode(b"r" * 32).decode()))
    done = grown.case.reprise("ledger", "consistency", "--head", str(kept), "--to", str(tmp_path / "q"))
    assert (done.returncode, "log_differs_from_head" in done.stderr) == (ForkError.exit_code, True)


def test_a_cosignature_is_taken_in_only_over_this_head(grown, tmp_path):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from vault.ledger.notes import cosign_note

    witness, note = Ed25519PrivateKey.generate(), tmp_path / "note"
    home = shutil.copytree(grown.case.home, tmp_path / "home")
    note.write_bytes(cosign_note(open_store(Home(home)).checkpoint(), "w.example", witness, 1_800_000_000))
    assert grown.run("ledger", "cosign", str(note), "--home", str(home), "--json") == '{"added": 1}'
    assert b"w.example" in open_store(Home(home)).checkpoint()
    note.write_bytes(cosign_note(grown.first["checkpoint"], "w.example", witness, 1_800_000_000))
    assert (
        grown.case.reprise("ledger", "cosign", str(note), "--home", str(home)).returncode
        == ForkError.exit_code
    )


def test_with_roots_the_signature_and_the_stamps_are_checked(grown):
    found = verify_fully(grown.folder, grown.policy, roots(grown), tsa(grown))
    assert found.exit == 0, found.words
    told = "\n".join(found.checked)
    assert "carries 1 signature(s)" in told
    assert "valid and not revoked at" in told
    assert 'A signature by "Dr' in told
    assert "enrolled as INAMI 11234578 (controller): two operators of the site attest that" in told
    assert "The page and the paper are what certificate.json makes, to the byte." in told
    assert told.count("A time-stamp authority under a root you gave saw") == 2
    assert found.not_checked == [LOOSE, LATER]
    assert any("no other copy exists" in line for line in found.not_provable)
    assert any("two operators attested" in line for line in found.not_provable)


def test_without_roots_the_words_say_so_and_the_exit_code_stays(grown):
    found = verify_fully(grown.folder, grown.policy, [], [])
    assert found.exit == 0
    assert "recorded as checked, not checked here, for no roots were given" in found.not_checked[0]
    assert sum("--tsa-roots" in line and "openssl ts -verify" in line for line in found.not_checked) == 2
    assert not any("signature(s)" in line or "A signature by" in line for line in found.checked)
    assert verify_fully(grown.folder, None, roots(grown), tsa(grown)).exit == 92


def test_a_signature_or_stamp_that_does_not_hold_is_refused(grown, tmp_path):
    strange = [pem(TrialAuthority("Stranger").root.certificate)]
    other_tsa = [(Authority(tmp_path / "other").folder / "root.pem").read_bytes()]
    for given, stamps, code in ((strange, [], "unknown_root"), ([], other_tsa, "stamp_untrusted")):
        found = verify_fully(grown.folder, grown.policy, given, stamps)
        assert (found.exit, found.verdict) == (91, f"REFUSED: {code}")
    with pytest.raises(TrustError, match="trust_material_malformed"):
        verify_fully(grown.folder, grown.policy, [b"no certificate"], [])


@pytest.mark.parametrize(
    "change",
    [
        {"authorisation/instruction.json.p7s": b"0"},
        {"authorisation/instruction.json.p7s": None},
        {"authorisation/crls-trial-citizen.crl": None},
        {"authorisation/signers.json": b"{}"},
        {"authorisation/ocsps-more": b"0"},
    ],
)
def test_a_folder_that_the_log_key_signed_around_another_signature(grown, change):
    """The ledger commits to every file that was checked before the run."""
    made = grown.sealed(change, grown.first)
    assert verify(made, grown.policy) == (91, ["REFUSED: signatures_not_the_recorded_ones"])


def test_the_command_tells_a_program_too(grown):
    words = ["verify", str(grown.folder), "--policy", grown.case.made["policy"], "--json"]
    told = json.loads(grown.run(*words, "--roots", str(grown.case.folder / "ca/root.pem")))
    assert (told["exit"], told["run"]) == (0, grown.case.run_id)
    assert {"checked", "not_checked", "not_provable", "words"} <= set(told)
    done = grown.case.reprise(*words, "--roots", str(grown.authority.folder / "root.pem"))
    assert (done.returncode, "unknown_root" in done.stdout) == (91, True)


def test_what_is_given_as_roots_holds_some_or_is_refused(grown, tmp_path):
    """A revocation list begins as a certificate does; an intermediate is none; neither makes a true proof a false one."""
    ca = grown.case.folder / "ca"
    words = ["verify", str(grown.folder), "--policy", grown.case.made["policy"], "--json", "--roots"]
    assert {"root.pem", "intermediate.pem", "root.crl"} <= {path.name for path in ca.iterdir()}
    assert "carries 1 signature(s)" in "".join(json.loads(grown.run(*words, str(ca)))["checked"])
    (tmp_path / "empty").mkdir()
    for given in (tmp_path / "empty", ca / "root.crl"):
        done = grown.case.reprise(*words, str(given))
        told = json.loads(done.stdout.splitlines()[-1])
        assert (done.returncode, told["error"]) == (11, "trust_material_malformed")


def test_stamps_of_something_else_are_refused(grown, tmp_path):
    home, now = grown.case.home, datetime.now(UTC)
    assert stamp_requests(Home(home), grown.id) == {}
    with pytest.raises(TrustError, match="stamp_of_nothing_here"):
        accept_stamp(Home(home), grown.id, grown.files["checkpoint.tsr"], now)
    with pytest.raises(TrustError, match="clock_differs"):
        own = grown.files["authorisation/instruction.json.p7s.tsr"]
        accept_stamp(Home(home), grown.id, own, now.replace(year=now.year - 1))
    with pytest.raises(UnreadableSourceError, match="no_such_run"):
        refresh_proof(Home(home), "00000000")


def test_after_the_doctor_is_erased_the_folder_says_what_it_no_longer_shows(grown, tmp_path):
    """In a copy of the home: it is issued anew without what named the doctor, and still leads from its first head."""
    home = Path(shutil.copytree(grown.case.home, tmp_path / "home"))
    with (home / "site.toml").open("a") as settings:
        settings.write("proof_retention_days = 0\n")
    (doctor,) = [
        s["subject"] for s in list_subjects(Control.open_to_look(Home(home))) if s["kind"] == "doctor"
    ]
    erase_subject(Control.open(Home(home), "trial"), doctor)
    folder = home / "runs" / grown.case.run_id / "proof"
    for _ in range(2):  # as stripped, and as issued anew
        files = read_folder(folder)
        assert not any(name.startswith("authorisation/") for name in files)
        assert {"checkpoint.tsr", f"heads/{grown.first_size}.checkpoint"} <= set(files)
        code, words = verify(folder, grown.policy)
        assert code == 0, words
        assert f"Not checked here: {ERASED}" in words
        found = verify_fully(folder, grown.policy, roots(grown), tsa(grown))
        assert (found.exit, found.not_checked) == (0, [ERASED, LOOSE, LATER])
        refresh_proof(Home(home), grown.case.run_id)
