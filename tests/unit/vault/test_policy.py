"""Policies with witnesses, and the cosignatures they ask for."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ForkError, ProofError
from vault.ledger.log import FileLedger
from vault.ledger.notes import COSIGNATURE, Checkpoint, cosign_note, format_vkey, signers_of, split_note
from vault.ledger.policy import format_policy, parse_policy


def fixed_key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


LOG, OTHER = fixed_key(1), fixed_key(2)
WITNESSES = {f"w{n}.example": fixed_key(10 + n) for n in (1, 2, 3)}
VKEY = format_vkey("test.example/log", LOG.public_key().public_bytes_raw())
LINES = "".join(
    f"witness {name[:2]} {format_vkey(name, key.public_key().public_bytes_raw(), COSIGNATURE)}\n"
    for name, key in WITNESSES.items()
)


@pytest.fixture
def store(tmp_path) -> FileLedger:
    store = FileLedger(tmp_path, "test.example/log", LOG)
    store.append(0, [b"one"])
    return store


def cosigned(note: bytes, *names: str, time_s: int = 1_700_000_000) -> bytes:
    for name in names:
        note = cosign_note(note, name, WITNESSES[name], time_s)
    return note


@pytest.mark.parametrize(
    ("quorum", "names", "holds"),
    [
        ("quorum none", [], True),
        ("quorum w1", ["w1.example"], True),
        ("quorum w1", ["w2.example"], False),
        ("group g 2 w1 w2 w3\nquorum g", ["w1.example", "w3.example"], True),
        ("group g 2 w1 w2 w3\nquorum g", ["w3.example"], False),
        ("group g any w1 w2\ngroup h all g w3\nquorum h", ["w2.example", "w3.example"], True),
        ("group g any w1 w2\ngroup h all g w3\nquorum h", ["w1.example", "w2.example"], False),
    ],
)
def test_a_quorum(store, quorum, names, holds):
    policy = parse_policy(f"log {VKEY}\n{LINES}{quorum}\n")
    note = cosigned(store.checkpoint(), *names)
    if holds:
        assert policy.require(note) == [name[:2] for name in sorted(names)]
    else:
        with pytest.raises(ProofError, match="quorum_not_met"):
            policy.require(note)


def test_cosignatures_are_kept_until_the_next_head_and_only_for_this_one(store):
    before = store.checkpoint()
    note = cosigned(before, "w1.example")
    assert (store.cosign(note), store.cosign(note)) == (1, 0)
    assert store.checkpoint() == note
    assert store.head().size == 1
    store.append(1, [b"two"])
    assert len(split_note(store.checkpoint())[1]) == 1
    with pytest.raises(ForkError):
        store.cosign(note)


def test_a_false_cosignature_of_a_known_witness_is_refused_and_an_unknown_one_ignored(store):
    policy = parse_policy(f"log {VKEY}\n{LINES}quorum none\n")
    good = cosigned(store.checkpoint(), "w1.example")
    line = good.rsplit(b" ", 1)[1].strip()
    bad = good.replace(line, line[:40] + (b"A" if line[40:41] != b"A" else b"B") + line[41:])
    with pytest.raises(ProofError):
        policy.require(bad)
    unknown = cosign_note(store.checkpoint(), "nobody.example", OTHER, 1)
    assert policy.require(unknown) == []
    assert len(signers_of(unknown, [policy.log])) == 1


def test_the_plain_policy():
    assert parse_policy(format_policy(VKEY)).log.name == "test.example/log"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {VKEY}\n",
        "quorum none\n",
        f"log {VKEY}\nlog {VKEY}\nquorum none\n",
        f"log {VKEY}\nquorum w1\n",
        f"log {VKEY}\n{LINES}group g 4 w1 w2 w3\nquorum g\n",
        f"log {VKEY}\n{LINES}group g 0 w1\nquorum g\n",
        f"log {VKEY}\n{LINES}group g any w1 w1\nquorum g\n",
        f"log {VKEY}\n{LINES}group w1 any w2\nquorum w1\n",
        f"log {VKEY}\n{LINES}{LINES}quorum none\n",
        f"log {VKEY[:-4]}AAA=\nquorum none\n",
        f"witness w {VKEY}\nlog {VKEY}\nquorum none\n",
        f"log {VKEY}\nfrobnicate\nquorum none\n",
    ],
)
def test_policies_that_are_none(text):
    with pytest.raises(ProofError):
        parse_policy(text)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_foreign_bytes_are_refused_by_a_code(data):
    for read in (split_note, lambda d: Checkpoint.parse(d.decode("utf-8", "replace"))):
        try:
            read(data)
        except ProofError:
            continue
    try:
        parse_policy(data.decode("utf-8", "replace"))
    except ProofError:
        return
