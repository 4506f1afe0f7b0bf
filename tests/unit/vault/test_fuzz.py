"""Foreign bytes at every parser: changed valid objects, and all that fuzzing ever found (docs/fuzzing.md)."""

from __future__ import annotations

import zlib
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import folder, seeds
from fuzz.targets import TARGETS
from vault.age.sealing import seal_bytes
from vault.home.restore import restore_backup
from vault.home_folder import Home
from vault.instruction.document import parse
from vault.instruction.signed_page import open_pdf
from vault.pki.cms import check_signature
from vault.pki.trust_store import TrustStore
from vault.system.clock import SystemClock
from vault.verify import verify

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "fuzz"
FOUND = sorted(path for path in VECTORS.rglob("*") if path.is_file())
EXAMPLES = {"cms": 120, "trust_material": 200, "age": 200, "ledger": 200, "tree_note": 200, "backup": 60}


@pytest.mark.parametrize("name", TARGETS)
def test_changed_objects(name):
    target, objects = TARGETS[name], TARGETS[name].seeds()
    for valid in objects:
        target.check(valid)

    @settings(max_examples=EXAMPLES.get(name, 400), derandomize=True, deadline=None, database=None)
    @given(st.integers(0, 1 << 32))
    def changed(seed):
        chance = Random(seed)
        data = chance.choice(objects)
        for _ in range(chance.randint(1, 3)):
            data = target.mutate(data, chance)
        target.check(data)

    changed()


def test_what_is_changed_was_good(tmp_path):
    """Else nothing behind the first check would ever be reached."""
    assert verify(folder.good(), seeds.POLICY)[0] == 0
    assert parse(seeds.document()).language == "nl"
    (one,) = open_pdf(seeds.page()).signatures
    for over, p7s in ((seeds.document(), seeds.signature()), (one.over, one.cms)):
        check_signature(
            over, p7s, TrustStore.load(Home(seeds.home()).trust), trial_home=True, moment=seeds.NOW
        )
    (tmp_path / "sealed").write_bytes(seal_bytes([seeds.identity()[1]], seeds.backup()))
    told = restore_backup(
        tmp_path / "sealed", seeds.identity()[0], Home(tmp_path / "home"), SystemClock(), "one"
    )
    assert told["size"] == 1


@pytest.mark.parametrize("name", TARGETS)
def test_bytes_of_no_kind(name):
    @settings(max_examples=40, derandomize=True, deadline=None, database=None)
    @given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "ignore")))
    def foreign(data):
        TARGETS[name].check(data)

    foreign()


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_stays_mended(path):
    data = path.read_bytes()
    TARGETS[path.parent.name].check(zlib.decompress(data) if path.suffix == ".zlib" else data)


def test_vectors_are_of_targets_that_exist():
    assert {path.parent.name for path in FOUND} <= set(TARGETS)
    assert len(FOUND) >= 30
