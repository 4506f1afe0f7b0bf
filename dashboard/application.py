"""The application: one endpoint for each line of the table of routes, behind the same checks in the same order."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route as Address
from starlette.types import Receive, Scope, Send

from dashboard import rendering
from dashboard.attempts import Attempts
from dashboard.machine import endpoint
from dashboard.provider import Provider
from dashboard.routes import A_SCAN, EVERYBODY, ROUTES, Route
from dashboard.sessions import Session, Sessions
from dashboard.visit import Dashboard, NotFound, Visit, signed_in
from flows.session.coded_errors import parts_of
from flows.session.control import Control
from schemas.errors import RefusedError, RepriseError
from vault.accounts.access_log import AccessLog
from vault.accounts.account import Accounts
from vault.home_folder import Home
from vault.system.clock import Clock, SystemClock

Answered = TypeVar("Answered", bound=Response | None)
MultiPartParser.spool_max_size = A_SCAN
"""What is sent stays in memory: a signed page names a doctor, and no file of this host may hold it in clear."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect")),
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""Nothing inline, nothing from elsewhere."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def make_dashboard(home: Home, origin: str, clock: Clock | None = None) -> Dashboard:
    """Returns what the requests of a home share. Raises what opening the home raises."""
    clock = clock or SystemClock()
    Control.open_to_look(home, clock)
    return Dashboard(
        home=home,
        clock=clock,
        origin=origin,
        accounts=Accounts(home),
        access_log=AccessLog(home),
        sessions=Sessions(clock),
        attempts=Attempts(clock),
        provider=Provider.of(home, origin),
        routes=ROUTES,
    )


def make_application(dashboard: Dashboard) -> Guard:
    """Returns the application: the lines of `dashboard.routes.ROUTES`, the assets, and nothing else."""
    addresses = [
        Address(route.path, _endpoint(dashboard, route), methods=[route.method], name=route.name)
        for route in ROUTES
    ]
    addresses.append(Address("/assets/{name}", _asset, methods=["GET"], name="asset"))
    application = Starlette(
        routes=addresses,
        exception_handlers={HTTPException: _not_routed(dashboard)},
    )
    return Guard(dashboard, application)


class Guard:
    """Refuses requests for another host, and sets the security headers of every answer."""

    def __init__(self, dashboard: Dashboard, application: Starlette) -> None:
        self.dashboard, self.application = dashboard, application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = {
            **HEADERS,
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
            **({"Strict-Transport-Security": "max-age=31536000"} if self.dashboard.secure else {}),
        }

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                more = [
                    (name.lower().encode(), value.encode())
                    for name, value in headers.items()
                    if name.lower().encode() not in given
                ]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        request = Request(scope)
        monitored = request.url.path in endpoint.MONITORED and endpoint.is_of_this_host(request)
        if request.headers.get("host", "") != self.dashboard.host and not monitored:
            await Response(status_code=421)(scope, receive, sending)
            return
        await self.application(scope, receive, sending)


def _asset(request: Request) -> Response:
    found = rendering.assets().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return Response(found[0], media_type=found[1], headers={"Cache-Control": "public, max-age=31536000"})


