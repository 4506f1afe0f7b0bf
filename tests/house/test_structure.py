"""The house rules that no linter knows: sizes, names, and that rooms are ours."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("flows", "connectors", "schemas", "vault", "dashboard")
LONGER = {"vault/verify.py": 600}
"""One readable file, which whoever checks a proof takes alone."""
MODULES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGER.get(str(path.relative_to(ROOT)), 400)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno + 1 <= 60, node.name


def test_no_drawer_for_everything() -> None:
    forbidden = {"utils", "common", "helpers", "manager", "misc"}
    assert not [p for p in MODULES if p.stem in forbidden]


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_resolve_inside_the_project(room: str) -> None:
    module = importlib.import_module(room)
    assert Path(str(module.__file__)).resolve().is_relative_to(ROOT)


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("duckdb", lambda p: p.parent.name in {"flows", "steps"} and p.stem in {"duck", "reconcile"}),
        ("great_expectations", lambda p: p.stem == "check_contracts"),
        ("prefect", lambda p: p.parent == ROOT / "flows"),
        (
            "fsspec",
            lambda p: p.parent == ROOT / "flows" and p.stem in {"quiet_servers", "s3_server", "sftp_server"},
        ),
        ("paramiko", lambda p: p == ROOT / "flows" / "sftp_server.py"),
        *(
            (library, lambda p: p == ROOT / "flows" / "s3_server.py")
            for library in ("s3fs", "botocore", "aiobotocore", "aiohttp")
        ),
        ("cryptography", lambda p: p.is_relative_to(ROOT / "vault")),
    ],
)
def test_libraries_stay_in_their_room(library, allowed) -> None:
    users = [p for p in MODULES if any(i == library or i.startswith(library + ".") for i in _imports(p))]
    assert users
    assert [p for p in users if not allowed(p)] == []
