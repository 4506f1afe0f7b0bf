"""What carrying a part over SFTP costs, as ratios in one run: `python bench/sftp.py [MIB]`, a part of MIB (256).

Sent, then read back whole and hashed, over loopback to OpenSSH's server; each beside OpenSSH's own `sftp` with the same file.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.servers import Sshd, sshd

from connectors.destinations.line import Backoff, Line
from connectors.destinations.sftp import SftpDestination
from flows.transport.dial import dial

ROUNDS = 5


def seconds(act: Callable[[], object]) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def openssh(made: Sshd, command: str) -> None:
    """One command of OpenSSH's client."""
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
    words = ["sftp", "-q", "-b", "-", "-P", str(made.server.port), "-i", str(made.root / "client")]
    words += [word for option in options for word in ("-o", option)]
    words.append(f"{made.server.user}@127.0.0.1")
    subprocess.run(words, input=command.encode(), check=True, stdout=subprocess.DEVNULL)


def compare(made: Sshd, part: Path, number: int) -> tuple[float, float]:
    """How many times as long as OpenSSH's client sending and reading back take."""
    place = SftpDestination(Line(dial(made.server), Backoff()), made.server.folder, f"bench-{number}")
    put = seconds(lambda: place.put(part, part.name))
    get = seconds(lambda: place.digest(part.name, part.stat().st_size))
    theirs = f"{made.folder}/theirs"
    put_theirs = seconds(lambda: openssh(made, f"put {part} {theirs}"))
    get_theirs = seconds(lambda: openssh(made, f"get {theirs} {part}.back"))
    place.discard()
    return put / put_theirs, get / get_theirs


def main() -> None:
    """Print both ratios."""
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    with tempfile.TemporaryDirectory() as folder, sshd(Path(folder) / "server") as made:
        part = Path(folder) / "part"
        part.write_bytes(os.urandom(mebibytes << 20))
        compare(made, part, 0)  # warms both sides
        pairs = [compare(made, part, number) for number in range(1, ROUNDS + 1)]
    for name, ratios in zip(("sending", "reading back"), zip(*pairs, strict=True), strict=True):
        print(f"{name} {mebibytes} MiB: {statistics.median(ratios):.2f} x OpenSSH's sftp")


if __name__ == "__main__":
    main()
