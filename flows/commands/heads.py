"""Commands about external evidence: stamps on heads and signatures, cosignatures, kept heads, reissued proof folders."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from flows.admin import ledger as ledgers
from flows.admin import stamps
from flows.commands.apps import AFTERWARDS, app, authorise, ledger, proof
from flows.commands.documents import refuse_existing, write_new
from flows.commands.shared import Examined, Looking, Shown, command
from flows.lifecycle.proof import certificate_pages, refresh_proof
from flows.views import index_check
from schemas.errors import IntegrityError
from schemas.regular_file import read_regular
from vault.proof.folder import zip_files
from vault.proof.programs import verify_page

RequestOption = Annotated[Path, typer.Option("--to", help="Where to write the request (DER, .tsq).")]
ResponseArgument = Annotated[
    Path, typer.Argument(help="The authority's answer (DER, .tsr).", show_default=False)
]
IdArgument = Annotated[str, typer.Argument(help="An authorisation's id.", show_default=False)]


@command(authorise, "stamp-request")
def request_over_signature(authorisation: IdArgument, to: RequestOption, control: Looking) -> Shown:
    """Write a time-stamp request (RFC 3161) over the doctor's signature; TO, TO.1, ... when several signed."""
    requests = stamps.requests_for_signatures(control, authorisation)
    for number, request in enumerate(requests):
        write_new(to.with_name(f"{to.name}.{number}") if number else to, request)
    return Shown({"requests": len(requests)}, f"{len(requests)} request(s) over signatures in {to}")


@command(authorise, "stamp")
def stamp_signature(authorisation: IdArgument, response: ResponseArgument, control: Looking) -> Shown:
    """Keep the answer to a request over the doctor's signature, sealed with it; new proof folders carry it."""
    name, moment = stamps.accept_for_signature(control, authorisation, read_regular(response))
    text = f"{name} existed at {moment}, by an authority of trust/timestamps"
    return Shown({"signature": name, "at": moment}, text)


@command(ledger, "stamp-request")
def request_over_head(to: RequestOption, control: Looking) -> Shown:
    """Write a time-stamp request (RFC 3161) over the present head; have an authority answer it."""
    size, request = stamps.request_for_head(control)
    write_new(to, request)
    return Shown({"size": size}, f"request over the head of {size} entries in {to}")


@command(ledger, "stamp")
def stamp_head(response: ResponseArgument, control: Looking) -> Shown:
    """Keep the answer to a request; from then on the log must extend that head."""
    size, moment = stamps.accept_for_head(control, read_regular(response))
    text = f"the head of {size} entries existed at {moment}, by an authority of trust/timestamps"
    return Shown({"size": size, "at": moment}, text)


@command(ledger)
def index(
    control: Looking,
    check: Annotated[
        bool, typer.Option("--check", help="Compare it with a new one in memory, and change nothing.")
    ] = False,
) -> Shown:
    """Make the index anew that pages and monitoring read (`index/` of the home); it also follows the ledger by itself."""
    found = index_check.check(control) if check else index_check.rebuild(control)
    text = f"{found.entries} entries, {found.settled} runs with a certificate, {found.live} without"
    failure = IntegrityError("index_differs", count=found.differing) if found.differing else None
    return Shown(asdict(found), text, failure)


@command(ledger)
def consistency(
    head: Annotated[Path, typer.Option("--head", help="A checkpoint kept from before.")],
    to: Annotated[
        Path, typer.Option("--to", help="Where to write the proof; the present head goes beside it.")
    ],
    control: Looking,
) -> Shown:
    """Prove that the log only grew since a head that somebody kept (RFC 9162: base64, one hash a line)."""
    grown = ledgers.growth(control, read_regular(head))
    beside = to.with_name(f"{to.name}.checkpoint")
    refuse_existing(beside)
    write_new(to, grown.proof)
    write_new(beside, grown.head)
    return Shown(
        {"from": grown.old, "to": grown.size, "hashes": grown.hashes},
        f"from {grown.old} to {grown.size} entries: {grown.hashes} hash(es) in {to.name}, the head in {beside.name}",
    )


@command(ledger)
def cosign(
    note: Annotated[Path, typer.Argument(help="The head as the witness signed it.", show_default=False)],
    control: Looking,
) -> Shown:
    """Add a witness's cosignature to the present head; have a head cosigned first and stamped after."""
    fresh = ledgers.cosign(control, read_regular(note))
    return Shown({"added": fresh}, f"{fresh} cosignature line(s) added")


@command(app, panel=AFTERWARDS)
def certificate(
    run: Annotated[str, typer.Argument(help="The run's id.", show_default=False)],
    to: Annotated[Path, typer.Option("--to", help="A new folder for certificate.pdf and certificate.html.")],
    home: Examined,
) -> Shown:
    """Write a certificate for its practice: with the names in the instruction, or without once they were erased.

    What others get is the proof; its certificate has no names.
    """
    pages = certificate_pages(home, run)
    refuse_existing(to)
    to.mkdir(mode=0o700)
    for name, data in pages.files.items():
        write_new(to / name, data)
    told = "with names: for the practice alone" if pages.named else "without names: they were erased"
    return Shown({"folder": str(to), "named": pages.named}, f"{told}: {to}")


@command(proof)
def refresh(
    run: Annotated[str, typer.Argument(help="A run's id, or its folder.", show_default=False)], home: Examined
) -> Shown:
    """Issue a run's proof folder anew: newest stamped head, time stamps, proofs that the log only grew since."""
    found = refresh_proof(home, run)
    lines = [
        f"{found.proof}: proven in the head of {found.size} entries",
        (
            f"  the head is {'stamped' if found.stamped else 'not stamped'};"
            f" {found.signatures_stamped} signature(s) stamped; grown from {found.earlier_heads} earlier head(s)"
        ),
    ]
    return Shown(found, "\n".join(lines))


@command(proof)
def page(to: Annotated[Path, typer.Option("--to", help="Where to write the page.")]) -> Shown:
    """Write verify.html, the page on which anybody checks a proof in a browser: one file, no network."""
    data = verify_page()
    write_new(to, data)
    digest = sha256(data).hexdigest()
    return Shown({"sha256": digest, "bytes": len(data)}, f"{to.name}: SHA-256 {digest}")


@command(proof, "zip")
def write_zip(
    folder: Annotated[Path, typer.Argument(help="A proof folder.", show_default=False)],
    to: Annotated[Path, typer.Option("--to", help="Where to write the zip.")],
) -> Shown:
    """Write a proof folder as the one zip that verifiers take; it names the doctor where the folder does."""
    data = zip_files(folder)
    write_new(to, data)
    return Shown(
        {"sha256": sha256(data).hexdigest(), "bytes": len(data)}, f"{len(data)} byte(s) in {to.name}"
    )
