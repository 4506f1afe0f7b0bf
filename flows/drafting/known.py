"""What a home offers to who draws up an instruction: who may sign, whose keys were proven, servers, the ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vault.authorisation.may_sign import MaySign, who_may_sign
from vault.records.destinations import Destinations
from vault.records.recipients import Recipient, recipients
from vault.site import Site

A_FOLDER = "/srv/reprise/out"
"""A folder that would do as a destination."""


@dataclass(frozen=True)
class Known:
    """Of one home; all of it is personal data or a site's own, for the operator's terminal alone."""

    home: Path | None
    people: tuple[MaySign, ...]
    recipients: tuple[Recipient, ...]
    servers: tuple[str, ...]  # sftp://NAME, s3://NAME
    ceiling_hours: int

    @classmethod
    def of(cls, home: Path | None, now: datetime) -> Known:
        """What the home knows; without one, nothing, and the usual ceiling."""
        if home is None:
            return cls(None, (), (), (), 72)
        servers = tuple(f"{server.channel}://{name}" for name, server in Destinations(home).list())
        people = tuple(who_may_sign(home, now.date()))
        return cls(home, people, tuple(recipients(home)), servers, Site.load(home).ceiling_hours)
