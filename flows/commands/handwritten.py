"""`reprise authorise`, for an instruction signed by hand: record the page, inspect it, attest it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.admin import handwritten as pages
from flows.commands.apps import authorise
from flows.commands.authority import IdArgument
from flows.commands.documents import say_text, write_new
from flows.commands.shared import Acting, Proving, Shown, command


@command(authorise)
def handwritten(
    file: Annotated[Path, typer.Argument(help="The instruction that was printed.", show_default=False)],
    scan: Annotated[Path, typer.Option("--scan", help="The page signed by hand: PDF, PNG or JPEG.")],
    control: Proving,
) -> Shown:
    """Record an instruction signed by hand, if the site allows it; pending until a second operator attests it."""
    found = pages.record(control, file, scan)
    return Shown(
        {"authorisation": found, "state": "pending"},
        f"{found}\npending: a second operator looks at it (`reprise authorise scan {found} --to FILE`)"
        f" and attests it (`reprise authorise attest {found} --verified HOW --of DIGEST`)",
    )


@command(authorise)
def scan(
    authorisation: IdArgument,
    to: Annotated[Path, typer.Option("--to", help="Where to write the scanned page, for your eyes.")],
    control: Acting,
) -> None:
    """Print the text of a pending instruction and write its scanned page: what is to be attested, and the digest of both."""
    page = pages.pending(control, authorisation)
    write_new(to, page.scan)
    say_text(page.text)
    typer.echo(f"\nto attest both: --of {page.digest}")


@command(authorise)
def attest(
    authorisation: IdArgument,
    verified: Annotated[pages.Verification, typer.Option(help="How you verified the signature.")],
    of: Annotated[
        str,
        typer.Option(
            "--of",
            help="The digest of text and page, as `reprise authorise scan` prints it.",
            show_default=False,
        ),
    ],
    control: Proving,
) -> Shown:
    """Attest, as the second operator, that the signature on a pending page is the doctor's."""
    pages.attest(control, authorisation, verified, of)
    return Shown(
        {"authorisation": authorisation, "state": "attested"},
        f"attested: reprise migrate SOURCE --authorisation {authorisation} --to DIR",
    )
