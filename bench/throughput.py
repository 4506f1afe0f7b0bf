"""How much each step of the way costs beside a bare parse of the same bytes: `python bench/throughput.py [PATIENTS]`.

All in one run on one machine, so that the ratios mean something where the seconds do not.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from xml.parsers import expat

from flows import engine
from flows.orders import Order
from flows.practice.write import write_practice
from flows.trial import OPERATORS, make_trial
from flows.watch import NoWatch


class Stopwatch(NoWatch):
    """Seconds spent up to each arrow."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def arrow(self, arrow: str, counts: dict[str, Any]) -> None:
        now = time.monotonic()
        self.seconds[arrow], self._last = now - self._last, now


def bare_parse(folder: Path) -> float:
    """Seconds that expat needs for the same bytes, with empty handlers."""
    start = time.monotonic()
    for path in sorted(folder.iterdir()):
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda _name, _attributes: None
        parser.EndElementHandler = lambda _name: None
        parser.CharacterDataHandler = lambda _data: None
        with path.open("rb") as stream:
            parser.ParseFile(stream)
    return time.monotonic() - start


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_practice(folder / "export", patients=patients)
        size = sum(path.stat().st_size for path in (folder / "export").iterdir())
        made = make_trial(folder, folder / "export")
        base, watch = bare_parse(folder / "export"), Stopwatch()
        order = Order(
            made["source"], made["authorisation"], "migration", made["destination"], "keyring", OPERATORS[0]
        )
        engine.start(Path(made["home"]), order, watch)
    print(f"{patients} patients, {size / 1e6:.1f} MB; bare expat = 1")
    for arrow, seconds in watch.seconds.items():
        print(f"  {arrow:<10} {seconds / base:6.1f}")
    print(f"  {'all':<10} {sum(watch.seconds.values()) / base:6.1f}")


if __name__ == "__main__":
    main()
