"""Trees and proofs against the public vectors of transparency-dev/merkle and the golden log of Tessera."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from vault import verify as standalone
from vault.ledger.merkle import (
    LeafList,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from vault.ledger.notes import Checkpoint, VerifierKey, open_note
from vault.ledger.tiles import parse_bundle, tile_path


def raw(text: str | None) -> bytes:
    return base64.b64decode(text) if text else b""


def test_inclusion_vectors(shared):
    paths = sorted((shared / "vectors" / "merkle" / "inclusion").rglob("*.json"))
    assert len(paths) == 98
    for path in paths:
        v = json.loads(path.read_text())
        arguments = (
            v["leafIdx"],
            v["treeSize"],
            raw(v["leafHash"]),
            [raw(p) for p in v["proof"] or []],
            raw(v["root"]),
        )
        assert verify_inclusion(*arguments) is not v["wantErr"], path.name
        assert standalone.included(*arguments) is not v["wantErr"], path.name


def test_consistency_vectors(shared):
    paths = sorted((shared / "vectors" / "merkle" / "consistency").rglob("*.json"))
    assert len(paths) == 98
    for path in paths:
        v = json.loads(path.read_text())
        proof = [raw(p) for p in v["proof"] or []]
        found = verify_consistency(v["size1"], v["size2"], proof, raw(v["root1"]), raw(v["root2"]))
        assert found is not v["wantErr"], path.name


def test_golden_log(shared):
    folder = shared / "vectors" / "tlog-golden"
    folder = next(p.parent for p in folder.rglob("checkpoint"))
    key = VerifierKey.parse("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    head = Checkpoint.parse(open_note((folder / "checkpoint").read_bytes(), key))
    entries = parse_bundle((folder / tile_path("entries", 0, head.size)).read_bytes())
    assert root_hash([leaf_hash(e) for e in entries]) == head.root


@given(st.integers(1, 200), st.data())
def test_every_proof_of_a_tree_holds_and_no_other(size, data):
    leaves = [leaf_hash(str(i).encode()) for i in range(size)]
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    root = root_hash(leaves)
    proof = prove_inclusion(index, LeafList(leaves))
    assert verify_inclusion(index, size, leaves[index], proof, root)
    assert not verify_inclusion(index, size, leaf_hash(b"other"), proof, root)
    assert verify_consistency(
        old, size, prove_consistency(old, LeafList(leaves)), root_hash(leaves[:old]), root
    )
