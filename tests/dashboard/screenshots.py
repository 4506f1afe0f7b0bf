"""Pictures of every page for each role that sees it: light, dark, phone and print; and what axe-core says of each.

    PYTHONPATH=tests python tests/dashboard/screenshots.py FOLDER [HOME]

Without a home it makes the one of `make dashboard`. Ends with 1 when axe finds something serious, a page scrolls sideways on a
phone, or the browser complains.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from support.dashboard_browser import LOOKS, SERIOUS, chromium, open_accounts, served, shoot, watching

from flows.commands.trial_runs import make_trial_runs
from flows.session.control import Control
from flows.views.authorisations import authorisation_rows
from flows.views.names import doctors
from flows.views.runs import run_rows
from schemas.roles import Role
from schemas.texts import LANGUAGES
from trial.home import OPERATORS
from vault.home_folder import Home


def pages_of(home: Home) -> list[tuple[str, Role | None, str]]:
    """Name, role and address of each page; a run in each state that the home has."""
    control = Control.open_to_look(home)
    runs = {row.word: row.run for row in run_rows(control)}
    doctor, authorisation = doctors(control)[0], authorisation_rows(control)[0].id
    fixed: list[tuple[str, Role | None, str]] = [
        ("sign-in", None, "/sign-in"),
        ("today", Role.ENGINEER, "/"),
        ("today-doctor", Role.DOCTOR, "/"),
        ("runs", Role.ENGINEER, "/runs"),
        ("runs-auditor", Role.AUDITOR, "/runs"),
        ("doctors", Role.ENGINEER, "/doctors"),
        ("doctor", Role.OFFICER, f"/doctors/{doctor}"),
        ("authorisations", Role.ENGINEER, "/authorisations"),
        ("authorisation", Role.ENGINEER, f"/authorisations/{authorisation}"),
        ("authorisation-auditor", Role.AUDITOR, f"/authorisations/{authorisation}"),
        ("deletion", Role.AUDITOR, "/deletion"),
        ("ledger", Role.AUDITOR, "/ledger"),
        ("host", Role.ENGINEER, "/host"),
        ("access-log", Role.OFFICER, "/access"),
        ("accounts", Role.ADMINISTRATOR, "/accounts"),
        ("account", Role.AUDITOR, "/account"),
        ("not-there", Role.AUDITOR, "/nowhere"),
    ]
    return fixed + [(f"run-{word}", Role.ENGINEER, f"/runs/{run}") for word, run in runs.items()]


def take(home: Home, folder: Path) -> list[dict[str, Any]]:
    """Write the pictures; return what is wrong, page by page. Each look has another language."""
    folder.mkdir(parents=True, exist_ok=True)
    open_accounts(home, OPERATORS[0])
    wrong: list[dict[str, Any]] = []
    with served(home) as origin, chromium() as browser:
        pages = pages_of(home)
        for (look, how), language in zip(LOOKS.items(), LANGUAGES, strict=True):
            for role in dict.fromkeys(role for _, role, _ in pages):
                with watching(browser, origin, role, locale=language, **how) as watcher:
                    for name, wanted, path in pages:
                        if wanted is role:
                            watcher.go(path)
                            wrong += _wrong(watcher, name, look)
                            shoot(watcher, look, folder / f"{name}.{look}.png")
    return wrong


def _wrong(watcher: Any, name: str, look: str) -> list[dict[str, Any]]:
    found = [] if look == "print" else [one for one in watcher.axe() if one["impact"] in SERIOUS]
    if look == "phone" and watcher.is_too_wide():
        found.append({"rule": "scrolls-sideways"})
    expected = "404" if name == "not-there" else None
    found += [{"complaint": said} for said in watcher.complaints if expected is None or expected not in said]
    watcher.complaints.clear()
    return [{"page": name, "look": look, **one} for one in found]


def main() -> int:
    folder = Path(sys.argv[1])
    given = Home(Path(sys.argv[2])) if len(sys.argv) > 2 else None
    home = given or make_trial_runs(Path(tempfile.mkdtemp(prefix="reprise-screenshots-")), 20)
    wrong = take(home, folder)
    (folder / "wrong.json").write_text(json.dumps(wrong, indent=1), encoding="utf-8")
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}; {len(wrong)} thing(s) wrong")
    print("\n".join(json.dumps(one) for one in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
