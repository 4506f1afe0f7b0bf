"""The description of `/api/v1` (OpenAPI 3.1), made of the records that are sent and of the table of routes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from dashboard.machine import facts
from dashboard.machine.api import MOST
from dashboard.machine.endpoint import PROBLEM, as_json
from dashboard.pages.runs import WORDS
from dashboard.visit import Visit
from schemas.roles import Scope
from schemas.steps import STEPS
from vault.system.program import describe_tool


@dataclass(frozen=True)
class Operation:
    """What a route of the interface answers, and the values that its address takes after `?`."""

    summary: str
    answer: type[Any]
    asks: tuple[dict[str, Any], ...] = ()


def _asked(name: str, about: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


_LIMIT = _asked("limit", "How many at most", type="integer", minimum=1, maximum=MOST, default=50)
_DAY = {"type": "string", "format": "date", "pattern": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"}
OPERATIONS = {
    "api_today": Operation("What needs attention today", facts.TodayFact),
    "api_runs": Operation(
        "The list of runs, newest first",
        facts.Runs,
        (
            _asked("state", "How it ended, or where it stands", type="string", enum=list(WORDS)),
            _asked("use", "The use of the instruction", type="string", enum=list(STEPS)),
            _asked("since", "First day (UTC) of its beginning", **_DAY),
            _asked("until", "Last day (UTC) of its beginning", **_DAY),
            _LIMIT,
            _asked("offset", "How many to leave out", type="integer", minimum=0, maximum=10**9, default=0),
        ),
    ),
    "api_run": Operation("One run in full", facts.RunDetail),
    "api_completeness": Operation("Whether the log shows an end for each run", facts.CompletenessFact),
    "api_proofs": Operation(
        "The runs in the log by their numbers, each with its end and its proof",
        facts.Proofs,
        (_LIMIT, _asked("after", "Only runs above this number", type="integer", minimum=0, maximum=10**9)),
    ),
    "api_ledger": Operation("The signed head of the log", facts.LedgerFact),
    "api_host": Operation("Sweep, alarms and index of the home on this host", facts.HostFact),
}
_REFUSALS = {
    "401": "No valid token",
    "403": "The token's scopes or the roles of its account do not suffice",
    "404": "There is no such thing, or it is not theirs",
    "422": "A value is not one of those that it can be",
    "429": "Too many requests; `Retry-After` says how long to wait, in seconds",
    "500": "Reprise failed; the code says where",
    "503": "The home cannot be read; the code says why",
}


def show(visit: Visit) -> Response:
    """The description; it holds nothing of the home."""
    return as_json(document(visit.dashboard.routes))


def document(routes: tuple[Any, ...]) -> dict[str, Any]:
    """Returns the description of the routes of the interface."""
    described = [route for route in routes if route.name in OPERATIONS]
    kinds = [facts.Problem, *(one.answer for one in OPERATIONS.values())]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    refs = dict(zip(kinds, schemas, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Reprise",
            "version": describe_tool()["version"],
            "summary": "Runs, deletion proof, ledger and host, as the dashboard shows them, without names",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {route.path: {"get": _operation(route, refs)} for route in described},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"`reprise account token`; scopes: {', '.join(Scope)}",
                }
            },
        },
    }


def _operation(route: Any, refs: dict[Any, Any]) -> dict[str, Any]:
    one, in_path = OPERATIONS[route.name], re.findall(r"{(\w+)}", route.path)
    places = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path
    ]
    refused = {PROBLEM: {"schema": refs[facts.Problem]}}
    return {
        "operationId": route.name.removeprefix("api_"),
        "summary": one.summary,
        "description": f"Scope `{route.scope}`; roles: {', '.join(sorted(route.who))}.",
        "security": [{"token": [str(route.scope)]}],
        "parameters": [*places, *one.asks],
        "responses": {
            "200": {
                "description": one.summary,
                "content": {"application/json": {"schema": refs[one.answer]}},
            },
            **{status: {"description": about, "content": refused} for status, about in _REFUSALS.items()},
        },
    }
