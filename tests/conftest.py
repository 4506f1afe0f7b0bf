"""What all tests share: the reference material, and where it is missing, the reason for a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from judge_here import JudgeHere
from lxml import etree

import flows.carry

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of samples, schemas and vectors; `REPRISE_SHARED` overrides it."""
    folder = Path(os.environ.get("REPRISE_SHARED", ROOT.parent / "shared"))
    if not (folder / "samples").is_dir():
        pytest.skip(f"reference material missing: {folder.name}/samples (set REPRISE_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def host_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this host remembers of homes lies in the tests' own folder (a trial home's lies beside it anyway)."""
    folder = tmp_path_factory.mktemp("state")
    os.environ["REPRISE_STATE"] = str(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def one_judge() -> Iterator[None]:
    """Runs that tests carry here load Great Expectations once; commands and child processes start a process for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows.carry, "ContractJudge", JudgeHere)
        yield


@pytest.fixture(scope="session")
def schemas(shared: Path) -> list[etree.XMLSchema]:
    """The official schemas of both releases."""
    paths = [
        shared / "xsd" / f"kmehr-{v}" / "ehealth-kmehr" / "XSD" / f"kmehr_elements-{v}.xsd"
        for v in ("1_7", "1_43")
    ]
    return [etree.XMLSchema(etree.parse(str(path))) for path in paths]