def _endpoint(dashboard: Dashboard, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def machine(request: Request) -> Response:
        return await run_sync(endpoint.answer, dashboard, route, request)

    async def page(request: Request) -> Response:
        form = FormData()
        if route.method == "POST":
            if (refused := await run_sync(_refuse_form, dashboard, route, request)) is not None:
                return refused
            form = await request.form(max_fields=200, max_files=2)
        return await run_sync(_answer, dashboard, route, request, form)

    return machine if route.for_machines else page


def _is_short(request: Request, most: int) -> bool:
    """Whether the length of a form is stated and within the limit; a transfer coding makes a stated length void."""
    stated = request.headers.get("content-length", "")
    is_number = stated.isascii() and stated.isdigit() and len(stated) < 12
    return "transfer-encoding" not in request.headers and is_number and int(stated) <= most


def _refuse_form(dashboard: Dashboard, route: Route, request: Request) -> Response | None:
    """Returns why a form is not even read, or None: nobody sends one to what they may not use."""
    visit = _visit(dashboard, request, FormData())

    def check() -> Response | None:
        refused = _refuse_hurry(visit) or _refuse(visit, route)
        if refused is None and not _is_short(request, route.most_bytes):
            refused = _failed(visit, 413)
        return refused

    return _or_code(visit, route, check)


def _answer(dashboard: Dashboard, route: Route, request: Request, form: FormData) -> Response:
    """Check a request, carry it out, note it in the access log, and set the cookies of its session.

    The person is checked again: while a form arrived, the account may have been closed.
    """
    visit = _visit(dashboard, request, form)

    def carry_out() -> Response:
        if route.method == "POST":
            refused = _refuse(visit, route) or _refuse_foreign(visit)
        else:
            refused = _refuse_hurry(visit) or _refuse(visit, route)
        return _carried_out(visit, route) if refused is None else refused

    before = visit.session
    response = _or_code(visit, route, carry_out)
    if visit.session is not before:
        _set_cookie(visit, response)
    return response


def _or_code(visit: Visit, route: Route, act: Callable[[], Answered]) -> Answered | Response:
    """Returns what an act returns; a page with a code alone if it raises."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - its text could quote a record; only its code is shown and printed
        code = parts_of(error)[0]
        sys.stderr.write(f"dashboard: {code} in {route.name}\n")
        return _failed(visit, 500, code=code)


def _visit(dashboard: Dashboard, request: Request, form: FormData) -> Visit:
    session, account = signed_in(dashboard, request)
    menu = tuple(r for r in ROUTES if account is not None and account.may(r.menu))
    return Visit(dashboard, request, session, account, form, menu)


def _refuse_hurry(visit: Visit) -> Response | None:
    """Count a request, once; returns a refusal if its address makes too many."""
    address = visit.request.client.host if visit.request.client else ""
    return _failed(visit, 429) if visit.dashboard.attempts.is_too_many(address) else None


def _refuse(visit: Visit, route: Route) -> Response | None:
    """Returns why this person may not do this, or None."""
    if route.who != EVERYBODY and visit.account is None:
        return _to_sign_in(visit)
    if route.who != EVERYBODY and not visit.person.may(route.who):
        visit.log("act" if route.is_act else "view", route.name, _about(visit), "forbidden")
        return _failed(visit, 403)
    if route.issues and visit.request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return _failed(visit, 403, code="link_of_another")
    return None


def _refuse_foreign(visit: Visit) -> Response | None:
    return None if _is_own_form(visit) else _failed(visit, 403, code="form_of_another")


def _is_own_form(visit: Visit) -> bool:
    """Whether a form was made for this session, by a page of ours."""
    headers = visit.request.headers
    given = headers.get("x-csrf-token") or visit.entered("csrf")
    return (
        visit.session is not None
        and visit.session.is_token(given)
        and headers.get("origin", visit.dashboard.origin) == visit.dashboard.origin
        and headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    )


def _to_sign_in(visit: Visit) -> Response:
    if visit.request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if visit.request.method == "POST":
        return RedirectResponse("/sign-in", status_code=303)
    from urllib.parse import quote

    path = visit.request.url.path
    return RedirectResponse(f"/sign-in?next={quote(path, safe='')}", status_code=303)


def _carried_out(visit: Visit, route: Route) -> Response:
    """Carry a page or an act out; every act and every view of a personal record is in the access log first."""
    response = None
    try:
        response = route.page(visit)
    except NotFound:
        visit.result, response = "not_found", _failed(visit, 404)
    except RepriseError as error:
        visit.result = error.code
        status = 409 if isinstance(error, RefusedError) else 503
        response = _failed(visit, status, code=error.code, message=error.summary, advice=error.advice)
    finally:
        if route.is_act or route.personal:
            kind = "act" if route.is_act else "view"
            visit.log(kind, route.name, _about(visit), visit.result if response is not None else "failed")
    return response


def _about(visit: Visit) -> str:
    return visit.about or next((str(value)[:64] for value in visit.request.path_params.values()), "")


def _failed(visit: Visit, status: int, *, code: str = "", message: str = "", advice: str = "") -> Response:
    return visit.page(
        "error.html", status=status, error=str(status), code=code, message=message, advice=advice
    )


def _not_routed(dashboard: Dashboard) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if request.url.path.startswith("/api/"):
            return endpoint.problem(status)
        known = status if status in (404, 405, 413) else 400
        return await run_sync(_failed, _visit(dashboard, request, FormData()), known)

    return handler


def _set_cookie(visit: Visit, response: Response) -> None:
    session: Session | None = visit.session
    name, secure = visit.dashboard.session_cookie, visit.dashboard.secure
    if session is None:
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
    else:
        response.set_cookie(
            name,
            visit.dashboard.sessions.cookie_of(session),
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )
