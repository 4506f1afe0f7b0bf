"""The fields of an instruction (version 2): defines the values of each field, and lists all problems of an instruction at once.

A problem names a field by its path (`recipients[1].age`), and the values that are allowed there. It never quotes a value, because
values are data of a doctor or a recipient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.disposition import RecordKind
from schemas.errors import RepriseError
from schemas.texts import LANGUAGES
from vault.age.sealing import parse_recipients
from vault.instruction.printable import is_printable_line, visible
from vault.records.destinations import parse_remote
from vault.records.recipients import RecipientRole
from vault.system.clock import parse_utc

ROLES = ("controller", "mandated", "successor", "practice_company")
USES = ("inventory", "rehearsal", "migration", "delta")
CARRIED = ("inventory", "rehearsal", "migration")
"""The uses that a command can carry out. An instruction must allow one of these."""
PURPOSES = ("takeover",)
HOLDERS = ("doctor", "operator")
KINDS = tuple(kind.value for kind in RecordKind)
PATIENTS = ("all", "seen_since", "list")
RESPONSIBLE = ("controllers", "any", "list")
RECIPIENT_ROLES = tuple(role.value for role in RecipientRole)
MAX_USES, MAX_CONTROLLERS, MAX_RECIPIENTS, MAX_RESPONSIBLE = 99, 20, 20, 500
MAX_STAGING_HOURS = 720
MAX_VALIDITY = timedelta(days=731)
MAX_CUSTODY = timedelta(days=3660)
"""How long a copy may be held after the end of the instruction."""


@dataclass(frozen=True)
class Problem:
    """A problem of a field, and the values that are allowed. `error` is the site's refusal, if the site refuses the value."""

    path: str
    problem: str
    allowed: str = ""
    error: RepriseError | None = None

    @property
    def line(self) -> str:
        """The problem in one line, for a person."""
        return f"{self.path}: {self.problem}" + (f"; allowed: {self.allowed}" if self.allowed else "")

    def to_json(self) -> dict[str, str]:
        """Return the problem for a program."""
        code = self.error.code if self.error else "field"
        return {"path": self.path, "code": code, "problem": self.problem, "allowed": self.allowed}


Check = Callable[[Any, str], Iterator[Problem]]


def field_problems(fields: Any) -> list[Problem]:
    """Return all problems of an instruction's fields, without version and digest; empty if there are none."""
    problems = list(_INSTRUCTION(fields, ""))
    if isinstance(fields, dict):
        valid = {name: value for name, value in fields.items() if not _has_problem(problems, name)}
        problems += _together(valid)
    return problems


def _has_problem(problems: list[Problem], name: str) -> bool:
    return any(problem.path.split(".")[0].split("[")[0] == name for problem in problems)


def _text(least: int, most: int) -> Check:
    allowed = f"one line of {least} to {most} Latin letters, digits and signs"

    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(path, "not a text", allowed)
        elif not least <= len(value) <= most:
            yield Problem(path, "empty" if not value else "too short or too long", allowed)
        elif not is_printable_line(value):
            yield Problem(path, "a character that is not printed as it is, or a blank at an end", allowed)

    return check


def _choice(choices: tuple[str, ...]) -> Check:
    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or value not in choices:
            yield Problem(path, "none of the choices", ", ".join(choices))

    return check


def _whole(least: int, most: int) -> Check:
    def check(value: Any, path: str) -> Iterator[Problem]:
        if type(value) is not int or not least <= value <= most:
            yield Problem(path, "not such a number", f"a whole number from {least} to {most}")

    return check


def _pattern(pattern: str, problem: str, allowed: str) -> Check:
    wanted = re.compile(pattern, re.ASCII)

    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not wanted.fullmatch(value):
            yield Problem(path, problem, allowed)

    return check


def _moment(value: Any, path: str) -> Iterator[Problem]:
    if _read(parse_utc, value) is None:
        yield Problem(path, "not a moment", "a moment in UTC, like 2026-12-31T23:00:00Z")


