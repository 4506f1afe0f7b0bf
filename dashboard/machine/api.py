"""`/api/v1`: the facts of the pages as JSON, for programs with a token."""

from __future__ import annotations

import re
from base64 import b64encode

from starlette.responses import Response

from dashboard.machine.endpoint import NotValid, as_json
from dashboard.machine.facts import (
    CertifiedRun,
    CompletenessFact,
    HostFact,
    LedgerFact,
    Proofs,
    RunDetail,
    RunFact,
    Runs,
    TodayFact,
)
from dashboard.pages.runs import WORDS
from dashboard.visit import NotFound, Visit
from flows.views import completeness as log_runs
from flows.views import index as indexes
from flows.views import runs as run_rows
from flows.views import today as today_view
from flows.views.status import state_of
from schemas.errors import UnreadableSourceError
from schemas.steps import STEPS
from vault.ledger.notes import split_note
from vault.system.program import describe_tool

MOST = 500
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
"""As `dashboard.machine.openapi` describes it."""


def runs(visit: Visit) -> Response:
    """The list of runs, newest first."""
    until = _day(visit, "until")
    wanted = run_rows.Wanted(
        word=_one_of(visit, "state", WORDS),
        use=_one_of(visit, "use", tuple(STEPS)),
        since=_day(visit, "since"),
        before=f"{until}T24" if until else "",
    )
    limit, offset = _number(visit, "limit", 50, MOST, least=1), _number(visit, "offset", 0, 10**9)
    rows, total = run_rows.run_page(visit.look(), visit.only_about, wanted, limit, offset)
    return as_json(Runs([RunFact.of(row) for row in rows], total, offset, limit))


def run(visit: Visit) -> Response:
    """One run in full."""
    try:
        sheet = run_rows.run_sheet(visit.look(), visit.request.path_params["run"], visit.only_about)
    except UnreadableSourceError:
        sheet = None
    if sheet is None:
        raise NotFound
    return as_json(RunDetail.of(sheet, sheet.row.doctor if visit.sees_names else None))


def today(visit: Visit) -> Response:
    """What needs attention today."""
    return as_json(TodayFact.of(today_view.today(visit.look(), visit.only_about)))


def completeness(visit: Visit) -> Response:
    """Whether the log shows an end for each run."""
    return as_json(CompletenessFact.of(log_runs.completeness(visit.look())))


def proofs(visit: Visit) -> Response:
    """The runs in the log by their numbers, each with its end and its proof."""
    limit, after = _number(visit, "limit", 50, MOST, least=1), _number(visit, "after", 0, 10**9)
    found = [CertifiedRun.of(one) for one in log_runs.runs_after(visit.look(), after, limit)]
    return as_json(Proofs(found, found[-1].number if len(found) == limit else None))


def ledger(visit: Visit) -> Response:
    """The signed head of the log."""
    store = visit.look().ledger.store
    head, checkpoint = store.head(), store.checkpoint() if store.head().size else b""
    lines = split_note(checkpoint)[1] if checkpoint else []
    return as_json(
        LedgerFact(
            origin=head.origin,
            key=store.vkey,
            size=head.size,
            root=b64encode(head.root).decode(),
            checkpoint=checkpoint.decode(),
            signatures=len(lines),
        )
    )


def host(visit: Visit) -> Response:
    """The last sweep, the alarms and the size of the index on this host."""
    control = visit.look()
    with indexes.RunIndex.of(control) as index:
        found, size = state_of(control, index), index.size()
    return as_json(
        HostFact(
            runs=found.runs,
            overdue=found.overdue,
            unknown_staging=found.unknown,
            last_sweep=found.last_sweep,
            sweep_age_seconds=found.sweep_age_seconds,
            new_here=found.new_here,
            alarms=found.alarms,
            version=describe_tool()["version"],
            index_entries=size,
        )
    )


def _asked(visit: Visit, name: str) -> str:
    given = visit.request.query_params.getlist(name)
    if len(given) > 1:
        raise NotValid
    return given[0] if given else ""


def _one_of(visit: Visit, name: str, known: tuple[str, ...]) -> str:
    given = _asked(visit, name)
    if name in visit.request.query_params and given not in known:
        raise NotValid
    return given


def _day(visit: Visit, name: str) -> str:
    given = _asked(visit, name)
    if name in visit.request.query_params and not _DAY.fullmatch(given):
        raise NotValid
    return given


def _number(visit: Visit, name: str, default: int, most: int, least: int = 0) -> int:
    given = _asked(visit, name)
    if name not in visit.request.query_params:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", given) or not least <= int(given) <= most:
        raise NotValid
    return int(given)
