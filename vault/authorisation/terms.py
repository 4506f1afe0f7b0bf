"""Yields a site's refusals of an instruction's terms, before its signatures are checked. Drafting and checking both use them.

Each refusal is a `Problem`, which states the field and the allowed values for the drafter, with the error that a check raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from schemas.errors import AuthorisationError, DeadlineError, RepriseError, ScopeError, TargetRefusedError
from vault.home_folder import Home
from vault.instruction.document import Custody, Instruction
from vault.instruction.fields import Problem, is_age_key
from vault.records.destinations import Destinations, parse_remote
from vault.records.recipients import RecipientRole, recipients
from vault.site import Site
from vault.system.clock import parse_utc


def refuse_first(problems: Iterable[Problem]) -> None:
    """Raise the error of the first refusal, if there is one."""
    for problem in problems:
        if problem.error is not None:
            raise problem.error


def term_refusals(instruction: Instruction, site: Site, moment: datetime) -> Iterator[Problem]:
    """Yield this site's refusals of the terms at the UTC time `moment`: of dates, custody, keys and deadline.

    Codes: text_hides, not_yet_valid, expired, custody_missing, custody_without_date, custody_over, one_recipient_only,
    recipient_not_age, recovery_key_missing, deadline_above_ceiling.
    """
    if instruction.hides:
        yield Problem(
            "fields", "a character that hides or reorders text", error=AuthorisationError("text_hides")
        )
    if moment + timedelta(seconds=site.clock_skew_seconds) < instruction.valid_from:
        yield Problem("valid_from", "lies ahead", error=AuthorisationError("not_yet_valid"))
    if moment > instruction.valid_until:
        yield Problem("valid_until", "is over", "a moment to come", AuthorisationError("expired"))
    yield from _custody("custody.source", instruction.source_custody, moment)
    yield from _custody("custody.package", instruction.package_custody, moment)
    yield from _keys(instruction)
    if instruction.staging_deadline_hours > site.ceiling_hours:
        yield Problem(
            "staging_deadline_hours",
            "above the ceiling of this site",
            f"1 to {site.ceiling_hours}",
            DeadlineError("deadline_above_ceiling", limit=site.ceiling_hours),
        )


def _custody(path: str, custody: Custody | None, moment: datetime) -> Iterator[Problem]:
    if custody is None:
        yield Problem(path, "missing", "holder and until", AuthorisationError("custody_missing"))
    elif custody.holder == "operator" and custody.until is None:
        wanted = AuthorisationError("custody_without_date")
        yield Problem(f"{path}.until", "missing: the operator holds it", "a moment in UTC", wanted)
    elif custody.holder == "operator" and custody.until and parse_utc(custody.until) <= moment:
        yield Problem(f"{path}.until", "is over", "a moment to come", AuthorisationError("custody_over"))


def _keys(instruction: Instruction) -> Iterator[Problem]:
    if len(set(instruction.recipients)) < 2:
        yield Problem("recipients", "one key alone", "two or more", ScopeError("one_recipient_only"))
    for number, key in enumerate(instruction.recipients):
        if not is_age_key(key):
            path = f"recipients[{number}].age"
            yield Problem(path, "not an age key", "age1...", TargetRefusedError("recipient_not_age"))
    if RecipientRole.RECOVERY.value not in instruction.recipient_roles:
        missing = ScopeError("recovery_key_missing")
        yield Problem("recipients", "no recovery key among them", "one with role recovery at least", missing)


def recipient_refusals(home: Home, instruction: Instruction) -> Iterator[Problem]:
    """Yield each key that was not proven to this home, or was proven in another role than the instruction states.

    Codes: recipient_not_proven, recipient_role_differs, each with the count of such keys.
    """
    proven = {recipient.key: recipient.role for recipient in recipients(home)}
    named = list(zip(instruction.recipients, instruction.recipient_roles, strict=True))
    unproven = ScopeError("recipient_not_proven", count=sum(key not in proven for key, _ in named))
    differs = ScopeError(
        "recipient_role_differs", count=sum(proven.get(key, role) != role for key, role in named)
    )
    problems = [
        Problem(
            f"recipients[{n}].age", "not proven to this home (`reprise recipient challenge`)", "", unproven
        )
        for n, (key, _) in enumerate(named)
        if key not in proven
    ]
    yield from problems
    for n, (key, role) in enumerate(named):
        if key in proven and proven[key] != role:
            yield Problem(f"recipients[{n}].role", "not the role it was proven in", proven[key], differs)


def destination_refusals(home: Home, destination: str | None) -> Iterator[Problem]:
    """Yield the refusal of a server that this home did not declare. Codes: destination_malformed, destination_not_registered."""
    try:
        remote = parse_remote(destination) if destination is not None else None
        if remote is not None:
            Destinations(home).find(remote.name, remote.channel)
    except RepriseError as refusal:
        yield Problem(
            "destination", "no such server is declared here", "`reprise destination list`", error=refusal
        )
