"""What a home offers for drawing up an instruction: who may sign, proved keys, servers, the ceiling."""

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
    """What one home knows; all of it is personal data or belongs to the site, for the operator's terminal only."""

    home: Home | None
    people: tuple[MaySign, ...]
    recipients: tuple[Recipient, ...]
    servers: tuple[str, ...]  # sftp://NAME, s3://NAME
    ceiling_hours: int

    @classmethod
    def of(cls, home: Home | None, now: datetime) -> Known:
        """Return what the home knows; without a home nothing but the usual ceiling."""
        if home is None:
            return cls(None, (), (), (), 72)
        servers = tuple(f"{server.channel}://{name}" for name, server in Destinations(home).list())
        people = tuple(who_may_sign(home, now.date()))
        return cls(home, people, tuple(recipients(home)), servers, home.site.ceiling_hours)
