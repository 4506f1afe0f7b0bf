"""Our way beside the machine's limits and what people would use instead: `python bench/compare.py [small|full] [OUT]`.

Each measured thing is a whole process, seen from outside: the CPU of it and of all its children (`wait4`), its peak memory and
wall time. All ways of all practices take turns in each round, so that a busy minute of the machine strikes them alike. What is
compared is marginal: a large practice less a small one of the same shape, so that no start of any process is in it.
`small` takes minutes, leaves the peers out that need packages of their own, and is what CI holds against `LIMITS`.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PEERS_PYTHON = HERE.parent / ".venv-bench/bin/python"
SIZES = {
    "small": {"ordinary": (30, 120)},
    "full": {"ordinary": (100, 400), "items": (30, 120), "attachments": (4, 12)},
}
ROUNDS = {"small": 3, "full": 5}
LIMIT_WAYS = ("expat", "iterparse", "aes-gcm", "isal-age", "F")
PEER_WAYS = ("script", "dlt", "dlt-arrow")
LIMITS = {"ordinary": 100.0}
"""How many times F our whole way may cost; generous, for a machine that does other things too."""


@dataclass(frozen=True)
class Taken:
    """What one process took, its children counted in."""

    cpu: float
    wall: float
    peak_mib: float
    printed: str


def run(words: list[str]) -> Taken:
    begin = time.monotonic()
    with tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(words, stdout=printed, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{words[1:4]} ended with {child.returncode}")
        printed.seek(0)
        return Taken(
            used.ru_utime + used.ru_stime,
            time.monotonic() - begin,
            used.ru_maxrss / 1024,
            printed.read().decode(),
        )


def measure(way: str, export: Path, scratch: Path) -> Taken:
    """Run one way over an export. What it needs beforehand and leaves behind is not measured."""
    shutil.rmtree(scratch, ignore_errors=True)
    if way == "ours":
        subprocess.run([sys.executable, HERE / "ours.py", "prepare", scratch, export], check=True)
        return run([sys.executable, str(HERE / "ours.py"), str(scratch)])
    if way in LIMIT_WAYS:
        return run([sys.executable, str(HERE / "limits.py"), way, str(export)])
    scratch.mkdir()
    python = PEERS_PYTHON if PEERS_PYTHON.exists() else sys.executable
    return run([str(python), str(HERE / "peers.py"), way, str(export), str(scratch)])


def marginal(small: list[Taken], large: list[Taken]) -> list[float]:
    """Large less small, round by round."""
    return [max(b.cpu - a.cpu, 0.0) for a, b in zip(small, large, strict=True)]


def steps(small: list[Taken], large: list[Taken]) -> dict[str, float]:
    """The marginal CPU of each step of our data process, as medians."""
    told = [[json.loads(taken.printed) for taken in side] for side in (small, large)]
    return {
        step: statistics.median(b[step] for b in told[1]) - statistics.median(a[step] for a in told[0])
        for step in told[1][0]
    }


def compare(form: str, folder: Path) -> dict[str, Any]:
    """All numbers of one run of the bench."""
    from trial.practice.write import write_practice

    ways = ("ours", *LIMIT_WAYS, "script") if form == "small" else ("ours", *LIMIT_WAYS, *PEER_WAYS)
    taken: dict[tuple[str, int, str], list[Taken]] = {}
    exports = {}
    for shape, sizes in SIZES[form].items():
        for size in sizes:
            exports[shape, size] = folder / f"{shape}-{size}"
            write_practice(exports[shape, size], patients=size, shape=shape)
    for _ in range(ROUNDS[form]):
        for (shape, size), export in exports.items():
            for way in ways:
                taken.setdefault((shape, size, way), []).append(measure(way, export, folder / "scratch"))
    found: dict[str, Any] = {"machine": machine(), "form": form, "rounds": ROUNDS[form], "shapes": {}}
    for shape, (small, large) in SIZES[form].items():
        per_way = {way: (taken[shape, small, way], taken[shape, large, way]) for way in ways}
        base = statistics.median(marginal(*per_way["F"]))
        found["shapes"][shape] = {
            "patients": [small, large],
            "mb": [sum(p.stat().st_size for p in exports[shape, n].iterdir()) / 1e6 for n in (small, large)],
            "F_seconds": base,
            "ways": {way: row(*sides, base) for way, sides in per_way.items()},
            "steps": {step: cost / base for step, cost in steps(*per_way["ours"]).items()},
        }
    return found


def row(small: list[Taken], large: list[Taken], base: float) -> dict[str, Any]:
    cost = [seconds / base for seconds in marginal(small, large)]
    kept = [
        {name: value for name, value in asdict(one).items() if name != "printed"} for one in (*small, *large)
    ]
    return {
        "times_F": statistics.median(cost),
        "from_to": [min(cost), max(cost)],
        "peak_mib": statistics.median(one.peak_mib for one in large),
        "raw": kept,
    }


def machine() -> dict[str, Any]:
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": model[0].partition(": ")[2] if model else platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def main(form: str, out: Path) -> int:
    sys.path.insert(0, str(HERE))
    from report import draw, table

    with tempfile.TemporaryDirectory(dir=out.parent) as name:
        found = compare(form, Path(name))
    out.with_suffix(".json").write_text(json.dumps(found, indent=1))
    out.with_suffix(".svg").write_text(draw(found))
    print(table(found))
    over = {
        shape: each["ways"]["ours"]["times_F"]
        for shape, each in found["shapes"].items()
        if form == "small" and each["ways"]["ours"]["times_F"] > LIMITS[shape]
    }
    print("over its limit:" if over else "within its limits", over or LIMITS)
    return 1 if over else 0


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(
        main(words[0] if words else "small", Path(words[1] if len(words) > 1 else "bench-result").absolute())
    )
