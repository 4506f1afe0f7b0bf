"""The way of an order from `start` to its proof: the files of the product that the control process enters.

`PYTHONPATH=.:tests python -m support.journey` carries a small trial run, its control process in this one, and prints the files in the order
in which the way first enters them, and each call from a lower package to a higher one.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from flows.engine import run as engine
from flows.session.observer import NoObserver
from support.whole_run import WholeRun
from trial.practice.write import write_practice
from vault.home_folder import Home

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"schemas": 0, "connectors": 1, "vault": 1, "flows": 2}
"""import-linter holds the same order for imports."""


class Journey:
    """Every product file entered by a call, and the calls that lead upward."""

    def __init__(self) -> None:
        self.entered: Counter[str] = Counter()
        self.upward: Counter[tuple[str, str]] = Counter()

    def files_of(self, package: str) -> set[str]:
        """The files of a package that were entered."""
        return {place for place in self.entered if place.startswith(f"{package}/")}

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event != "call" or (place := _place(frame)) is None:
            return
        self.entered[place] += 1
        caller = _place(frame.f_back) if frame.f_back else None
        if caller and LEVELS[caller.split("/")[0]] < LEVELS[place.split("/")[0]]:
            self.upward[caller, place] += 1


def _place(frame: FrameType) -> str | None:
    path = frame.f_code.co_filename
    if not path.startswith(f"{ROOT}/") or frame.f_code.co_name == "<module>":
        return None
    place = path[len(str(ROOT)) + 1 :]
    return place if place.split("/")[0] in LEVELS else None


def travel(folder: Path) -> Journey:
    """Carry one migration of two invented patients."""
    write_practice(folder / "export", patients=2)
    case = WholeRun(folder / "trial", folder / "export")
    journey = Journey()
    before = sys.getprofile()
    sys.setprofile(journey)
    try:
        engine.start(Home(case.home), case.order(), NoObserver())
    finally:
        sys.setprofile(before)
    return journey


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["REPRISE_STATE"] = str(Path(scratch) / "state")
        found = travel(Path(scratch))
    for place, calls in found.entered.items():
        print(f"{calls:6}  {place}")
    rooms = {str(Path(place).parent) for place in found.entered}
    print(
        f"{len(found.entered)} files in {len(rooms)} rooms, {len(found.files_of('flows'))} of them in flows"
    )
    for (caller, place), calls in found.upward.items():
        print(f"upward: {calls} calls from {caller} to {place}")
