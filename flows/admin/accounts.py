"""Invites, changes and closes accounts of the dashboard, and issues tokens for programs, as acts of an operator."""

from __future__ import annotations

from dataclasses import dataclass

from flows.session.acts import act
from flows.session.control import Control
from schemas.errors import AccountError
from schemas.roles import Role, Scope
from vault.accounts.account import INVITATION_HOURS as INVITATION_HOURS  # noqa: PLC0414 - part of what `invite` promises
from vault.accounts.account import Account, Accounts, Token
from vault.ledger.entries import EntryType
from vault.records.operators import find_operator


@dataclass(frozen=True)
class Invitation:
    """An invited account, and the token of its one-time link."""

    account: Account
    token: str


def invite(
    control: Control,
    login: str,
    roles: tuple[str, ...],
    *,
    operator: str | None = None,
    doctor: str | None = None,
    language: str | None = None,
) -> Invitation:
    """Create an account for an operator (by name), a doctor (by id) or neither. Raises AccountError, OperatorError."""
    with act(control, EntryType.ACCOUNT_INVITED, "invited"):
        account, token = Accounts(control.home).invite(
            login,
            roles_of(roles),
            control.clock.now(),
            operator_id=find_operator(control.home, operator).id if operator else None,
            doctor_id=doctor,
            language=language,
        )
    return Invitation(account, token)


def invite_again(control: Control, login: str) -> Invitation:
    """Remove every means of signing in to an account, and invite its person again. Raises AccountError (account_unknown)."""
    with act(control, EntryType.ACCOUNT_INVITED, "invited_again"):
        account, token = Accounts(control.home).invite_again(_find(control, login).id, control.clock.now())
    return Invitation(account, token)


def close_account(control: Control, login: str) -> Account:
    """Close an account. Raises AccountError: account_unknown, own_account."""
    with act(control, EntryType.ACCOUNT_CHANGED, "closed"):
        account = _of_somebody_else(control, login)
        return Accounts(control.home).close(account.id, control.clock.now())


def give_roles(control: Control, login: str, roles: tuple[str, ...]) -> Account:
    """Give an account these roles and no others. Raises AccountError: account_unknown, own_account, and those of `invite`."""
    with act(control, EntryType.ACCOUNT_CHANGED, "roles"):
        account = _of_somebody_else(control, login)
        return Accounts(control.home).set_roles(account.id, roles_of(roles))


def issue_token(
    control: Control, login: str, scopes: tuple[str, ...], name: str, days: int
) -> tuple[Token, str]:
    """Issue a token of an account for a program. Return it with the text that the program sends. Raises AccountError."""
    with act(control, EntryType.ACCOUNT_CHANGED, "token_issued"):
        if not set(scopes) <= set(Scope):
            raise AccountError("scope_not_known")
        wanted, account = tuple(Scope(scope) for scope in scopes), _find(control, login)
        return Accounts(control.home).add_token(account.id, name, wanted, days, control.clock.now())


def revoke_token(control: Control, login: str, token: str) -> Account:
    """Remove a token. Raises AccountError: account_unknown, token_unknown."""
    with act(control, EntryType.ACCOUNT_CHANGED, "token_revoked"):
        return Accounts(control.home).drop_token(_find(control, login).id, token)


def list_accounts(control: Control) -> list[Account]:
    """Return every account, oldest first."""
    return Accounts(control.home).all()


def roles_of(names: tuple[str, ...]) -> tuple[Role, ...]:
    """Parse roles. Raises AccountError (role_not_known)."""
    if not set(names) <= set(Role):
        raise AccountError("role_not_known")
    return tuple(Role(name) for name in names)


def state_of(account: Account, moment: str) -> str:
    """Return open, invited, lapsed (its invitation was not accepted in time) or closed."""
    if account.closed is not None:
        return "closed"
    if account.usable:
        return "open"
    return "invited" if account.invitation and moment < str(account.invited_until) else "lapsed"


def _find(control: Control, login: str) -> Account:
    account = Accounts(control.home).find(login)
    if account is None:
        raise AccountError("account_unknown")
    return account


def _of_somebody_else(control: Control, login: str) -> Account:
    account = _find(control, login)
    if account.operator_id == control.person.id:
        raise AccountError("own_account")
    return account
