"""How a run ended is said alike by `runs`, `status`, `--json`, the ledger page and the certificate; each end by its own words."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest
from support.typing_at import typed_at
from support.whole_run import WholeRun

from dashboard.export import export_pages
from flows.commands.wording import describe_result, describe_runs, describe_status
from flows.engine import run as engine
from flows.lifecycle.run_views import list_runs, run_of_order, status
from flows.session.observer import NoObserver
from flows.session.orders import save_order
from schemas.errors import RepriseError
from schemas.outcome import Cause, Outcome
from schemas.texts import text
from schemas.writing import typeset
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.ledger.home_log import open_store

pytestmark = pytest.mark.slow
USES = {"inventory": 9, "rehearsal": 9, "migration": 9, "delta": 0}


class StopAtOnce(NoObserver):
    """Interrupts a run as soon as it has counted."""

    def step(self, step: str, counts: dict[str, Any]) -> None:
        super().step(step, counts)
        if step == "inventory":
            raise KeyboardInterrupt


class Ends:
    """One home in which a run delivered, one was refused, and one was cancelled."""

    def __init__(self, case: WholeRun, empty: Path) -> None:
        self.case = case
        self.delivered = case.start()
        self.runs = {Cause.PUBLISHED: self.delivered.run}
        with pytest.raises(RepriseError):
            case.start(source=str(empty))
        self.runs[Cause.REFUSED_SOURCE] = case.run_id
        order = save_order(Home(case.home), case.order())
        with pytest.raises(KeyboardInterrupt):
            engine.start_order(Home(case.home), order, StopAtOnce())
        begun = run_of_order(Home(case.home), order)
        assert begun is not None
        cancelled = begun.run_id  # it began in the second of the one before
        self.before_its_end = status(Home(case.home), cancelled)
        engine.abandon_order(Home(case.home), order, Cause.CANCELLED)
        self.runs[Cause.CANCELLED] = cancelled


@pytest.fixture(scope="module")
def ends(tmp_path_factory) -> Ends:
    folder = tmp_path_factory.mktemp("ends")
    (folder / "empty").mkdir()
    write_practice(folder / "export", patients=6, defects=True)
    return Ends(WholeRun(folder / "trial", folder / "export", uses=USES), folder / "empty")


def test_each_end_is_told_apart_everywhere(ends, tmp_path):
    home = ends.case.home
    listed = {run.run_id: run for run in list_runs(Home(home))}
    store = open_store(Home(home))
    export_pages(tmp_path, Home(home), list(listed.values()), store, "")
    page, lines = (tmp_path / "index.html").read_text(encoding="utf-8"), describe_runs(list_runs(Home(home)))
    assert len(ends.runs) == len(listed) == 3
    for cause, run in ends.runs.items():
        said = text("en", f"certificate.outcome.{cause}")
        assert (listed[run].outcome, listed[run].state) == (cause.outcome, "certified")
        found = status(Home(home), run)
        assert (found.outcome, found.failure is None) == (
            cause.outcome,
            cause.outcome is not Outcome.REFUSED,
        )
        line = f"{said}; staging destroyed and checked"
        assert describe_status(found).startswith(f"Run {run}: {line}\n")
        assert next(text for text in lines.splitlines() if text.startswith(run)).endswith(line)
        assert line in page.split(run)[1].split("</tr>")[0]
        proof = home / "runs" / run / "proof"
        assert json.loads((proof / "certificate.json").read_bytes())["outcome"] == said
        page_text = html.unescape((proof / "certificate.html").read_text(encoding="utf-8"))
        assert typeset("fr", text("fr", f"certificate.outcome.{cause}")) in page_text
    ends.case.nothing_left()


def test_what_a_command_shows_at_the_end_says_it_too(ends):
    result = ends.delivered
    assert json.loads(json.dumps(result.to_json()))["outcome"] == "delivered"
    assert describe_result(result).startswith(
        f"Run {result.run}: package delivered; staging destroyed and checked\n"
    )


def test_a_refusal_tells_an_earlier_run_from_its_own(tmp_path):
    """One that is in the way is called earlier; the one that the command names or carried is not."""
    write_practice(tmp_path / "export", patients=3)
    case = WholeRun(tmp_path / "trial", tmp_path / "export", uses={**USES, "migration": 1})
    made = case.made
    words = ("migrate", made["source"], "--authorisation", made["authorisation"], "--to", made["destination"])
    environment = {"REPRISE_HOME": str(case.home), "REPRISE_OPERATOR": "trial"}
    with pytest.raises(KeyboardInterrupt):
        case.start(StopAtOnce())
    waits = case.run_id
    held = typed_at(*words, answers=[], columns=250, cwd=case.home, **environment)
    assert held.code == 13 and f"[use_held limit=1 run={waits}]" in held.screen
    assert f"An earlier run, {waits} (" in held.screen and "`reprise resume RUN`" in held.screen
    assert case.resume().state == "certified"
    spent = typed_at(*words, answers=[], columns=250, cwd=case.home, **environment)
    assert spent.code == 13 and f"[use_exhausted limit=1 run={waits}]" in spent.screen
    assert f"Nothing was begun now. An earlier run, {waits} (" in spent.screen
    assert "): package delivered; staging destroyed and checked" in spent.screen
    assert "Ask for a new instruction." in spent.screen and "resume RUN" not in spent.screen
    ended = typed_at("resume", waits, answers=[], columns=250, cwd=case.home, **environment)
    assert (
        ended.code == 18
        and f"Run {waits}: package delivered" in ended.screen
        and "earlier" not in ended.screen
    )


def test_a_run_that_has_not_ended_has_no_outcome(ends):
    assert ends.before_its_end.outcome is None
    assert ends.before_its_end.counts["inventory"]["patients"] == 6
    assert "\n  came       1 file(s)" in describe_status(ends.before_its_end)


def test_what_is_not_delivered_whole_is_counted_by_reason_and_kind_and_adds_up(ends):
    counts = status(Home(ends.case.home), ends.delivered.run).counts
    balanced = counts["reconcile"]
    for disposition in set(balanced["dispositions"]) - {"delivered"}:
        found = balanced["reasons"].get(disposition, {})
        assert sum(sum(kinds.values()) for kinds in found.values()) == balanced["dispositions"][disposition]
        assert "none" not in found
    assert balanced["reasons"]["degraded"]
    assert counts["inventory"]["software"] == {"Epicurus 5.2": 1}
    first, last = counts["inventory"]["years"]
    assert 1990 < first < last <= 2026
