"""What tests of whole runs share: a small practice, a run that died, and one run whose proof grew, which is costly."""

from __future__ import annotations

from pathlib import Path

import pytest
from grown_proof import GrownProof
from support.whole_run import WholeRun

from trial.practice.write import write_practice


@pytest.fixture(scope="module")
def practice(tmp_path_factory) -> Path:
    """The export of a practice of six patients."""
    folder = tmp_path_factory.mktemp("practice") / "export"
    write_practice(folder, patients=6)
    return folder


@pytest.fixture
def crashed(practice, tmp_path) -> WholeRun:
    """A run whose both processes were killed after extraction."""
    case = WholeRun(tmp_path / "trial", practice)
    case.start_apart({"who": "control", "at": "step", "name": "extract"})
    assert any((case.home / "staging").iterdir())
    return case


@pytest.fixture(scope="session")
def grown(tmp_path_factory) -> GrownProof:
    return GrownProof(tmp_path_factory.mktemp("grown"))
