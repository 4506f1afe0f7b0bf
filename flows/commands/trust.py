"""`reprise trust`: the certificates and lists that signatures and time stamps are checked against."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.admin import trust as material
from flows.commands.apps import trust
from flows.commands.shared import Acting, Looking, Shown, command
from schemas.errors import TrustError
from schemas.regular_file import read_regular


@command(trust, "show")
def show_trust(
    strict: Annotated[bool, typer.Option("--strict", help="Fail (11) when anything is stale.")] = False,
    *,
    control: Looking,
) -> Shown:
    """Show roots, intermediates, revocation lists, OCSP answers and time-stamp authorities, and until when each holds."""
    found, now = material.listed(control), control.clock.now()
    stale = sum(held.stale for held in found)
    return Shown(
        [asdict(held) for held in found],
        "\n".join(_line(held, now) for held in found) or "Nothing is trusted: no signature can be checked.",
        TrustError("trust_material_stale", count=stale) if strict and stale else None,
    )


def _line(held: material.Held, now: datetime) -> str:
    marks = f"{'  STALE' * held.stale}{'  trial' * held.trial}"
    days = max((now - datetime.fromisoformat(held.since)).days, 0)
    age = f"issued {held.since[:10]}, {days:,} day(s) ago"
    return f"{held.kind:<13}{held.fingerprint[:16]}  {age}, until {held.until}{marks}"


@command(trust)
def add(
    file: Annotated[
        Path,
        typer.Argument(help="A certificate, revocation list or OCSP answer, DER or PEM.", show_default=False),
    ],
    kind: Annotated[material.Kind, typer.Option("--as", help="What it is trusted as.")],
    control: Acting,
) -> Shown:
    """Take in trust material; compare its fingerprint with one published elsewhere."""
    made = material.add(control, kind, read_regular(file))
    text = f"{made.kind} until {made.until}\nSHA-256 {made.fingerprint}"
    return Shown({"kind": made.kind, "sha256": made.fingerprint}, text)
