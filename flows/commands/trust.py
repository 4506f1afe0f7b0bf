"""Commands about trust material: what signatures and time stamps are checked against."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.session.control import Control
from schemas.errors import TrustError
from schemas.regular_file import read_regular
from vault.ledger.entries import EntryType
from vault.pki.trust_admin import Material, add_material, list_material
from vault.system.clock import SystemClock, format_utc


class Kind(StrEnum):
    """What a file is trusted as."""

    ROOT = "root"
    INTERMEDIATE = "intermediate"
    CRL = "crl"
    OCSP = "ocsp"
    TIMESTAMP = "timestamp"


@guarded
def show_trust(
    strict: Annotated[bool, typer.Option("--strict", help="Fail (11) when anything is stale.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show roots, intermediates, revocation lists, OCSP answers and time-stamp authorities, and until when each holds."""
    now = SystemClock().now()
    found = list_material(home_path(home))
    stale = sum(material.stale(now) for material in found)
    show(
        [
            {**asdict(m), "since": format_utc(m.since), "until": format_utc(m.until), "stale": m.stale(now)}
            for m in found
        ],
        as_json=as_json,
        text="\n".join(_line(m, now) for m in found) or "Nothing is trusted: no signature can be checked.",
    )
    if strict and stale:
        raise TrustError("trust_material_stale", count=stale)


def _line(material: Material, now: datetime) -> str:
    marks = f"{'  STALE' * material.stale(now)}{'  trial' * material.trial}"
    days = max((now - material.since).days, 0)
    age = f"issued {format_utc(material.since)[:10]}, {days:,} day(s) ago"
    return f"{material.kind:<13}{material.fingerprint[:16]}  {age}, until {format_utc(material.until)}{marks}"


@guarded
def add(
    file: Annotated[
        Path,
        typer.Argument(help="A certificate, revocation list or OCSP answer, DER or PEM.", show_default=False),
    ],
    kind: Annotated[Kind, typer.Option("--as", help="What it is trusted as.")],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in trust material; compare its fingerprint with one published elsewhere."""
    control = Control.open(home_path(home), operator_name(operator))
    trial, now = control.site.trial, control.clock.now()
    made = add_material(control.home, kind.value, read_regular(file), trial_home=trial, now=now)
    control.record(EntryType.TRUST_ADDED, None, kind.value)
    text = f"{made.kind} until {format_utc(made.until)}\nSHA-256 {made.fingerprint}"
    show({"kind": made.kind, "sha256": made.fingerprint}, as_json=as_json, text=text)
