"""Collects the data of a home for drafting an instruction: persons who may sign, proved keys, servers, the ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vault.authorisation.may_sign import MaySign, who_may_sign
from vault.home_folder import Home
from vault.records.destinations import Destinations
from vault.records.recipients import Recipient, recipients

A_FOLDER = "/srv/reprise/out"
"""An example folder for a destination."""


@dataclass(frozen=True)
class Known:
    """Data of a home for a draft. They are personal data or the site's own: only for the operator's terminal."""

    home: Home | None
    people: tuple[MaySign, ...]
    recipients: tuple[Recipient, ...]
    servers: tuple[str, ...]  # sftp://NAME, s3://NAME
    ceiling_hours: int

    @classmethod
    def of(cls, home: Home | None, now: datetime) -> Known:
        """Return the data of a home; without a home, only the usual ceiling."""
        if home is None:
            return cls(None, (), (), (), 72)
        servers = tuple(f"{server.channel}://{name}" for name, server in Destinations(home).list())
        people = tuple(who_may_sign(home, now.date()))
        return cls(home, people, tuple(recipients(home)), servers, home.site.ceiling_hours)