def _moment_or_none(value: Any, path: str) -> Iterator[Problem]:
    if value is not None:
        yield from _moment(value, path)


def _day(value: Any, path: str) -> Iterator[Problem]:
    day = _read(lambda text: datetime.strptime(text, "%Y-%m-%d"), value)
    if day is None or day.strftime("%Y-%m-%d") != value or day.year < 1900:
        yield Problem(path, "not a day", "a day since 1900, like 2024-01-31")


def _read(reader: Callable[[str], datetime], value: Any) -> datetime | None:
    try:
        return reader(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _age(value: Any, path: str) -> Iterator[Problem]:
    if not is_age_key(value):
        yield Problem(path, "not an age key", "age1... in small letters, as age-keygen prints it")


def is_age_key(value: Any) -> bool:
    """Return whether the value is an age recipient (X25519) in small letters, as age writes it."""
    if not isinstance(value, str) or value != value.lower():
        return False
    try:
        parse_recipients([value])
    except RepriseError:
        return False
    return True


def _destination(value: Any, path: str) -> Iterator[Problem]:
    allowed = "an absolute folder (/...), sftp://NAME/PATH or s3://NAME/PATH"
    wrong = list(_text(1, 1024)(value, path))
    if wrong:
        yield from wrong
    elif not _is_destination(value):
        yield Problem(path, "neither a folder nor a server", allowed)


def _is_destination(value: str) -> bool:
    try:
        remote = parse_remote(value)
    except RepriseError:
        return False
    return remote is not None or (value.startswith("/") and ".." not in value.split("/"))


def _object(inner: dict[str, Check], *, optional: bool = False) -> Check:
    """Return a check of a table with these fields. Unknown fields are problems, and so are missing fields unless `optional`."""

    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path or "fields", "not a table of fields", ", ".join(inner))
            return
        for name in [name for name in value if name not in inner]:
            yield Problem(_below(path, _key(name)), "no such field", ", ".join(inner))
        for name, of in inner.items():
            if name in value:
                yield from of(value[name], _below(path, name))
            elif not optional:
                yield Problem(_below(path, name), "missing", _allowed(of))

    return check


def _allowed(check: Check) -> str:
    """Return the allowed values of a field, which the check states for a value of a wrong type."""
    return next((problem.allowed for problem in check(object(), "")), "")


def _by_mode(modes: dict[str, dict[str, Check]]) -> Check:
    """Return a check of a table whose `mode` determines its other fields."""

    def check(value: Any, path: str) -> Iterator[Problem]:
        mode = value.get("mode") if isinstance(value, dict) else None
        known = isinstance(mode, str) and mode in modes
        inner = {"mode": _choice(tuple(modes)), **(modes[str(mode)] if known else {})}
        if known or not isinstance(value, dict):
            yield from _object(inner)(value, path)
        else:
            yield from inner["mode"](mode, _below(path, "mode"))

    return check


def _items(of: Check, least: int, most: int, *, distinct: bool = False) -> Check:
    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(path, "not a list", f"a list of {least} to {most}")
            return
        if not least <= len(value) <= most:
            yield Problem(path, "too few or too many", f"{least} to {most}")
        for number, item in enumerate(value[: most + 1]):
            yield from of(item, f"{path}[{number}]")
            if distinct and item in value[:number]:
                yield Problem(f"{path}[{number}]", "named twice")

    return check


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _key(name: Any) -> str:
    """Format an unknown key so that it is safe to show."""
    return visible(str(name))[:40]


