"""A request of a program: the token that it shows, what that may read, and the answer as JSON.

A token reads what its account may read (the roles of the route) within its scopes. No cookie counts here, so no page of another
site can ask in somebody's name, and nothing here changes anything.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from dashboard.machine.facts import Problem
from dashboard.visit import Dashboard, NotFound, Visit, signed_in
from flows.session.coded_errors import parts_of
from schemas.errors import RefusedError, RepriseError
from schemas.roles import Scope
from vault.accounts.account import Account, Token

if TYPE_CHECKING:
    from dashboard.routes import Route

REQUESTS_A_MINUTE = 120
"""Of one token. A program that asks more often gets 429 and the time to wait."""
PROBLEM = "application/problem+json"
MONITORED = ("/health", "/metrics")
"""What programs on this host may ask for by the host's own names."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_TITLES = {
    400: "The request is malformed",
    401: "A valid token is needed",
    403: "The token may not read this",
    404: "There is no such thing",
    405: "This can only be read",
    409: "Refused",
    413: "The request is too long",
    421: "This is another host",
    422: "A value of the request is not one of those it can be",
    429: "Too many requests",
    500: "Reprise failed",
    503: "The home or a file of it is not available",
}


class NotValid(Exception):
    """A value of the address is not one of those that it can be."""


def answer(dashboard: Dashboard, route: Route, request: Request) -> Response:
    """Answer one request of a program; a view of a personal record is in the access log first."""
    visit = Visit(dashboard, request, None, None)
    try:
        refused = _refuse(visit, route)
        return _carried_out(visit, route) if refused is None else refused
    except Exception as error:  # noqa: BLE001 - its text could quote a record; only its code is shown and printed
        code = parts_of(error)[0]
        sys.stderr.write(f"dashboard: {code} in {route.name}\n")
        return problem(500, code)


def as_json(value: Any, status: int = 200) -> Response:
    """Returns a record as an answer."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def problem(status: int, code: str = "", **headers: str) -> Response:
    """Returns why there is no answer."""
    said = Problem(_TITLES.get(status, "Refused"), status, code or f"http_{status}")
    return Response(msgspec.json.encode(said), status, media_type=PROBLEM, headers=headers)


def is_of_this_host(request: Request) -> bool:
    """Whether a program on this host asks directly, by no proxy and for no other site."""
    name = request.headers.get("host", "").rpartition(":")
    forwarded = any(header in request.headers for header in ("x-forwarded-for", "forwarded"))
    direct = request.client is not None and request.client.host in ("127.0.0.1", "::1", "localhost")
    own = request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    return direct and not forwarded and own and (name[0] or name[2]) in LOOPBACK


def _refuse(visit: Visit, route: Route) -> Response | None:
    """Returns why this program may not read this, or None; the account that it reads for is then in the visit."""
    dashboard, address = visit.dashboard, visit.request.client.host if visit.request.client else ""
    if dashboard.attempts.is_too_many(address):
        return problem(429, **{"Retry-After": "60"})
    if wait := dashboard.attempts.wait_seconds(address=address):
        return problem(429, **{"Retry-After": str(wait)})
    shown = visit.request.headers.get("authorization", "")
    if not shown:
        return _without_token(visit, route)
    kind, _, secret = shown.partition(" ")
    found = dashboard.accounts.of_token(secret.strip(), dashboard.clock.now())
    if kind.lower() != "bearer" or found is None:
        dashboard.attempts.failed(address=address)
        return problem(401, "token_refused", **{"WWW-Authenticate": "Bearer"})
    return _with_token(visit, route, *found)


def _without_token(visit: Visit, route: Route) -> Response | None:
    if route.scope is None:
        _, visit.account = signed_in(visit.dashboard, visit.request)
        return None
    if route.scope is Scope.METRICS and is_of_this_host(visit.request):
        return None
    return problem(401, "token_missing", **{"WWW-Authenticate": "Bearer"})


def _with_token(visit: Visit, route: Route, account: Account, token: Token) -> Response | None:
    visit.account = account
    if visit.dashboard.attempts.is_too_many(f"token {token.id}", REQUESTS_A_MINUTE):
        return problem(429, **{"Retry-After": "60"})
    if route.scope is None:
        visit.account = account if Scope.HOST in token.scopes else None
        return None
    if route.scope in token.scopes and account.may(route.who):
        return None
    visit.log("view", route.name, _about(visit), "forbidden")
    return problem(403, "scope_missing" if route.scope not in token.scopes else "role_missing")


def _carried_out(visit: Visit, route: Route) -> Response:
    response = None
    try:
        response = route.page(visit)
    except NotFound:
        visit.result, response = "not_found", problem(404)
    except NotValid:
        visit.result, response = "not_valid", problem(422)
    except RepriseError as error:
        visit.result = error.code
        response = problem(409 if isinstance(error, RefusedError) else 503, error.code)
    finally:
        if route.personal:
            visit.log("view", route.name, _about(visit), visit.result if response is not None else "failed")
    return response


def _about(visit: Visit) -> str:
    return next((str(value)[:64] for value in visit.request.path_params.values()), "")
