"""One round of notices, after a sweep or beside it: find what is due, note it, send what waits.

Whatever mail servers and programs do, a sweep is done before a round begins, and waits for it no longer than `LONGEST_SECONDS`.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time

from flows.notices.due import find_due
from flows.notices.message import Message, trial_message, write
from flows.notices.outbox import Outbox, Waiting
from flows.session.coded_errors import parts_of
from flows.session.control import Control
from schemas.errors import BusyError
from vault.destruction.heartbeat import Heartbeat
from vault.home_folder import Home
from vault.notice_settings import Told
from vault.system.clock import Clock, SystemClock, format_utc
from vault.system.locks import hold

LONGEST_SECONDS, TIMEOUT_SECONDS, MOST_AT_ONCE = 30.0, 5.0, 50


def tell(home: Home, clock: Clock | None = None, late: Heartbeat | None = None) -> None:
    """Tell what is due, in a thread of its own; return after `LONGEST_SECONDS` at the latest. Prints a code when it fails."""
    if not home.site.notices.to:
        return
    thread = threading.Thread(target=_tell, args=(home, clock or SystemClock(), late), daemon=True)
    thread.start()
    thread.join(LONGEST_SECONDS)


def _tell(home: Home, clock: Clock, late: Heartbeat | None) -> None:
    try:
        with hold(home.locks, ("notices",), "notices_busy"), Outbox.of(home) as outbox:
            note_due(home, clock, outbox, late)
            send_waiting(home, clock, outbox)
    except BusyError:
        return  # another process tells them
    except Exception as error:  # noqa: BLE001 - a notice must not end a sweep
        with contextlib.suppress(OSError):
            sys.stderr.write(f"notices: {parts_of(error)[0]}\n")


def note_due(home: Home, clock: Clock, outbox: Outbox, late: Heartbeat | None = None) -> int:
    """Note what is due for each recipient; returns how many notices are new."""
    control = Control.open_to_look(home, clock)
    since = outbox.beginning(control.ledger.store.head().size)
    notices, _ = find_due(control, since, late)
    return outbox.add(notices, home.site.notices.to, clock.now())


def send_waiting(home: Home, clock: Clock, outbox: Outbox) -> int:
    """Send what waits; returns how many were sent."""
    until, sent = time.monotonic() + LONGEST_SECONDS, 0
    recipients = {outbox.pseudonym(told): told for told in home.site.notices.to}
    for one in outbox.waiting(clock.now(), MOST_AT_ONCE):
        if time.monotonic() > until:
            break
        told = recipients.get(one.recipient)
        if told is None:
            outbox.drop(one)
            continue
        outbox.attempt(one, clock.now())
        code = send(home, clock, told, one)
        outbox.settle(one, clock.now(), code)
        sent += not code
    return sent


def send(home: Home, clock: Clock, told: Told, one: Waiting) -> str:
    """Send one notice to one recipient; returns nothing when it was taken, else a code."""
    return deliver(home, clock, told, write(one.notice, told.language, home.site, one.id))


def send_test(home: Home, clock: Clock | None = None) -> list[str]:
    """Send each recipient a message that says that messages arrive; returns a code or nothing for each, in their order."""
    clock = clock or SystemClock()
    moment = format_utc(clock.now())
    return [
        deliver(home, clock, told, trial_message(told.language, home.site, moment))
        for told in home.site.notices.to
    ]


def deliver(home: Home, clock: Clock, told: Told, message: Message) -> str:
    """Send one message to one recipient; returns nothing when it was taken, else a code."""
    if told.mail is not None:
        from flows.notices._mail import send_mail

        return send_mail(home, clock, told.mail, message, TIMEOUT_SECONDS)
    from flows.notices._webhook import send_to_program

    return send_to_program(home, clock, str(told.webhook), message, TIMEOUT_SECONDS)
