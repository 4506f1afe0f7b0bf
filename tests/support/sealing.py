"""Sealing as a practice does it: with Debian's `age`, or with our page in a real Chromium."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRIVER = ROOT / "desk" / "drive" / "seal.mjs"
CHROMIUM = os.environ.get("REPRISE_CHROMIUM", "/usr/bin/chromium")


MEASURE = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
    " print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def _missing() -> str | None:
    if shutil.which("node") is None:
        return "node is missing: the page is not built or opened"
    if not (ROOT / "desk" / "node_modules" / "playwright-core").is_dir():
        return "desk/node_modules is missing: run `make page-tools`"
    return None


needs_age = pytest.mark.skipif(shutil.which("age") is None, reason="Debian's age is missing")
needs_node = pytest.mark.skipif(_missing() is not None, reason=_missing() or "")
needs_browser = pytest.mark.skipif(
    _missing() is not None or not Path(CHROMIUM).exists(), reason=_missing() or "chromium is missing"
)


def seal_by_age(recipient: str, source: Path, out: Path) -> float:
    """Seal one file; gives the largest resident size of `age` in MiB, as the kernel counted it.

    Started from a small process: what a fork inherits before its exec counts as its own.
    """
    words = [sys.executable, "-I", "-S", "-c", MEASURE, "age", "-r", recipient, "-o", out, source]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder on localhost: where a browser gives a page a file system of its own."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def task(url: str, *choose: Path, out: Path | None = None, way: str = "private") -> dict[str, Any]:
    """What is to be done on one page: choose, seal, save."""
    return {"url": url, "choose": [str(p) for p in choose], "out": str(out) if out else None, "way": way}


def drive(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """Do it in one browser; gives what each page said and what it cost. None may ask for anything, or complain."""
    done = subprocess.run(
        ["node", DRIVER, json.dumps(tasks)],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
        env={**os.environ, "REPRISE_CHROMIUM": CHROMIUM},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    for said in found:
        assert said["requested"] == said["complaints"] == []
    return found


def seal_by_page(page: Path, *choose: Path, out: Path, way: str = "private") -> dict[str, Any]:
    """Seal on the page, served on localhost."""
    with served(page.parent) as address:
        (said,) = drive(task(f"{address}/{page.name}", *choose, out=out, way=way))
    return said
