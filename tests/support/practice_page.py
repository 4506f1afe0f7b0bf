"""What a doctor does on the practice's page, carried out in a real Chromium from `file://`, with the network off."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.sealing import CHROMIUM, ROOT

PAGE = ROOT / "flows" / "package" / "desk.html"
_DRIVER = ROOT / "desk" / "drive" / "desk.mjs"

Step = tuple[Any, ...]
"""A name, a verb of desk/drive/desk.mjs, and what it takes. The name is that of its result."""


def visit(
    *steps: Step, page: Path = PAGE, url: str | None = None, quiet: bool = True, **setting: Any
) -> dict[str, Any]:
    """One visit of the page; gives what each step gave, by its name. It may ask for nothing, and complain of nothing."""
    (said,) = _driven(_DRIVER, [{"url": url or page.as_uri(), "steps": steps, **setting}])
    if quiet:
        assert said["requested"] == said["complaints"] == []
    return dict(said)


def choose(package: Path, key: Path) -> tuple[Step, ...]:
    """Choose the package's folder and the key's file."""
    return (
        ("to open", "click", "to-open"),
        ("package", "choose", "package-folder", str(package)),
        ("key", "choose", "key-file", str(key)),
    )


def written(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def outcomes(*packages: dict[str, Any]) -> list[dict[str, Any]]:
    """What the page's own modules make of packages (desk/drive/checks.mjs)."""
    return _driven(_DRIVER.with_name("checks.mjs"), packages)


def _driven(script: Path, tasks: Sequence[Any]) -> list[dict[str, Any]]:
    """What a script of desk/drive says of each task, in their order."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(tasks, file)
        file.flush()
        done = subprocess.run(
            ["node", script, file.name],
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
            env={**os.environ, "REPRISE_CHROMIUM": CHROMIUM},
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
