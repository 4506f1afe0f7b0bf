"""`reprise notices`: what was told to whom, and whether messages arrive."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from flows.commands.apps import HOST, app
from flows.commands.shared import Looking, Shown, command
from flows.notices.outbox import Outbox
from flows.notices.round import send_test
from schemas.errors import HostError

_SHOWN = 50


@command(app, panel=HOST)
def notices(
    control: Looking,
    test: Annotated[
        bool, typer.Option("--test", help="Send each recipient a message that says nothing else.")
    ] = False,
) -> Shown:
    """List the notices that the sweep sent by mail and to programs, and those that wait; the newest first."""
    if test:
        return _tested(send_test(control.home, control.clock))
    with Outbox.of(control.home) as outbox:
        found = outbox.every()
    lines = [
        f"{one.made}  {one.kind:<20} {(one.run or '')[:8]:<8}  {one.state} {one.code}".rstrip()
        for one in found
    ]
    rows = [{**asdict(one), "state": one.state} for one in found]
    return Shown(
        rows, "\n".join(lines[:_SHOWN]) or "no notices: docs/dashboard.md says how to have them sent"
    )


def _tested(codes: list[str]) -> Shown:
    rows = [{"recipient": number, "code": code or "sent"} for number, code in enumerate(codes, start=1)]
    failed = sum(bool(code) for code in codes)
    text = "\n".join(f"{row['recipient']}: {row['code']}" for row in rows)
    failure = HostError("notice_not_sent", count=failed) if failed else None
    return Shown(rows, text or "no recipients: [[notices.to]] in site.toml", failure)
