"""The words of a notice, in the language of its recipient, and the same for a program. No name, no place, no patient data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flows.notices.due import Notice
from schemas.texts import section, text
from vault.notice_settings import NoticeKind
from vault.site import Site
from vault.system.clock import parse_utc

ZONE = ZoneInfo("Europe/Brussels")
LOCALES = {"fr": "fr_BE", "nl": "nl_BE", "de": "de_BE", "en": "en_GB"}


@dataclass(frozen=True)
class Message:
    """What is sent: an id that stays the same however often it is sent, subject, text, and the same as fields."""

    id: str
    subject: str
    body: str
    fields: dict[str, Any]


def write(notice: Notice, language: str, site: Site, notice_id: str) -> Message:
    """Returns the message of a notice."""
    subject, about = _said(notice, language)
    if site.trial:
        subject = f"{text(language, 'notice.trial')} – {subject}"
    link = f"{site.dashboard.url}/{f'runs/{notice.run}' if notice.run else ''}" if site.dashboard.url else ""
    lines = [
        about,
        *([text(language, "notice.link", link=link)] if link else []),
        text(language, "notice.footer"),
    ]
    fields = {
        "v": 1,
        "id": notice_id,
        "home": site.origin,
        "trial": site.trial,
        "kind": notice.kind.value,
        "run": notice.run,
        "at": notice.at,
        "code": notice.code,
        "number": notice.number,
        "language": language,
        "text": about,
    }
    return Message(notice_id, subject, "\n\n".join(lines) + "\n", fields)


def trial_message(language: str, site: Site, moment: str) -> Message:
    """Returns a message that says that messages arrive."""
    subject, about = text(language, "notice.test.subject"), text(language, "notice.test.body")
    fields = {"v": 1, "home": site.origin, "trial": site.trial, "kind": "test", "at": moment}
    message_id = f"test-{moment.replace(':', '')}"
    return Message(message_id, subject, about + "\n", {**fields, "id": message_id, "language": language})


def _said(notice: Notice, language: str) -> tuple[str, str]:
    from babel.dates import format_datetime  # late: what sends no notice need not load it

    at = str(format_datetime(parse_utc(notice.at).astimezone(ZONE), "short", locale=LOCALES[language]))
    run = (notice.run or "")[:8]
    match notice.kind:
        case NoticeKind.ENDED:
            how = section(language, "dashboard.run.is").get(
                notice.code, notice.code
            )  # a later release may know more
            return (
                text(language, "notice.run_ended.subject", run=run, how=how),
                text(language, "notice.run_ended.body", run=run, how=how, at=at),
            )
        case NoticeKind.FAILED:
            return (
                text(language, "notice.run_failed.subject", run=run),
                text(language, "notice.run_failed.body", run=run, at=at, code=notice.code),
            )
        case NoticeKind.DEADLINE:
            return (
                text(language, "notice.deadline_near.subject", run=run),
                text(language, "notice.deadline_near.body", run=run, at=at),
            )
        case NoticeKind.SWEEP_LATE:
            return text(language, "notice.sweep_late.subject"), text(
                language, "notice.sweep_late.body", at=at
            )
        case NoticeKind.UNCONFIRMED:
            return (
                text(language, "notice.import_not_confirmed.subject", run=run),
                text(language, "notice.import_not_confirmed.body", run=run, at=at, days=notice.number),
            )
