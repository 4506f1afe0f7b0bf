"""Carry the canary's run and search for it at every step: `python canary_run.py WAY FOLDER PLAN` (PLAN: Order as JSON)."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from canary import traces
from mutants import start_mutant

from flows.engine import _ipc as data_link
from flows.engine import run as engine
from flows.session.observer import NoObserver
from flows.session.orders import Order, save_order
from schemas.errors import RepriseError
from vault.home_folder import Home


class SearchingWatch(NoObserver):
    """While the run waits at a step, searches everything that it may have written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def step(self, step: str, counts: dict[str, Any]) -> None:
        found, count = traces(self._folder)
        sys.stdout.write(json.dumps({"step": step, "found": found, "files": count}) + "\n")


def main() -> int:
    way, folder, plan = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    logging.basicConfig(level=logging.DEBUG, filename=folder / "debug.log")
    if "REPRISE_MUTANT" in os.environ:
        data_link.start_process = start_mutant
    home, order, observer = folder / "trial" / "home", Order(**plan), SearchingWatch(folder)
    try:
        if way == "direct":
            engine.start(Home(home), order, observer)
            return 0
        from flows.worker.prefect_settings import settle_prefect

        settle_prefect(Home(home))
        from flows.migrate import run_here

        order_id = save_order(Home(home), order)
        with engine.observing(order_id, observer):
            run_here(Home(home), order.use, order_id)
        return 0
    except RepriseError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except Exception as error:
        logging.getLogger("canary").exception("failed")
        sys.stderr.write(f"{type(error).__name__} {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