_NIHII = _pattern(
    r"\d{8}|\d{11}", "not an INAMI/RIZIV number", "8 or 11 digits, without points, as it is enrolled"
)
_HOLDER = _object({"holder": _choice(HOLDERS), "until": _moment_or_none})
_INSTRUCTION = _object(
    {
        "nonce": _pattern(r"(?:[0-9a-f]{2}){16}", "not a nonce", "leave it out: it is made for you"),
        "controllers": _items(
            _object({"role": _choice(ROLES), "nihii": _NIHII, "name": _text(1, 120)}), 1, MAX_CONTROLLERS
        ),
        "processor": _text(1, 200),
        "purpose": _choice(PURPOSES),
        "source_system": _text(0, 120),
        "target_system": _text(1, 120),
        "kinds": _items(_choice(KINDS), 1, len(KINDS), distinct=True),
        "patients": _by_mode(
            {
                "all": {},
                "seen_since": {"since": _day},
                "list": {
                    "list_sha256": _pattern(
                        r"[0-9a-f]{64}",
                        "not a digest",
                        "64 hex digits, as `reprise authorise seal-patients` prints them",
                    )
                },
            }
        ),
        "responsible": _by_mode(
            {"controllers": {}, "any": {}, "list": {"nihii": _items(_NIHII, 1, MAX_RESPONSIBLE)}}
        ),
        "uses": _object({use: _whole(0, MAX_USES) for use in USES}, optional=True),
        "recipients": _items(_object({"role": _choice(RECIPIENT_ROLES), "age": _age}), 2, MAX_RECIPIENTS),
        "destination": _destination,
        "custody": _object({"source": _HOLDER, "package": _HOLDER}),
        "valid_from": _moment,
        "valid_until": _moment,
        "staging_deadline_hours": _whole(1, MAX_STAGING_HOURS),
        "ceilings": _object({"degraded_permille": _whole(0, 1000), "quarantined_permille": _whole(0, 1000)}),
        "language": _choice(LANGUAGES),
    }
)


def _together(fields: dict[str, Any]) -> Iterator[Problem]:
    """Yield the problems between fields, each of which is valid alone."""
    if "nonce" in fields and len(set(bytes.fromhex(fields["nonce"]))) < 6:
        yield Problem("nonce", "not random", "leave it out: it is made for you")
    yield from _twice(fields.get("controllers", []), "controllers", lambda c: (c["role"], c["nihii"][:8]))
    yield from _twice(fields.get("recipients", []), "recipients", lambda r: r["age"])
    if "recipients" in fields:
        roles = {recipient["role"] for recipient in fields["recipients"]}
        if RecipientRole.RECOVERY.value not in roles:
            yield Problem("recipients", "no recovery key among them", "one with role recovery at least")
        if roles == {RecipientRole.RECOVERY.value}:
            yield Problem("recipients", "recovery keys alone", "one with role practice or medinect at least")
    if "uses" in fields and not any(fields["uses"].get(use) for use in CARRIED):
        yield Problem("uses", "nothing is allowed", f"one of {', '.join(CARRIED)} at least once")
    yield from _times(fields)


def _twice(entries: list[Any], path: str, same: Callable[[Any], Any]) -> Iterator[Problem]:
    seen: list[Any] = []
    for number, entry in enumerate(entries):
        if same(entry) in seen:
            yield Problem(f"{path}[{number}]", "named twice")
        seen.append(same(entry))


def _times(fields: dict[str, Any]) -> Iterator[Problem]:
    start, end = (parse_utc(fields[n]) if n in fields else None for n in ("valid_from", "valid_until"))
    if start and end and start >= end:
        yield Problem("valid_until", "not after valid_from")
    elif start and end and end - start > MAX_VALIDITY:
        yield Problem("valid_until", "too far from valid_from", f"{MAX_VALIDITY.days} days at most")
    for name, held in fields.get("custody", {}).items():
        path = f"custody.{name}.until"
        until = held["until"] and parse_utc(held["until"])
        if held["holder"] == "operator" and until is None:
            yield Problem(path, "missing: the operator holds it", "a moment in UTC")
        if until and start and until <= start:
            yield Problem(path, "not after valid_from")
        if until and end and until - end > MAX_CUSTODY:
            yield Problem(path, "too far from valid_until", f"{MAX_CUSTODY.days} days after it at most")
