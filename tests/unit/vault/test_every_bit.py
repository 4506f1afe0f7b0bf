"""Every bit of every file of a log, one at a time: each flip shows in its audit.

One run of four entries, each appended by itself, so that there are bundles and tiles of every width below. `make bits`
does the same with a log of two runs.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from test_ledger_attacks import NOW, WHOLE, faults, open_log, record

from schemas.errors import ProofError
from vault.ledger.audit import audit
from vault.ledger.notes import COSIGNATURE, VerifierKey, cosign_note, format_vkey
from vault.ledger.policy import parse_policy

RUNS = ("r1", "r2") if os.environ.get("REPRISE_EVERY_BIT") else ("r1",)
WITNESS = Ed25519PrivateKey.generate()


@pytest.fixture
def log(tmp_path) -> Path:
    for run in RUNS:
        record(open_log(tmp_path / "log"), run, *WHOLE)
    return tmp_path / "log"


def flips(data: bytes):
    for at in range(len(data)):
        for bit in range(8):
            yield at, bit, data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def test_every_bit_of_every_file(log):
    verifier, tried = VerifierKey.parse(open_log(log).store.vkey), 0
    files = sorted(p for p in log.rglob("*") if p.is_file() and p.name != ".lock")
    for path in files:
        data = path.read_bytes()
        for at, bit, flipped in flips(data):
            path.write_bytes(flipped)
            assert audit(log, verifier, NOW), (path.name, at, bit)
            tried += 1
        path.write_bytes(data)
    assert tried == 8 * sum(path.stat().st_size for path in files) > 15_000
    assert faults(log) == []
    print(f"{tried} bits of {len(files)} files flipped, each seen")


def test_every_bit_of_a_cosigned_head(log):
    """A witness's line is nothing to whoever has not its key (C2SP signed-note); whoever has, sees every bit of it."""
    store = open_log(log).store
    store.cosign(cosign_note(store.checkpoint(), "w.example", WITNESS, 1_800_000_000))
    witness = format_vkey("w.example", WITNESS.public_key().public_bytes_raw(), COSIGNATURE)
    policy = parse_policy(f"log {store.vkey}\nwitness w {witness}\nquorum w\n")
    note = (log / "checkpoint").read_bytes()
    assert policy.require(note) == ["w"]
    for at, bit, flipped in flips(note):
        with pytest.raises(ProofError):
            policy.require(flipped)
            pytest.fail(f"byte {at} bit {bit}")
