"""The second wording of an instruction (`instruction.2`): in Belgian time, with percentages, keys and paths at the end."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from schemas import writing
from schemas.texts import section, text
from vault.instruction.fields import KINDS
from vault.system.clock import parse_utc

_SECOND = timedelta(seconds=1)


def values(body: dict[str, Any], language: str) -> dict[str, dict[str, Any]]:
    """Return the values for each paragraph, in the order of the paragraphs."""
    custody = body["custody"]

    def named(code: str) -> str:
        return _word(code, language)

    names = (
        f"{c['name']}, {named(c['role'])} (INAMI/RIZIV {writing.inami(c['nihii'])})"
        for c in body["controllers"]
    )
    recipients = body["recipients"]
    return {
        "title": {},
        "who": {
            "processor": body["processor"],
            "names": (" ; " if language == "fr" else "; ").join(names),
            "purpose": named(body["purpose"]),
        },
        "what": {
            "source": body["source_system"] or named("not_stated"),
            "target": body["target_system"],
            "kinds": ", ".join(named(kind) for kind in KINDS if kind in body["kinds"]),
            "patients": _patients(body["patients"], language),
            "responsible": _responsible(body["responsible"], language),
        },
        "uses": {
            "uses": _uses(body["uses"], language),
            "valid_from": _from(body["valid_from"], language),
            "valid_until": _until(body["valid_until"], language),
        },
        "staging": {"hours": body["staging_deadline_hours"]},
        "custody": {
            "source_custody": _holder(custody.get("source"), language),
            "package_custody": _holder(custody.get("package"), language),
        },
        "recipients": {
            "recipients": ", ".join(dict.fromkeys(named(recipient["role"]) for recipient in recipients))
        },
        "ceilings": {
            "degraded": writing.permille(language, body["ceilings"]["degraded_permille"]),
            "quarantined": writing.permille(language, body["ceilings"]["quarantined_permille"]),
        },
        "withdraw": {},
        "references": {
            "destination": body["destination"],
            "keys": ", ".join(f"{r['age']} ({named(r['role'])})" for r in recipients),
            "nonce": body["nonce"],
        },
    }


def _word(code: str, language: str) -> str:
    """Return the word for a code, or an unknown code (a free field of the instruction) unchanged."""
    return section(language, "instruction.2.code").get(code, code)


def _patients(rule: dict[str, Any], language: str) -> str:
    given: dict[str, Any] = {}
    if rule["mode"] == "seen_since":
        given["since"] = writing.day(language, datetime.strptime(rule["since"], "%Y-%m-%d"))
    elif rule["mode"] == "list":
        given["list_sha256"] = rule.get("list_sha256", "")
    return text(language, f"instruction.2.code.patients_{rule['mode']}", **given)


def _responsible(rule: dict[str, Any], language: str) -> str:
    further = ", ".join(writing.inami(number) for number in rule.get("nihii", []))
    given = {"nihii": further} if rule["mode"] == "list" else {}
    return text(language, f"instruction.2.code.responsible_{rule['mode']}", **given)


def _uses(uses: dict[str, Any], language: str) -> str:
    """Return how often each use is allowed, without the uses that are not allowed."""
    return ", ".join(
        f"{count} × {_word(use, language)}" for use, count in sorted(uses.items()) if count
    ) or _word("none", language)


def _holder(custody: dict[str, Any] | None, language: str) -> str:
    if not custody:
        return _word("not_stated", language)
    until = custody.get("until")
    end = _word("no_date", language)
    if until:
        end = text(language, "instruction.2.code.until", moment=_until(until, language))
    return f"{_word(custody['holder'], language)}, {end}"


def _from(moment: str, language: str) -> str:
    """Format the beginning of a period. The day suffices if the period begins at midnight in Belgium."""
    start = parse_utc(moment)
    local = writing.belgian(start)
    return writing.day(language, local) if local.time() == time() else writing.moment(language, start)


def _until(moment: str, language: str) -> str:
    """Format the end of a period. The day, included, suffices if the period ends in its last second in Belgium."""
    end = parse_utc(moment)
    if writing.belgian(end + _SECOND).time() != time():
        return writing.moment(language, end)
    return text(language, "instruction.2.code.included", day=writing.day(language, writing.belgian(end)))
