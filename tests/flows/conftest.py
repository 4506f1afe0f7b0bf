"""What tests of whole runs share: one run whose proof grew, for it costs a whole run and an authority."""

from __future__ import annotations

import pytest
from grown_proof import GrownProof


@pytest.fixture(scope="session")
def grown(tmp_path_factory) -> GrownProof:
    return GrownProof(tmp_path_factory.mktemp("grown"))
