"""Sends one mail by SMTP, encrypted unless the server is this host."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from flows.notices.message import Message
from vault.home_folder import Home
from vault.notice_settings import NoticeSettings
from vault.system.clock import Clock

PASSWORD = "smtp.password"  # noqa: S105 - the name of the file in `keys/` that holds it


def send_mail(home: Home, clock: Clock, to: str, message: Message, timeout: float) -> str:
    """Send a mail; returns nothing when the server took it, else a code."""
    settings = home.site.notices
    try:
        with _connected(settings, timeout) as server:
            if settings.user is not None:
                server.login(settings.user, (home.keys / PASSWORD).read_text(encoding="utf-8").strip())
            server.send_message(_mail(home, clock, to, message), str(settings.sender), [to])
    except ssl.SSLError:
        return "mail_tls_failed"
    except smtplib.SMTPAuthenticationError:
        return "mail_password_refused"
    except smtplib.SMTPException:  # its text quotes the server, which quotes addresses
        return "mail_refused"
    except (OSError, ValueError):
        return "mail_server_silent"
    return ""


def _connected(settings: NoticeSettings, timeout: float) -> smtplib.SMTP:
    name = str(settings.server).strip("[]")
    if settings.tls == "none":
        return smtplib.SMTP(name, settings.port, local_hostname="localhost", timeout=timeout)
    context = ssl.create_default_context(cafile=settings.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.tls == "tls":
        return smtplib.SMTP_SSL(
            name, settings.port, local_hostname="localhost", timeout=timeout, context=context
        )
    server = smtplib.SMTP(name, settings.port, local_hostname="localhost", timeout=timeout)
    try:
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _mail(home: Home, clock: Clock, to: str, message: Message) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = f"Reprise <{home.site.notices.sender}>", to
    mail["Subject"], mail["Date"] = message.subject, format_datetime(clock.now())
    mail["Message-ID"] = f"<{message.id}@{home.id}.reprise.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = str(message.fields["language"])
    mail.set_content(message.body)
    return mail
