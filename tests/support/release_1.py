"""What the first release left behind (`tests/vectors/release-1/README`): homes, proofs and a backup of version 1."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "release-1"
RUNS: dict[str, str] = json.loads((FOLDER / "runs.json").read_text())
POLICY = (FOLDER / "policy.txt").read_text()


def unpack(name: str, folder: Path) -> Path:
    """Unpack `home`, `home-with-a-waiting-run` or `real-home` below `folder`, its host record beside it; gives the home."""
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    (folder / "home").chmod(0o700)
    return folder / "home"
