"""Commands about evidence: verify, open, and the ledger's policy, check and pages."""

from __future__ import annotations

import errno
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.admin import ledger as ledgers
from flows.commands.apps import AFTERWARDS, app, ledger
from flows.commands.shared import Examined, Looking, Shown, command, errors_console
from schemas.errors import ForkError, HostileProofError, ProofError, RepriseError, UnanchoredError
from schemas.regular_file import read_regular, read_text

if TYPE_CHECKING:
    from vault.proof.full_verifier import Finding


@command(app, panel=AFTERWARDS)
def verify(
    folder: Annotated[Path, typer.Argument(help="A proof folder, or its zip.", show_default=False)],
    policy: Annotated[
        Path | None, typer.Option("--policy", help="The trust anchor, obtained elsewhere.")
    ] = None,
    roots: Annotated[
        Path | None,
        typer.Option("--roots", help="Root certificates to check the signatures with (file or folder)."),
    ] = None,
    tsa_roots: Annotated[
        Path | None,
        typer.Option("--tsa-roots", help="Roots of time-stamp authorities, PEM (file or folder)."),
    ] = None,
) -> Shown:
    """Check a proof offline: against a policy; with roots, the signatures, whose they are, and the time stamps."""
    from vault.proof.full_verifier import root_files, verify_fully

    if not folder.exists():
        raise FileNotFoundError(errno.ENOENT, "")
    try:
        text = read_text(policy) if policy else None
    except UnicodeDecodeError:
        raise HostileProofError("policy_unreadable") from None
    found = verify_fully(folder, text, root_files(roots), root_files(tsa_roots))
    return Shown({**asdict(found), "words": found.words}, "\n".join(found.words), _refusal(found))


def _refusal(found: Finding) -> RepriseError | None:
    for kind in (UnanchoredError, HostileProofError, ProofError):
        if found.exit == kind.exit_code:
            code = "no_policy_given" if kind is UnanchoredError else found.verdict.rpartition(" ")[2]
            return kind(code, **({"file": found.file} if found.file else {}))
    return None


@command(app, "open", panel=AFTERWARDS)
def open_package(
    package: Annotated[Path, typer.Argument(help="The delivered folder.", show_default=False)],
    identity: Annotated[Path, typer.Option("--identity", help="An age identity file.")],
    into: Annotated[
        Path, typer.Option("--into", help="The folder to make, for you alone; not there yet, or empty.")
    ],
    proof: Annotated[
        Path | None, typer.Option("--proof", help="The run's proof folder: is this the package it tells of?")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="The policy to check that proof with, from elsewhere.")
    ] = None,
) -> Shown:
    """Open a delivered package on the practice's side: check every part, unpack all into a new private folder.

    With --proof and --policy the package is also held against the run's proof: the same run, the same parts.
    """
    from flows.package.open_package import open_package as open_sealed

    if (proof is None) != (policy is None):
        errors_console.print("Give --proof and --policy together.")
        raise typer.Exit(2)
    trusted = read_text(policy, lenient=True) if policy is not None else None
    opened = open_sealed(package, read_text(identity, lenient=True), into, proof, trusted)
    compared = (
        "These are the parts that the proof names, of the run that it names."
        if opened["compared_with_proof"]
        else "Not compared with a proof: who made this package was not checked (--proof DIR --policy FILE does)."
    )
    return Shown(opened, f"{opened['files']} file(s) into {into}\n{compared}")


@command(ledger)
def check(
    home: Examined,
    head: Annotated[
        list[Path] | None,
        typer.Option(
            "--head", help="A checkpoint kept from before (a proof folder's): the log must extend it."
        ),
    ] = None,
    proof: Annotated[
        list[Path] | None,
        typer.Option("--proof", help="A proof folder: it verifies, and the log has its issuing."),
    ] = None,
) -> Shown:
    """Recompute the whole ledger from its entries, look for gaps, and hold it against heads and proofs kept elsewhere."""
    faults = ledgers.faults(home, [read_regular(kept) for kept in head or []], proof or [])
    return Shown(
        {"faults": faults},
        "\n".join(faults) or "The ledger is whole.",
        ForkError(faults[0], count=len(faults)) if faults else None,
    )


@command(ledger, "policy")
def show_policy(control: Looking) -> Shown:
    """Print the policy by which anybody checks this ledger's proofs; hand it out by another way than they came by."""
    text = ledgers.policy(control)
    return Shown({"policy": text}, text.rstrip("\n"))


@command(ledger)
def export(
    html: Annotated[Path, typer.Option("--html", help="Where to write the pages.")], control: Looking
) -> Shown:
    """Write static pages: every run, its authorisation, its deletion proof."""
    from dashboard.export import write_pages

    pages = write_pages(control, html)
    return Shown({"pages": pages}, f"{pages} page(s) in {html}")
