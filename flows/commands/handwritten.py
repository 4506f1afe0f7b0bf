"""Commands for an instruction signed by hand: record the page, look at it, attest it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.authority import IdArgument
from flows.commands.documents import say_text, write_new
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.lifecycle.evidence import read_evidence
from flows.session.control import Control
from schemas.errors import LimitExceededError
from schemas.regular_file import read_regular
from vault.authorisation.handwritten import MAX_SCAN_BYTES, Verification
from vault.authorisation.record_handwritten import attest_by_hand, pending_page, record_by_hand
from vault.ledger.entries import EntryType


@guarded
def handwritten(
    file: Annotated[Path, typer.Argument(help="The instruction that was printed.", show_default=False)],
    scan: Annotated[Path, typer.Option("--scan", help="The page signed by hand: PDF, PNG or JPEG.")],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record an instruction signed by hand, if the site allows it; pending until a second operator attests it."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    signed = read_evidence(file)
    if scan.stat().st_size > MAX_SCAN_BYTES:
        raise LimitExceededError("scan_too_large", limit=MAX_SCAN_BYTES)
    found = record_by_hand(
        path,
        control.site,
        signed.document,
        read_regular(scan),
        control.person,
        control.clock,
        signed.patients,
    )
    control.record(EntryType.AUTHORISATION_HANDWRITTEN, None, "pending")
    show(
        {"authorisation": found, "state": "pending"},
        as_json=as_json,
        text=f"{found}\npending: a second operator looks at it (`reprise authorise scan {found} --to FILE`)"
        f" and attests it (`reprise authorise attest {found}`)",
    )


@guarded
def scan(
    authorisation: IdArgument,
    to: Annotated[Path, typer.Option("--to", help="Where to write the scanned page, for your eyes.")],
    home: HomeOption = None,
    operator: OperatorOption = None,
) -> None:
    """Print the text of a pending instruction and write its scanned page: what is to be attested."""
    path = home_path(home)
    Control.open(path, operator_name(operator))
    text, _, page = pending_page(path, authorisation)
    write_new(to, page)
    say_text(text)


@guarded
def attest(
    authorisation: IdArgument,
    verified: Annotated[Verification, typer.Option(help="How you verified the signature.")],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Attest, as the second operator, that the signature on a pending page is the doctor's."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    attest_by_hand(path, control.site, authorisation, control.person, verified, control.clock)
    control.record(EntryType.AUTHORISATION_ATTESTED, None, verified)
    show(
        {"authorisation": authorisation, "state": "attested"},
        as_json=as_json,
        text=f"attested: reprise migrate SOURCE --authorisation {authorisation} --to DIR",
    )
