"""Commands about recipients: challenge the holder of a key, confirm the answer, list, remove."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.documents import refuse_existing, write_new
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
from schemas.errors import ScopeError
from schemas.regular_file import read_regular
from vault.ledger.entries import EntryType
from vault.records import recipients as register

KeyArgument = Annotated[str, typer.Argument(help="An age key, age1...", show_default=False)]
MAX_ANSWER_BYTES = 4096


@guarded
def challenge(
    key: KeyArgument,
    role: Annotated[register.RecipientRole, typer.Option(help="For what the key is held.")],
    to: Annotated[Path, typer.Option("--to", help="Where to write what the holder opens.")],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a challenge that only the holder of the key can open."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    refuse_existing(to)
    write_new(to, register.challenge(path, key, role, control.clock.now()))
    control.record(EntryType.RECIPIENT_CHALLENGED, None, role)
    show(
        {"challenge": str(to), "role": role, "days": register.CHALLENGE_DAYS},
        as_json=as_json,
        text=f"The holder opens it (`age -d -i IDENTITY {to.name}`) and sends back the line, within"
        f" {register.CHALLENGE_DAYS} days; then: reprise recipient confirm FILE",
    )


@guarded
def confirm(
    answer: Annotated[
        Path, typer.Argument(help="A file with the line that was sent back.", show_default=False)
    ],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the holder's answer; the key may then be named by an authorisation."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    data = read_regular(answer)
    if len(data) > MAX_ANSWER_BYTES:
        raise ScopeError("answer_unknown")
    found = register.confirm(path, data.decode("utf-8", "replace"), control.clock.now())
    control.record(EntryType.RECIPIENT_ENROLLED, None, found.role)
    show(asdict(found), as_json=as_json, text=f"{found.role}  {found.key}")


@guarded
def list_recipients(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the keys whose possession was proven."""
    found = register.recipients(home_path(home))
    text = "\n".join(f"{r.role:<9} {r.key}  proven {r.proven_at}" for r in found)
    show([asdict(r) for r in found], as_json=as_json, text=text or "No recipients.")


@guarded
def remove(
    key: KeyArgument, home: HomeOption = None, operator: OperatorOption = None, as_json: JsonOption = False
) -> None:
    """Strike a key: no authorisation that names it is accepted any more."""
    path = home_path(home)
    control = Control.open(path, operator_name(operator))
    register.remove(path, key)
    control.record(EntryType.RECIPIENT_REMOVED, None, "removed")
    show({"removed": key}, as_json=as_json, text="removed")
