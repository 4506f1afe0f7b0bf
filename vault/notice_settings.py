"""`[notices]` in `site.toml`: who is told what, in which language, and through which mail server."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from schemas.errors import HomeError
from schemas.texts import LANGUAGES


class NoticeKind(StrEnum):
    """What people and programs are told."""

    ENDED = "run_ended"
    FAILED = "run_failed"
    DEADLINE = "deadline_near"
    SWEEP_LATE = "sweep_late"
    UNCONFIRMED = "import_not_confirmed"


_MAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,250}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,250}[A-Za-z0-9])?|\[[0-9a-f:]+\]")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
_MODES = ("starttls", "tls", "none")


@dataclass(frozen=True)
class Told:
    """One recipient: a mail address or the address of a program, and what they are told."""

    mail: str | None
    webhook: str | None
    language: str
    about: frozenset[NoticeKind]

    @property
    def address(self) -> str:
        """The address, whichever it is."""
        return str(self.mail or self.webhook)

    @classmethod
    def declared(cls, raw: dict[str, Any]) -> Told:
        """Parse one `[[notices.to]]`. Raises HomeError (site_setting_unknown), TypeError, ValueError."""
        if not raw.keys() <= {"mail", "webhook", "language", "about"}:
            raise HomeError("site_setting_unknown")
        mail, webhook = raw.get("mail"), raw.get("webhook")
        language, about = raw.get("language", "fr"), raw.get("about", [kind.value for kind in NoticeKind])
        if (mail is None) == (webhook is None) or language not in LANGUAGES:
            raise ValueError
        if mail is not None and not _MAIL.fullmatch(mail):
            raise ValueError
        if webhook is not None and not _is_safe(webhook):
            raise ValueError
        return cls(mail, webhook, language, frozenset(NoticeKind(kind) for kind in about))


@dataclass(frozen=True)
class NoticeSettings:
    """The mail server and the recipients; without recipients nothing is sent."""

    server: str | None = None
    port: int = 587
    tls: str = "starttls"  # starttls | tls | none (on this host alone)
    ca: str | None = None  # a file of the authority that the server's certificate comes from
    sender: str | None = None
    user: str | None = None  # its password lies in `keys/smtp.password`
    deadline_near_hours: int = 4
    to: tuple[Told, ...] = ()

    @classmethod
    def declared(cls, raw: dict[str, Any]) -> NoticeSettings:
        """Parse `[notices]`. Raises HomeError (site_setting_unknown), TypeError, ValueError."""
        if not raw.keys() <= {setting.name for setting in fields(cls)}:
            raise HomeError("site_setting_unknown")
        found = cls(**{**raw, "to": tuple(Told.declared(one) for one in raw.get("to", ()))})
        texts = (found.server, found.ca, found.sender, found.user)
        if not all(value is None or type(value) is str for value in texts):
            raise TypeError
        if not all(type(value) is int for value in (found.port, found.deadline_near_hours)):
            raise TypeError
        found.refuse_unusable()
        return found

    def refuse_unusable(self) -> None:
        """Raise ValueError for settings with which no mail could be sent, or only in clear over a network."""
        needs_mail = any(one.mail for one in self.to)
        usable = (
            self.tls in _MODES
            and 1 <= self.port <= 65_535
            and 1 <= self.deadline_near_hours <= 72
            and (self.server is None or _HOST.fullmatch(self.server) is not None)
            and (self.sender is None or _MAIL.fullmatch(self.sender) is not None)
            and (self.tls != "none" or (self.server in _LOOPBACK and self.user is None))
            and (not needs_mail or (self.server is not None and self.sender is not None))
        )
        if not usable:
            raise ValueError


def _is_safe(url: str) -> bool:
    """Whether what is sent there is encrypted, or stays on this host."""
    parts = urlsplit(url)
    on_this_host = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return (parts.scheme == "https" or on_this_host) and bool(parts.hostname) and not parts.username
