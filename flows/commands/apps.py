"""The command line's groups: `reprise`, `reprise authorise`, and so on. The modules of this package add commands to them."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

BEFORE, RUNS, AFTERWARDS, HOST, TRY = (
    "Before a migration",
    "Runs",
    "Afterwards",
    "The host",
    "Try it",
)
"""The panels of `reprise --help`, as README.md groups the commands."""
DASHBOARD_PORT = 8710
"""Where the dashboard listens on this host, unless it is told another port."""
_COMMAND_ORDER = (
    *("create", "enrol", "trust", "recipient", "destination", "authorise", "intake"),
    *("probe", "rehearse", "migrate", "order", "orders", "runs", "status", "resume", "abandon"),
    *("confirm", "custody", "certificate", "verify", "open", "describe", "proof", "subject", "ledger"),
    *(
        "install-sweep",
        "sweep",
        "notices",
        "worker",
        "dashboard",
        "account",
        "doctor",
        "backup",
        "restore",
        "accept-rollback",
        "completion",
    ),
    *("demo", "trial"),
)


class _InOrder(TyperGroup):
    """Lists the commands in the order of work, whichever module was imported first."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of `reprise --help`."""
        return sorted(super().list_commands(ctx), key=_COMMAND_ORDER.index)


def _group(about: str) -> typer.Typer:
    return typer.Typer(no_args_is_help=True, help=about)


app = typer.Typer(
    name="reprise",
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback could quote data
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Move a Belgian doctor's records into Medinect, and prove what was authorised and destroyed.",
    epilog="Exit codes: docs/exit-codes.md. What carries a run ends with 0 only when it is certified.",
)
authorise = _group("Draft, check, record, list, show and withdraw instructions.")
enrol = _group("Enrol doctors and mandates (who signs), operators (who acts); attest.")
recipient = _group("Who can open packages: keys whose holders proved it.")
subject = _group("What is kept of people: list it, show it, erase it.")
trust = _group("What signatures and time stamps are checked against.")
proof = _group("Proofs of ended runs: issue them anew, zip them, and the page that checks them.")
ledger = _group("Check the ledger, have its heads seen by others, export it as static pages.")
intake = _group("One-time keys to which a practice seals its export before it sends it.")
orders = _group("Orders that wait to be triggered: list them, cancel one.")
account = _group("Accounts of the people who sign in to the dashboard: invite, list, give roles, close.")
destination = _group("Servers that packages may go to: declare, list, check, remove.")

for _group_app, _name, _panel in (
    (enrol, "enrol", BEFORE),
    (trust, "trust", BEFORE),
    (recipient, "recipient", BEFORE),
    (destination, "destination", BEFORE),
    (authorise, "authorise", BEFORE),
    (intake, "intake", BEFORE),
    (orders, "orders", RUNS),
    (account, "account", HOST),
    (proof, "proof", AFTERWARDS),
    (subject, "subject", AFTERWARDS),
    (ledger, "ledger", AFTERWARDS),
):
    app.add_typer(_group_app, name=_name, rich_help_panel=_panel)
