"""Checks of an instruction before it is signed: its fields, this site, the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from vault.authorisation.may_sign import controller_refusals
from vault.authorisation.terms import destination_refusals, recipient_refusals, term_refusals
from vault.home_folder import Home
from vault.instruction.document import Instruction, completed, draft, parse
from vault.instruction.fields import MAX_STAGING_HOURS, Problem, field_problems
from vault.site import Site

AHEAD = timedelta(days=366)
"""How far ahead an instruction may begin: a later beginning is more likely a mistyped year."""


def draft_problems(fields: dict[str, Any], home: Home | None, now: datetime) -> list[Problem]:
    """Return the problems of the fields; if there are none, the reasons why this home would refuse the instruction later.

    Without a home, its ceiling, recipients, doctors and servers are not checked.
    """
    body = completed(fields)
    found = field_problems(body)
    return found or _refused(parse(draft(body)), home, now)


def _refused(instruction: Instruction, home: Home | None, now: datetime) -> list[Problem]:
    moment = max(now, instruction.valid_from)  # an instruction that begins later is checked for that moment
    site = home.site if home else Site(trial=False, origin="", ceiling_hours=MAX_STAGING_HOURS)
    found = list(term_refusals(instruction, site, moment))
    if instruction.valid_from - now > AHEAD:
        found.append(Problem("valid_from", "too far ahead", f"{AHEAD.days} days from now at most"))
    if home is not None:
        found += controller_refusals(home, instruction, moment.date())
        found += recipient_refusals(home, instruction)
        found += destination_refusals(home, instruction.destination)
    return found
