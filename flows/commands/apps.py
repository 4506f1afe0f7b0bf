"""The command line's groups: `reprise`, `reprise authorise`, and so on. Modules of this package add their commands to them."""

from __future__ import annotations

import typer


def _group(about: str) -> typer.Typer:
    return typer.Typer(no_args_is_help=True, help=about)


app = typer.Typer(
    name="reprise",
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
proof = _group("Proof folders of ended runs: issue them anew.")
ledger = _group("Check the ledger, have its heads seen by others, export it as static pages.")
intake = _group("One-time keys to which a practice seals its export before it sends it.")
orders = _group("Orders that wait to be triggered: list them, cancel one.")
destination = _group("Servers that packages may go to: declare, list, check, remove.")

BEFORE, RUNS, AFTERWARDS, HOST, TRY = (
    "Before a migration",
    "Runs",
    "Afterwards",
    "The host",
    "Try it",
)
"""The panels of `reprise --help`, as README.md groups the commands."""
