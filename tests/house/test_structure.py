"""The house rules that neither ruff nor import-linter knows: size of functions, names, and the face of each room."""

from __future__ import annotations

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("flows", "connectors", "schemas", "vault", "trial", "dashboard")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
ROOMS = sorted(
    path.parent
    for package in ("flows", "vault", "connectors/sources", "connectors/inventory")
    for path in (ROOT / package).glob("*/__init__.py")
    if path.parent.name not in ("commands", "drafting")
)


def test_functions_stay_small() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []


def test_the_verifier_that_is_taken_alone_stays_readable() -> None:
    assert len((ROOT / "vault/verify.py").read_text(encoding="utf-8").splitlines()) <= 640


def test_no_drawer_for_everything() -> None:
    forbidden = {"utils", "common", "helpers", "manager", "misc"}
    assert not [path for path in MODULES if path.stem.lstrip("_") in forbidden]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_resolve_inside_the_project(package: str) -> None:
    module = importlib.import_module(package)
    assert Path(str(module.__file__)).resolve().is_relative_to(ROOT)


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_names_its_face(room: Path) -> None:
    """`__all__` and the docstring name every module that other rooms may import; the others begin with an underscore."""
    module = importlib.import_module(".".join(room.relative_to(ROOT).parts))
    public = [path.stem for path in room.glob("*.py") if not path.stem.startswith("_")]
    assert module.__all__ == sorted(public)
    assert [name for name in public if f"* `{name}`: " not in str(module.__doc__)] == []


def test_the_internals_of_rooms_are_protected() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    listed = {name for one in contracts if one["type"] == "protected" for name in one["protected_modules"]}
    internal = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ROOMS
        for path in room.glob("_*.py")
        if path.stem != "__init__"
    }
    assert internal <= listed


def test_the_architecture_page_says_what_each_room_says_of_itself() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for room in (room for room in ROOMS if "connectors" not in room.parts):
        doc = importlib.import_module(".".join(room.relative_to(ROOT).parts)).__doc__ or ""
        assert f"| `{room.name}/` | {doc.splitlines()[0].rstrip('.')} |" in page
