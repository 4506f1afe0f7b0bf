"""The first wording of an instruction (`instruction.1`), which earlier releases drafted. It must not change: it was signed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.texts import section, text
from vault.system.clock import parse_utc


def _word(code: str, language: str) -> str:
    """Return the word for a code, or an unknown code (a free field of the instruction) unchanged."""
    return section(language, "instruction.1.code").get(code, code)


def values(body: dict[str, Any], language: str) -> dict[str, dict[str, Any]]:
    """Return the values for each paragraph, in the order of the paragraphs."""
    custody = body["custody"]

    def named(code: str) -> str:
        return _word(code, language)

    return {
        "title": {},
        "who": {
            "processor": body["processor"],
            "names": "; ".join(
                f"{c['name']}, {named(c['role'])} (INAMI/RIZIV {c['nihii']})" for c in body["controllers"]
            ),
            "purpose": named(body["purpose"]),
        },
        "what": {
            "source": body["source_system"] or named("not_stated"),
            "target": body["target_system"],
            "kinds": ", ".join(named(kind) for kind in sorted(body["kinds"])),
            "patients": _patients(body["patients"], language),
            "responsible": _responsible(body["responsible"], language),
        },
        "uses": {
            "uses": _uses(body["uses"], language),
            "valid_from": _moment(body["valid_from"]),
            "valid_until": _moment(body["valid_until"]),
        },
        "staging": {"hours": body["staging_deadline_hours"]},
        "custody": {
            "source_custody": _holder(custody.get("source"), language),
            "package_custody": _holder(custody.get("package"), language),
        },
        "recipients": {
            "destination": body["destination"],
            "recipients": ", ".join(f"{r['age']} ({named(r['role'])})" for r in body["recipients"]),
        },
        "ceilings": {
            "degraded": body["ceilings"]["degraded_permille"],
            "quarantined": body["ceilings"]["quarantined_permille"],
        },
        "language": {"nonce": body["nonce"]},
    }


def _patients(rule: dict[str, Any], language: str) -> str:
    given: dict[str, Any] = {}
    if rule["mode"] == "seen_since":
        given["since"] = _day(rule["since"])
    elif rule["mode"] == "list":
        given["list_sha256"] = rule.get("list_sha256", "")
    return text(language, f"instruction.1.code.patients_{rule['mode']}", **given)


def _responsible(rule: dict[str, Any], language: str) -> str:
    further = ", ".join(rule.get("nihii", []))
    given = {"nihii": further} if rule["mode"] == "list" else {}
    return text(language, f"instruction.1.code.responsible_{rule['mode']}", **given)


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
        end = text(language, "instruction.1.code.until", moment=_moment(until))
    return f"{_word(custody['holder'], language)}, {end}"


def _moment(text: str) -> str:
    """Format a time for people, in UTC. Seconds are shown unless they are zero, so that no two times have the same text."""
    utc_time = parse_utc(text)
    return utc_time.strftime("%d/%m/%Y %H:%M:%S UTC" if utc_time.second else "%d/%m/%Y %H:%M UTC")


def _day(text: str) -> str:
    return datetime.strptime(text, "%Y-%m-%d").strftime("%d/%m/%Y")
