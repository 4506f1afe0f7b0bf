"""Commands about evidence: verify, open, ledger check, ledger export."""

from __future__ import annotations

import errno
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dashboard.export import export_pages
from flows.commands.documents import write_new
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    errors_console,
    guarded,
    home_path,
    home_to_examine,
    show,
)
from flows.lifecycle.run_views import list_runs
from flows.package.open_package import open_package as open_sealed
from schemas.errors import ForkError, HostileProofError, LedgerError, ProofError, UnanchoredError
from schemas.regular_file import read_regular, read_text
from vault.home.host_record import HostRecord
from vault.ledger.audit import audit
from vault.ledger.home_log import open_store
from vault.ledger.issued import issue_faults
from vault.ledger.log import FileLedger
from vault.ledger.notes import Checkpoint, VerifierKey, open_note
from vault.ledger.policy import format_policy
from vault.pki.timestamps import Stamps
from vault.proof.full_verifier import root_files, verify_fully
from vault.site import Site
from vault.system.clock import SystemClock, format_utc


@guarded
def verify(
    folder: Annotated[Path, typer.Argument(help="A proof folder.", show_default=False)],
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
    as_json: JsonOption = False,
) -> None:
    """Check a proof folder offline: against a policy; with roots, the signatures, whose they are, and the time stamps."""
    if not folder.exists():
        raise FileNotFoundError(errno.ENOENT, "")
    try:
        text = read_text(policy) if policy else None
    except UnicodeDecodeError:
        raise HostileProofError("policy_unreadable") from None
    found = verify_fully(folder, text, root_files(roots), root_files(tsa_roots))
    show(
        {**asdict(found), "words": found.words},
        as_json=as_json,
        text="\n".join(found.words),
    )
    for kind in (UnanchoredError, HostileProofError, ProofError):
        if found.exit == kind.exit_code:
            code = "no_policy_given" if kind is UnanchoredError else found.verdict.rpartition(" ")[2]
            raise kind(code, **({"file": found.file} if found.file else {}))


@guarded
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
    as_json: JsonOption = False,
) -> None:
    """Open a delivered package on the practice's side: check every part, unpack all into a new private folder.

    With --proof and --policy the package is also held against the run's proof: the same run, the same parts.
    """
    if (proof is None) != (policy is None):
        errors_console.print("Give --proof and --policy together.")
        raise typer.Exit(2)
    trusted = read_text(policy, lenient=True) if policy is not None else None
    secret = read_text(identity, lenient=True)
    opened = open_sealed(package, secret, into, proof, trusted)
    compared = (
        "These are the parts that the proof names, of the run that it names."
        if opened["compared_with_proof"]
        else "Not compared with a proof: who made this package was not checked (--proof DIR --policy FILE does)."
    )
    show(opened, as_json=as_json, text=f"{opened['files']} file(s) into {into}\n{compared}")


def _host_faults(home: Path, store: FileLedger) -> list[str]:
    """What this host remembers of a log that is whole in itself: a later or another head, or nothing although it should."""
    try:
        HostRecord.of(home, Site.load(home)).refuse_rollback(store)
    except LedgerError as fault:
        return [fault.code]
    return []


@guarded
def check(
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
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute the whole ledger from its entries, look for gaps, and hold it against heads and proofs kept elsewhere."""
    path = home_to_examine(home)
    store = open_store(path)
    key = VerifierKey.parse(store.vkey)
    heads = tuple(Checkpoint.parse(open_note(read_regular(kept), key)) for kept in head or [])
    stamps = Stamps(path)
    for stamp in stamps.kept():  # what an authority has seen, the log must extend
        stamps.verify(stamp.checkpoint, stamp.response)
        heads += (Checkpoint.parse(open_note(stamp.checkpoint, key)),)
    faults = audit(path / "ledger", key, SystemClock().now(), heads)
    faults += [fault for folder in proof or [] for fault in issue_faults(folder, store)]
    faults = faults or _host_faults(path, store)
    show(
        {"faults": faults}, as_json=as_json, text="The ledger is whole." if not faults else "\n".join(faults)
    )
    if faults:
        raise ForkError(faults[0], count=len(faults))


@guarded
def stamp_request(
    to: Annotated[Path, typer.Option("--to", help="Where to write the request (DER, .tsq).")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a time-stamp request (RFC 3161) over the present head; have an authority answer it."""
    path = home_path(home)
    store = open_store(path)
    with store.locked():
        size, checkpoint = store.head().size, store.checkpoint()
    write_new(to, Stamps(path).request(size, checkpoint))
    show({"size": size}, as_json=as_json, text=f"request over the head of {size} entries in {to}")


@guarded
def stamp(
    response: Annotated[Path, typer.Argument(help="The authority's answer (DER, .tsr).", show_default=False)],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep the answer to a request; from then on the log must extend that head."""
    size, moment = Stamps(home_path(home)).accept(read_regular(response), SystemClock().now())
    text = f"the head of {size} entries existed at {format_utc(moment)}, by an authority of trust/timestamps"
    show({"size": size, "at": format_utc(moment)}, as_json=as_json, text=text)


@guarded
def export(
    html: Annotated[Path, typer.Option("--html", help="Where to write the pages.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write static pages: every run, its authorisation, its deletion proof."""
    path = home_path(home)
    store = open_store(path)
    pages = export_pages(html, path, list_runs(path), store, format_policy(store.vkey))
    show({"pages": pages}, as_json=as_json, text=f"{pages} page(s) in {html}")
