"""Where the samples, schemas and vectors are that the project does not hold: `REPRISE_SHARED`, else `shared` beside the project."""

from __future__ import annotations

import os
from pathlib import Path

REFERENCE = Path(os.environ.get("REPRISE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
