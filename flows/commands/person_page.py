"""Text about what is kept of a person, for that person to read; and about what an erasure touches."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "ended": "ended",
    "evidence": "shown",
    "ground": "on the ground of",
    "inss": "national number",
    "mandates": "mandates to sign for others",
    "name": "name",
    "nihii": "INAMI/RIZIV numbers",
    "number": "INAMI/RIZIV number",
    "number_basis": "number kept under",
    "numbers": "for INAMI/RIZIV numbers",
    "basis": "kept on the basis of",
    "pending": "waits for a second operator's attestation",
    "superseded": "was so before",
    "until": "until",
}
"""Fields of a record in words; other fields are shown by their own name."""

_VALUES = {
    "be_ehealth_2008": "the law of 21 August 2008 on the eHealth platform",
    "be_national_register_1983": "the law of 8 August 1983 on the national register",
    "ehealth_certificate": "an eHealth certificate",
    "gdpr_6_1_b": "a contract, article 6(1)(b) GDPR",
    "gdpr_6_1_c": "a legal obligation, article 6(1)(c) GDPR",
    "gdpr_6_1_f": "a legitimate interest, article 6(1)(f) GDPR",
    "identity_card": "an identity card",
    "inami_register": "the register of INAMI/RIZIV",
    "trial": "a trial: an invented person",
}
"""Codes of a record in words (docs/authorisation.md explains each in a sentence)."""

_CODED = {"basis", "number_basis", "how", "ground"}
"""Fields that hold codes; all other values are printed unchanged, even if they look like a code."""

_KEPT = {
    "operator_acts": "It is the operator's own who looks: another operator erases it.",
    "run_alive": "It is needed: a run that concerns this person has not ended.",
    "copy_held": "It is needed: the operator holds a copy of this person's (`reprise custody`).",
    "attester_needed": "It is needed: what this operator attested rests on it, until another operator attests that too.",
}


def describe_subject(found: dict[str, Any]) -> str:
    """Describe everything kept about a person, one field per line, for that person to read."""
    record = {name: value for name, value in found["record"].items() if name != "kind"}
    lines = [
        f"Kept about {found['subject']}: {_kind(found['record'])}",
        *_fields(record, "  ", found["operators"]),
        *_holdings(found),
        *(f"  to attest {name}: --of {mark}" for name, mark in found.get("to_attest", {}).items()),
        f"  {_until(found['kept_until'], found['kept_because'])}",
    ]
    return "\n".join(lines)


def _kind(record: dict[str, Any]) -> str:
    """Return the kind of person; a doctor whose numbers lack a second attestation may not sign yet."""
    kind = str(record.get("kind", "erased"))
    if kind == "doctor" and "nihii" not in record:
        return "a doctor, not in force: a second operator has not attested yet"
    if "pending" in record:
        return f"{kind}, with a change that a second operator has not attested yet"
    return {"named": "named in an instruction, not enrolled"}.get(kind, kind)


def _until(kept_until: str | None, because: str | None) -> str:
    if because in _KEPT:
        return _KEPT[because]
    if kept_until:
        return f"until {_minute(kept_until)} UTC, unless the law or a run keeps it longer"
    return "Neither the law nor a run needs it: `reprise subject erase` erases it."


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def describe_erasure(plan: dict[str, Any], receipt: str) -> str:
    """Describe what an erasure touches, before the question is asked."""
    lines = [
        f"To be erased: {plan['subject']} ({plan['kind']}), with key, salts and record.",
        *_holdings(plan),
        "  What others signed with this person is erased with it. Certificates, statements and ledger entries stay, and verify.",
        f"  receipt: {receipt}; it proves the erasure and is kept nowhere else",
    ]
    return "\n".join(lines)


def _holdings(found: dict[str, Any]) -> list[str]:
    """List runs, instructions, attestations, sealed objects, and data in clear or under another key."""
    listed = {
        "attestations given": [
            f"{one['kind']} {one['of']}{', needed' if one['needed'] else ''}" for one in found["attestations"]
        ],
        "instructions": [
            f"{one['id']}{', withdrawn' if one['withdrawn'] else ''}{', pending' if one['pending'] else ''}"
            for one in found["instructions"]
        ],
        "not under this person's key": [
            f"{one['where']}, {_WHY[one['why']]}{', until ' + one['until'] if one['until'] else ''}"
            for one in found["not_yet_erased"]
        ],
        "runs": [f"{run['created']}  {run['use']:<10} {run['run']}" for run in found["runs"]],
        "sealed beside it": found["objects"],
    }
    return [
        line
        for name, rows in listed.items()
        for line in (f"  {name}: {'' if rows else 'none'}".rstrip(), *(f"    {row}" for row in rows))
    ]


_WHY = {
    "proof": "the proof of a run",
    "copy_held": "a copy that the operator holds",
    "order_waiting": "an order under the site's key",
    "mandate_for": "somebody's mandate to sign for this person; the numbers leave it with the erasure",
}


def _fields(record: dict[str, Any], indent: str, operators: dict[str, str | None]) -> list[str]:
    """Return names and values in words, with nested fields below their field."""
    lines = []
    for name, value in sorted(record.items()):
        called = _NAMES.get(name, name)
        if name == "attestations":
            lines += [f"{indent}attested {_attested(one, operators)}" for one in value]
        elif name == "ended":
            lines.append(f"{indent}{called} {_attested(value, operators)}")
        elif isinstance(value, dict):
            lines += [f"{indent}{called}:", *_fields(value, f"{indent}    ", operators)]
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            lines.append(f"{indent}{called}:")
            for one in value:
                inner = _fields(one, f"{indent}    ", operators)
                lines += [f"{indent}  - {inner[0].lstrip()}", *inner[1:]]
        else:
            lines.append(f"{indent}{called}: {_value(name, value)}")
    return lines


def _value(name: str, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return (
        ", ".join(_VALUES.get(str(one), str(one)) if name in _CODED else str(one) for one in values) or "none"
    )


def _attested(one: dict[str, Any], operators: dict[str, str | None]) -> str:
    """Describe an attestation: when, by whom, and what that operator was shown."""
    by = operators.get(one["operator"]) or f"an operator whose record was erased ({one['operator']})"
    how = f", who saw {_value('how', one['how'])}" if one["how"] else ""
    of = f", of {one['of']}" if one["of"] else ""
    return f"{_minute(one['at'])} UTC by {by}{how}{of}"
