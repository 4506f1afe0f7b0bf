"""`reprise account` and `reprise dashboard`: who signs in to the dashboard, and the dashboard itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.admin import accounts as acts
from flows.commands.apps import DASHBOARD_PORT, HOST, account, app
from flows.commands.shared import Acting, Examined, Looking, Shown, command, errors_console
from flows.session.control import Control
from schemas.errors import UnreadableSourceError
from vault.system.clock import format_utc

LoginArgument = Annotated[str, typer.Argument(help="The sign-in name.", show_default=False)]
RoleOption = Annotated[
    list[str],
    typer.Option(
        "--role", help="engineer, doctor, auditor, officer or administrator; several times for several."
    ),
]
PortOption = Annotated[int, typer.Option("--port", help="The port on this host.")]


@command(account)
def invite(
    login: LoginArgument,
    control: Acting,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", help="engineer, doctor, auditor, officer or administrator; several times for several."
        ),
    ] = None,
    who: Annotated[
        str | None, typer.Option("--for", help="The enrolled operator who acts with this account.")
    ] = None,
    doctor: Annotated[
        str | None, typer.Option(help="The doctor's id (`reprise subject list`), for the role of doctor.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="fr, nl, de or en; else the browser's.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Take password and passkeys away, and open the account anew.")
    ] = False,
    port: PortOption = DASHBOARD_PORT,
) -> Shown:
    """Make an account and print its one-time link, valid for three days; hand it over in person."""
    if again:
        made = acts.invite_again(control, login)
    else:
        made = acts.invite(control, login, tuple(role or ()), operator=who, doctor=doctor, language=language)
    link = f"{control.site.dashboard.url or f'http://localhost:{port}'}/invitation?token={made.token}"
    until = str(made.account.invited_until)
    return Shown(
        {"account": made.account.id, "link": link, "until": until},
        f"{link}\n  opens the account once, until {until}",
    )


@command(account, "list")
def list_accounts(control: Looking) -> Shown:
    """List the accounts: their roles, and whether somebody can sign in with them."""
    now = format_utc(control.clock.now())
    rows = [
        {
            "account": one.id,
            "login": one.login,
            "roles": [role.value for role in one.roles],
            "state": acts.state_of(one, now),
            "passkeys": len(one.passkeys),
            "password": one.password is not None,
        }
        for one in acts.list_accounts(control)
    ]
    lines = [f"{row['login']:<32} {row['state']:<8} {', '.join(map(str, _roles(row)))}" for row in rows]
    return Shown(rows, "\n".join(lines) or "no accounts: `reprise account invite`")


def _roles(row: dict[str, object]) -> list[str]:
    found = row["roles"]
    return [str(one) for one in found] if isinstance(found, list) else []


@command(account)
def roles(login: LoginArgument, role: RoleOption, control: Acting) -> Shown:
    """Give an account these roles and no others; its sessions end."""
    changed = acts.give_roles(control, login, tuple(role))
    given = [one.value for one in changed.roles]
    return Shown({"account": changed.id, "roles": given}, f"{changed.login}: {', '.join(given)}")


@command(account)
def token(
    login: LoginArgument,
    control: Acting,
    scope: Annotated[
        list[str],
        typer.Option("--scope", help="runs, proof, ledger, host or metrics; several times for several."),
    ],
    label: Annotated[str, typer.Option("--label", help="What the token is for.")],
    days: Annotated[int, typer.Option(help="How many days it is valid, at most 366.")] = 90,
) -> Shown:
    """Give a program a token of an account: it reads what the account may read, within the scopes. Shown once."""
    made, shown = acts.issue_token(control, login, tuple(scope), label, days)
    result = {"id": made.id, "token": shown, "scopes": list(made.scopes), "until": made.until}
    return Shown(result, f"{shown}\n  {', '.join(made.scopes)}, until {made.until}; it is nowhere kept")


@command(account)
def tokens(control: Looking) -> Shown:
    """List the tokens of programs: whose, what for, which scopes, until when."""
    rows = [
        {"login": one.login, "id": t.id, "name": t.name, "scopes": list(t.scopes), "until": t.until}
        for one in acts.list_accounts(control)
        for t in one.tokens
    ]
    lines = [f"{r['id']}  {r['until']}  {r['login']:<24} {r['name']}" for r in rows]
    return Shown(rows, "\n".join(lines) or "no tokens: `reprise account token`")


@command(account)
def revoke(
    login: LoginArgument,
    token_id: Annotated[str, typer.Argument(help="Its id (`reprise account tokens`).", show_default=False)],
    control: Acting,
) -> Shown:
    """End a program's token at once."""
    acts.revoke_token(control, login, token_id)
    return Shown({"id": token_id, "revoked": True}, f"{token_id}: revoked")


@command(account)
def close(login: LoginArgument, control: Acting) -> Shown:
    """Close an account: nobody signs in with it any more, and its sessions end."""
    closed = acts.close_account(control, login)
    return Shown({"account": closed.id, "closed": closed.closed}, f"{closed.login}: closed")


@command(app, panel=HOST)
def dashboard(
    home: Examined,
    port: PortOption = DASHBOARD_PORT,
    unit: Annotated[
        Path | None,
        typer.Option("--unit", help="Write the systemd unit there and start nothing."),
    ] = None,
) -> Shown | None:
    """Serve the dashboard on this host's loopback until interrupted; docs/dashboard.md says how to put TLS before it."""
    from dashboard.serve import origin_of, serve
    from dashboard.unit import dashboard_unit

    Control.open_to_look(home)
    if unit is not None:
        name, written = dashboard_unit(home, port)
        if not unit.is_dir():
            raise UnreadableSourceError("file_missing")
        (unit / name).write_text(written, encoding="utf-8")
        return Shown({"unit": str(unit / name)}, str(unit / name))
    errors_console.print(f"{origin_of(home, port)} (Ctrl-C ends it)", markup=False)
    serve(home, port)
    return None
