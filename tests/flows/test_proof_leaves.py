"""Whoever holds the log's key alters one thing of a folder, anything, and signs it all anew: refused, or named as unbound."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from grown_proof import Files, GrownProof

from flows.lifecycle.confirmation import ImportState, confirm, draft_acceptance
from flows.lifecycle.proof import refresh_proof
from flows.session.control import Control
from trial.home import P12_PASSWORD
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.instruction.signing import load_p12, sign_cades
from vault.ledger.home_log import load_log_key, open_store
from vault.pki.signed_document import detached
from vault.pki.timestamps import Stamps
from vault.proof.full_verifier import verify_fully
from vault.proof.statements import envelope
from vault.verify import ERASED, LATER, LOOSE, PAGES, read_folder, verify

pytestmark = pytest.mark.slow
NAMED = {
    "README.txt": LOOSE,
    "policy.txt": LOOSE,
    "tsa-chain.pem": LOOSE,
    "certificate.html": PAGES,
    "certificate.pdf": PAGES,
    "checkpoint.tsr": "a time stamp: ",
    "authorisation/instruction.json.p7s.tsr": "a time stamp: ",
}
"""The files that the stand-alone verifier does not hold to anything, and with which words it says so."""
REMOVABLE = {
    "README.txt": LOOSE,
    "policy.txt": LOOSE,
    "tsa-chain.pem": LOOSE,
    f"{'authorisation/instruction.json.p7s'}.tsr": LATER,
}


@pytest.fixture(scope="module")
def accepted(grown, tmp_path_factory) -> tuple[GrownProof, Files]:
    """In a copy of the home: the package was accepted, with a signature; the head after that is stamped."""
    home = Path(shutil.copytree(grown.case.home, tmp_path_factory.mktemp("accepted") / "home"))
    document = draft_acceptance(Home(home), grown.case.run_id)
    signer = load_p12((grown.case.folder / "doctor.p12").read_bytes(), P12_PASSWORD)
    signed = detached(document, [sign_cades(document, signer)])
    folder = confirm(Control.open(Home(home), "trial"), grown.case.run_id, ImportState.ACCEPTED, signed)
    store, stamps = open_store(Home(home)), Stamps(Home(home).stamps, Home(home).trust)
    request = stamps.request(store.head().size, store.checkpoint())
    stamps.accept(grown.authority.answer(request), datetime.now(UTC))
    refresh_proof(Home(home), grown.case.run_id)
    return grown, read_folder(folder)


def altered(value: Any) -> Iterator[Any]:
    """The value with each of its leaves changed in turn, each key or element left out, and one more of them.

    Of a long list the first two elements and the last.
    """
    if isinstance(value, dict):
        for name, held in value.items():
            yield from ({**value, name: other} for other in altered(held))
            yield {kept: value[kept] for kept in value if kept != name}
        yield {**value, "more": 1}
    elif isinstance(value, list):
        for at in sorted({0, 1, len(value) - 1} & set(range(len(value)))):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in altered(value[at]))
            yield [*value[:at], *value[at + 1 :]]
        yield [*value, value[-1] if value else 1]
    elif isinstance(value, bool) or value is None:
        yield not value
    elif isinstance(value, int):
        yield value + 1
    else:
        yield f"{value}x"
        yield ""


def resealed(p: GrownProof, name: str, files: Files) -> Iterator[Files]:
    """The folder with each change of a JSON file: a statement signed anew, the manifest over all."""
    key, key_id = load_log_key(Home(p.case.home)), open_store(Home(p.case.home)).vkey.split("+")[1]
    body = json.loads(files[name])
    yield from (p.sealed({name: canonical_json(other)}, files) for other in altered(body))
    if name.startswith("statements/"):
        payload = json.loads(base64.b64decode(body["payload"]))
        yield from (
            p.sealed({name: envelope(canonical_json(other), key, key_id)}, files)
            for other in altered(payload)
        )


def test_every_leaf_of_every_json(accepted):
    proof, files = accepted
    names = [name for name in files if name.endswith(".json") and name != "manifest.json"]
    assert len(names) > 15
    tried = 0
    for name in names:
        for made in resealed(proof, name, files):
            assert verify(made, proof.policy)[0] in (91, 93), (name, made[name])
            tried += 1
    assert tried > 1000


def test_every_leaf_of_the_manifest(accepted):
    from test_proof_attacks import remanifested

    proof, files = accepted
    held = GrownProof.__new__(GrownProof)
    held.__dict__ = {**proof.__dict__, "files": files}
    for other in altered(json.loads(files["manifest.json"])):
        made = remanifested(held, lambda body, o=other: (body.clear(), body.update(o)))
        assert verify(made, proof.policy)[0] in (91, 93), other


def changed(data: bytes) -> Iterator[bytes]:
    yield from (b"", data + b"\n", data[:-1], b"x" + data)
    for at in range(0, len(data), max(1, len(data) // 12)):
        yield data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_every_other_file(accepted):
    """Refused, or the words say that nothing binds it; the full verifier holds the pages too."""
    proof, files = accepted
    roots, unbound = [(proof.case.folder / "ca/root.pem").read_bytes()], set()
    stamps = [(proof.authority.folder / "root.pem").read_bytes()]
    for name, data in files.items():
        if name.endswith(".json") or name == "manifest.sig":
            continue
        for other in changed(data):
            made = proof.sealed({name: other}, files)
            code, words = verify(made, proof.policy)
            if code in (91, 93):
                continue
            assert any(NAMED[name] in line for line in words if line.startswith("Not checked here")), name
            unbound.add(name)
            if NAMED[name] == PAGES:
                assert verify_fully(made, proof.policy, roots, stamps).exit == 91, name
    assert unbound == set(NAMED)
    for name in files:
        made = proof.sealed({name: None}, files)
        code, words = verify(made, proof.policy)
        assert code in (91, 93) or (
            REMOVABLE.get(name, "-") in "".join(words) or name.startswith("manifest.")
        ), name


def test_what_can_be_left_out_is_named(accepted):
    proof, files = accepted
    earlier = {n: None for n in files if n.startswith(("heads/", "consistency/"))}
    code, words = verify(proof.sealed(earlier, files), proof.policy)
    assert (code, f"Not checked here: {LATER}" in words) == (0, True)
    inside = {n: None for n in files if n.startswith("authorisation/")}
    code, words = verify(proof.sealed(inside, files), proof.policy)
    assert (code, f"Not checked here: {ERASED}" in words) == (0, True)


def test_an_accepted_import_is_accepted_with_roots(accepted):
    proof, files = accepted
    roots = [(proof.case.folder / "ca/root.pem").read_bytes()]
    stamps = [(proof.authority.folder / "root.pem").read_bytes()]
    found = verify_fully(files, proof.policy, roots, stamps)
    assert (found.exit, found.trial, found.version) == (0, True, 2), found.words
    assert any(line.startswith("What was delivered was accepted") for line in found.checked)
    assert found.not_checked == [LOOSE, LATER]
    assert "TRIAL" in found.verdict
    assert "doctor's" not in "\n".join(found.checked)
