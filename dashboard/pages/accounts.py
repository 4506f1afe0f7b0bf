"""Accounts, for administrators: who may sign in, invitations, roles."""

from __future__ import annotations

from starlette.responses import Response

from dashboard.visit import Visit
from flows.admin import accounts as acts
from flows.views.names import doctors, name_of
from schemas.errors import AccountError, OperatorError
from schemas.roles import Role
from schemas.texts import LANGUAGES, text
from vault.system.clock import format_utc


def show(visit: Visit) -> Response:
    """The accounts, and the form that invites."""
    return _page(visit)


def invite(visit: Visit) -> Response:
    """Invite a person; the link is shown once, to be handed over in person or by another channel."""
    entered = {name: visit.entered(name) for name in ("login", "operator", "doctor", "language")}
    roles = tuple(str(one) for one in visit.form.getlist("role"))
    try:
        made = acts.invite(
            visit.acting(),
            entered["login"],
            roles,
            operator=entered["operator"] or None,
            doctor=entered["doctor"] or None,
            language=entered["language"] or None,
        )
    except (AccountError, OperatorError) as refused:
        error = text(visit.language, f"dashboard.refused.{refused.code}")
        field = _FIELDS.get(refused.code, "login")
        return _page(
            visit, status=422, errors={field: error}, code=refused.code, entered=entered, roles=roles
        )
    visit.about = made.account.id
    return _page(visit, invitation=made)


def invite_again(visit: Visit) -> Response:
    """Withdraw every means of signing in to an account, and show a new link."""
    made = acts.invite_again(visit.acting(), visit.entered("login"))
    visit.about = made.account.id
    return _page(visit, invitation=made)


def give_roles(visit: Visit) -> Response:
    """Give an account these roles and no others."""
    roles = tuple(str(one) for one in visit.form.getlist("role"))
    visit.about = acts.give_roles(visit.acting(), visit.entered("login"), roles).id
    return visit.go("/accounts")


def close(visit: Visit) -> Response:
    """Close an account."""
    visit.about = acts.close_account(visit.acting(), visit.entered("login")).id
    return visit.go("/accounts")


_FIELDS = {
    "account_without_role": "role",
    "role_not_known": "role",
    "account_needs_operator": "operator",
    "operator_not_enrolled": "operator",
    "no_operator": "operator",
    "account_needs_doctor": "doctor",
    "language_unknown": "language",
}
"""The field of the form that a refusal is about."""


def _page(
    visit: Visit,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    code: str = "",
    entered: dict[str, str] | None = None,
    roles: tuple[str, ...] = (),
    invitation: acts.Invitation | None = None,
) -> Response:
    control, now = visit.look(), format_utc(visit.dashboard.clock.now())
    rows = []
    for one in acts.list_accounts(control):
        person = one.operator_id or one.doctor_id
        name = name_of(control, person) if person else None
        rows.append({"account": one, "state": acts.state_of(one, now), "name": name})
    link = f"{visit.dashboard.origin}/invitation?token={invitation.token}" if invitation else ""
    return visit.page(
        "accounts.html",
        status=status,
        rows=rows,
        all_roles=tuple(Role),
        all_languages=LANGUAGES,
        doctors={one: name_of(control, one) for one in doctors(control)},
        errors=errors or {},
        code=code,
        entered=entered or {},
        roles=roles,
        link=link,
        invited=invitation.account if invitation else None,
    )
