"""Signing in: by password, by passkey, through the site's provider; the invitation; signing out."""

from __future__ import annotations

import base64
import os

from starlette.responses import JSONResponse, Response

from dashboard.visit import Visit, local
from schemas.errors import AccountError
from schemas.roles import Role
from schemas.texts import text
from vault.accounts.account import Account
from vault.accounts.passkeys import authentication_options, passkey_named_in, sign_count_of
from vault.accounts.passwords import digest_of, is_right

CHALLENGE, TO_PROVIDER, INVITED, NEXT = "challenge", "provider", "invited", "next"


def show(visit: Visit) -> Response:
    """The form to sign in."""
    if visit.account is not None:
        return visit.go("/")
    visit.begin_session()
    return _form(visit, local(visit.asked("next")))


def by_password(visit: Visit) -> Response:
    """Sign in with name and password. Whether the name, the password or the account is wrong is not said."""
    login, back = visit.entered("login").lower(), local(visit.entered("next"))
    account = visit.dashboard.accounts.find(login)
    who = {"account": visit.dashboard.accounts.identify(login), "address": _address(visit)}
    visit.about = account.id if account else ""
    wait = visit.dashboard.attempts.wait_seconds(**who)
    if wait:
        return _form(visit, back, wait=wait, login=login, status=429)
    given = str(visit.form.get("password", ""))
    right = is_right(account.password if account else None, given)
    if account is None or not right or not account.usable:
        visit.dashboard.attempts.failed(**who)
        visit.result = "wrong"
        return _form(
            visit,
            back,
            login=login,
            status=401,
            error=text(visit.language, "dashboard.sign_in.wrong"),
        )
    visit.dashboard.attempts.succeeded(account.id)
    return _signed_in(visit, account, "password", back)


def passkey_options(visit: Visit) -> Response:
    """What the browser needs to ask an authenticator."""
    return Response(
        authentication_options(visit.dashboard.rp_id, _challenge(visit)), media_type="application/json"
    )


def by_passkey(visit: Visit) -> Response:
    """Sign in with a passkey."""
    answer, kept = str(visit.form.get("answer", "")), visit.begin_session().take(CHALLENGE)
    account = visit.dashboard.accounts.of_passkey(passkey_named_in(answer))
    who = {"address": _address(visit)}
    if visit.dashboard.attempts.wait_seconds(**who):
        return JSONResponse({"error": text(visit.language, "dashboard.error.429")}, status_code=429)
    try:
        if account is None or kept is None or not account.usable:
            raise AccountError("passkey_refused")
        count = sign_count_of(
            answer,
            account=account,
            rp_id=visit.dashboard.rp_id,
            origin=visit.dashboard.origin,
            challenge=base64.b64decode(kept),
        )
    except AccountError:
        visit.dashboard.attempts.failed(**who)
        visit.result, visit.about = "wrong", account.id if account else ""
        return JSONResponse(
            {"error": text(visit.language, "dashboard.sign_in.passkey_refused")}, status_code=401
        )
    account = visit.dashboard.accounts.count_use(account.id, passkey_named_in(answer), count)
    _signed_in(visit, account, "passkey", "/")
    return JSONResponse({"go": local(visit.entered("next"))})


def go_to_provider(visit: Visit) -> Response:
    """Send the browser to the site's provider, remembering an invitation that it accepts there.

    By a page and no redirection: browsers hold `form-action 'self'` against a form that is redirected elsewhere.
    """
    provider, session = visit.dashboard.provider, visit.begin_session()
    if provider is None:
        raise AccountError("provider_refused")
    place, kept = provider.begin()
    session.keep(TO_PROVIDER, kept)
    session.keep(NEXT, local(visit.entered("next")))
    if token := visit.entered("invitation"):
        session.keep(INVITED, token)
    return visit.page("to_provider.html", place=place, provider=provider.name)


def back_from_provider(visit: Visit) -> Response:
    """Sign in as the account that is connected with the person at the provider."""
    provider, session = visit.dashboard.provider, visit.begin_session()
    if provider is None:
        raise AccountError("provider_refused")
    kept, token = session.take(TO_PROVIDER), session.take(INVITED)
    identity = provider.finish(kept, visit.request.query_params)
    accounts = visit.dashboard.accounts
    invited = accounts.of_invitation(token, visit.dashboard.clock.now()) if token else None
    account = accounts.connect(invited.id, identity) if invited else accounts.of_identity(identity)
    if account is None or not account.usable:
        visit.result = "unknown"
        return _form(visit, "/", status=401, error=text(visit.language, "dashboard.sign_in.not_connected"))
    return _signed_in(visit, account, "provider", session.take(NEXT) or "/")


def show_invitation(visit: Visit) -> Response:
    """The form on which an invited person chooses how to sign in."""
    visit.begin_session()
    token = visit.asked("token")
    account = visit.dashboard.accounts.of_invitation(token, visit.dashboard.clock.now())
    return _invitation(visit, account, token)


def accept_invitation(visit: Visit) -> Response:
    """Set the first password of an invited account and sign in; a passkey is added on the next page."""
    token = visit.entered("token")
    account = visit.dashboard.accounts.of_invitation(token, visit.dashboard.clock.now())
    if account is None:
        return _invitation(visit, None, token, status=410)
    visit.about = account.id
    first, second = str(visit.form.get("password", "")), str(visit.form.get("again", ""))
    try:
        if first != second:
            error = text(visit.language, "dashboard.password.differ")
        else:
            digest = digest_of(first, account.login)
            account = visit.dashboard.accounts.set_password(account.id, digest)
            return _signed_in(visit, account, "password", "/account?new=1")
    except AccountError as refused:
        error = text(visit.language, f"dashboard.refused.{refused.code}")
    return _invitation(visit, account, token, status=422, error=error)


def sign_out(visit: Visit) -> Response:
    """End the session."""
    if visit.session is not None:
        visit.dashboard.sessions.end(visit.session)
    visit.session = None
    return visit.go("/sign-in")


def _form(
    visit: Visit, back: str, *, status: int = 200, error: str = "", wait: int = 0, login: str = ""
) -> Response:
    return visit.page(
        "sign_in.html",
        status=status,
        next=back,
        error=error,
        wait=wait,
        login=login,
        provider=visit.dashboard.provider.name if visit.dashboard.provider else "",
    )


def _invitation(
    visit: Visit, account: Account | None, token: str, *, status: int = 200, error: str = ""
) -> Response:
    return visit.page(
        "invitation.html",
        status=410 if account is None else status,
        invited=account,
        token=token,
        error=error,
        provider=visit.dashboard.provider.name if visit.dashboard.provider else "",
    )


def _signed_in(visit: Visit, account: Account, by: str, back: str) -> Response:
    visit.session = visit.dashboard.sessions.sign_in(visit.session, account, by)
    visit.account = account
    visit.about = account.id
    if back == "/" and account.roles == (Role.ADMINISTRATOR,):
        back = "/accounts"
    return visit.go(back)


def _challenge(visit: Visit) -> bytes:
    challenge = os.urandom(32)
    visit.begin_session().keep(CHALLENGE, base64.b64encode(challenge).decode())
    return challenge


def _address(visit: Visit) -> str:
    return visit.request.client.host if visit.request.client else ""
