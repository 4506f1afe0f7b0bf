"""The table of attacks is true: each test named is there, each exit code is documented."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/attacks.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [
    line.split("|")[1:-1]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| attack")
]


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_every_test_named_exists(path, name):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_attack_has_its_test_and_its_exit_code():
    codes = (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8")
    assert len(ROWS) > 25
    for attack, _, exits, test in ROWS:
        assert "::test_" in test or "threat-model.md" in test, attack
        for code in re.findall(r"\d+", exits):
            assert f"\n| {code} |" in codes, attack
