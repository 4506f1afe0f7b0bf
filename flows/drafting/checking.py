"""Checks an instruction before it is signed: its fields, the terms of this site, and its dates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from vault.authorisation.may_sign import controller_refusals
from vault.authorisation.terms import destination_refusals, recipient_refusals, term_refusals
from vault.home_folder import Home
from vault.instruction.document import Instruction, completed, draft, parse
from vault.instruction.fields import MAX_STAGING_HOURS, Problem, field_problems
from vault.site import Site

MAX_AHEAD = timedelta(days=366)
"""The maximum time until an instruction begins. A later beginning is probably a mistyped year."""


def draft_problems(fields: dict[str, Any], home: Home | None, now: datetime) -> list[Problem]:
    """Return the problems of the fields; if there are none, the reasons why this home would refuse the instruction later.

    Without a home, its ceiling, recipients, doctors and servers are not checked.
    """
    body = completed(fields)
    return field_problems(body) or _refused(parse(draft(body)), home, now)


def _refused(instruction: Instruction, home: Home | None, now: datetime) -> list[Problem]:
    moment = max(now, instruction.valid_from)  # an instruction that begins later is checked for its beginning
    site = home.site if home else Site(trial=False, origin="", ceiling_hours=MAX_STAGING_HOURS)
    problems = list(term_refusals(instruction, site, moment))
    if instruction.valid_from - now > MAX_AHEAD:
        problems.append(Problem("valid_from", "too far ahead", f"{MAX_AHEAD.days} days from now at most"))
    if home is not None:
        problems += controller_refusals(home, instruction, moment.date())
        problems += recipient_refusals(home, instruction)
        problems += destination_refusals(home, instruction.destination)
    return problems
