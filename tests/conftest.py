"""What all tests share: the reference material, and where it is missing, the reason for a skip."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from lxml import etree
from support.forked_python import fork_children
from support.reference import REFERENCE

import vault.system.child_process

if os.environ.get("REPRISE_RECORD_PROOFS"):  # before a test module takes the verifier by its name
    from support.page_verifier import record_into

    record_into(Path(os.environ["REPRISE_RECORD_PROOFS"]))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of samples, schemas and vectors; `REPRISE_SHARED` overrides it."""
    if not (REFERENCE / "samples").is_dir():
        pytest.skip(f"reference material missing: {REFERENCE.name}/samples (set REPRISE_SHARED)")
    return REFERENCE


@pytest.fixture(scope="session", autouse=True)
def host_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this host remembers of homes lies in the tests' own folder (a trial home's lies beside it anyway)."""
    folder = tmp_path_factory.mktemp("state")
    os.environ["REPRISE_STATE"] = str(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def forked_children() -> None:
    """Runs that tests carry here fork their children from a process that has loaded everything; commands start theirs."""
    fork_children()


@pytest.fixture(autouse=True)
def cold_children(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test marked `cold` starts its children as the product does."""
    if request.node.get_closest_marker("cold"):
        monkeypatch.setattr(vault.system.child_process, "subprocess", subprocess)


@pytest.fixture(scope="session")
def schemas(shared: Path) -> list[etree.XMLSchema]:
    """The official schemas of both releases."""
    paths = [
        shared / "xsd" / f"kmehr-{v}" / "ehealth-kmehr" / "XSD" / f"kmehr_elements-{v}.xsd"
        for v in ("1_7", "1_43")
    ]
    return [etree.XMLSchema(etree.parse(str(path))) for path in paths]
