"""A person's own account: password, passkeys, what it may do."""

from __future__ import annotations

import base64
import os

from starlette.responses import JSONResponse, Response

from dashboard.pages.sign_in import CHALLENGE
from dashboard.visit import Visit
from schemas.errors import AccountError
from schemas.texts import text
from vault.accounts.account import Account
from vault.accounts.passkeys import registered, registration_options
from vault.accounts.passwords import digest_of, is_right


def show(visit: Visit) -> Response:
    """The account."""
    return _page(visit)


def change_password(visit: Visit) -> Response:
    """Replace the password; who has one gives it first."""
    person, attempts = visit.person, visit.dashboard.attempts
    visit.about = person.id
    present, first, second = (str(visit.form.get(n, "")) for n in ("present", "password", "again"))
    if wait := attempts.wait_seconds(account=person.id):
        return _page(
            visit, status=429, error=text(visit.language, "dashboard.sign_in.wait", seconds=str(wait))
        )
    if person.password is not None and not is_right(person.password, present):
        attempts.failed(account=person.id)
        return _page(visit, status=422, error=text(visit.language, "dashboard.password.present_wrong"))
    if first != second:
        return _page(visit, status=422, error=text(visit.language, "dashboard.password.differ"))
    try:
        changed = visit.dashboard.accounts.set_password(person.id, digest_of(first, person.login))
    except AccountError as refused:
        return _page(visit, status=422, error=text(visit.language, f"dashboard.refused.{refused.code}"))
    return _go_on(visit, changed)


def drop_password(visit: Visit) -> Response:
    """Remove the password: from then on only passkeys or the provider sign in."""
    visit.about = visit.person.id
    try:
        return _go_on(visit, visit.dashboard.accounts.drop_password(visit.person.id))
    except AccountError as refused:
        return _page(visit, status=422, error=text(visit.language, f"dashboard.refused.{refused.code}"))


def passkey_options(visit: Visit) -> Response:
    """What the browser needs to make a passkey."""
    challenge = os.urandom(32)
    visit.begin_session().keep(CHALLENGE, base64.b64encode(challenge).decode())
    options = registration_options(visit.person, visit.dashboard.rp_id, challenge)
    return Response(options, media_type="application/json")


def add_passkey(visit: Visit) -> Response:
    """Add the passkey that an authenticator made."""
    visit.about = visit.person.id
    kept = visit.begin_session().take(CHALLENGE)
    try:
        if kept is None:
            raise AccountError("passkey_refused")
        passkey = registered(
            str(visit.form.get("answer", "")),
            rp_id=visit.dashboard.rp_id,
            origin=visit.dashboard.origin,
            challenge=base64.b64decode(kept),
            name=visit.entered("name"),
            moment=visit.dashboard.clock.now(),
        )
        visit.dashboard.accounts.add_passkey(visit.person.id, passkey)
    except AccountError as refused:
        return JSONResponse(
            {"error": text(visit.language, f"dashboard.refused.{refused.code}")}, status_code=422
        )
    return JSONResponse({"go": "/account"})


def drop_passkey(visit: Visit) -> Response:
    """Remove a passkey."""
    visit.about = visit.person.id
    try:
        return _go_on(visit, visit.dashboard.accounts.drop_passkey(visit.person.id, visit.entered("passkey")))
    except AccountError as refused:
        return _page(visit, status=422, error=text(visit.language, f"dashboard.refused.{refused.code}"))


def _go_on(visit: Visit, changed: Account) -> Response:
    """Every other session of the account has ended; this one goes on under a new name."""
    by = visit.session.by if visit.session else ""
    visit.session = visit.dashboard.sessions.sign_in(visit.session, changed, by)
    return visit.go("/account?done=1")


def _page(visit: Visit, *, status: int = 200, error: str = "") -> Response:
    return visit.page(
        "account.html",
        status=status,
        account=visit.person,
        error=error,
        done=visit.asked("done") == "1",
        new=visit.asked("new") == "1",
    )
