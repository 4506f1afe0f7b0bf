"""`reprise recipient`: challenge the holder of a key, confirm the answer, list, remove."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from flows.admin import recipients
from flows.commands.apps import recipient
from flows.commands.documents import refuse_existing, write_new
from flows.commands.shared import Acting, Looking, Shown, command
from flows.package.desk import desk_page
from schemas.regular_file import read_regular

KeyArgument = Annotated[str, typer.Argument(help="An age key, age1...", show_default=False)]


@command(recipient)
def page(
    to: Annotated[Path, typer.Argument(help="Where to write the page: FILE.html.", show_default=False)],
) -> Shown:
    """Write the practice's page, on which a doctor makes the key and answers the challenge."""
    data = desk_page()
    write_new(to, data)
    digest = sha256(data).hexdigest()
    return Shown(
        {"page": str(to), "sha256": digest},
        f"Send {to.name} to the practice. It holds nothing secret and needs no network.\nsha256  {digest}",
    )


@command(recipient)
def challenge(
    key: KeyArgument,
    role: Annotated[recipients.RecipientRole, typer.Option(help="For what the key is held.")],
    to: Annotated[Path, typer.Option("--to", help="Where to write what the holder opens.")],
    control: Acting,
) -> Shown:
    """Write a challenge that only the holder of the key can open."""
    refuse_existing(to)
    write_new(to, recipients.challenge(control, key, role))
    days = recipients.CHALLENGE_DAYS
    return Shown(
        {"challenge": str(to), "role": role, "days": days},
        f"The holder opens it (`age -d -i IDENTITY {to.name}`) and sends back the line, within {days} days;"
        " then: reprise recipient confirm FILE",
    )


@command(recipient)
def confirm(
    answer: Annotated[
        Path, typer.Argument(help="A file with the line that was sent back.", show_default=False)
    ],
    control: Acting,
) -> Shown:
    """Check the holder's answer; the key may then be named by an instruction."""
    found = recipients.confirm(control, read_regular(answer))
    return Shown(found, f"{found.role}  {found.key}")


@command(recipient, "list")
def list_recipients(control: Looking) -> Shown:
    """List the keys whose possession was proven."""
    found = recipients.listed(control)
    text = "\n".join(f"{r.role:<9} {r.key}  proven {r.proven_at}" for r in found)
    return Shown(found, text or "No recipients.")


@command(recipient)
def remove(key: KeyArgument, control: Acting) -> Shown:
    """Strike a key: no instruction that names it is accepted any more."""
    recipients.remove(control, key)
    return Shown({"removed": key}, "removed")
