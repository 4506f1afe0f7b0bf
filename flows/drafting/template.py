"""Makes the template: FIELDS as TOML, with meaning and choices of each field in comments, and with values from the home."""

from __future__ import annotations

import textwrap
from datetime import datetime, timedelta

from flows.drafting._meanings import MEANINGS
from flows.drafting.form import PROPOSED_DAYS
from flows.drafting.known import A_FOLDER, Known
from schemas.texts import LANGUAGES
from vault.instruction.fields import (
    CARRIED,
    HOLDERS,
    KINDS,
    MAX_USES,
    PATIENTS,
    RECIPIENT_ROLES,
    RESPONSIBLE,
    ROLES,
)
from vault.system.clock import format_utc

_WIDTH = 110


def template(known: Known, now: datetime) -> str:
    """Return the template. Required values are empty (`""`); a draft reports each value that was left empty."""
    return "\n\n".join([_head(known), *_plain(known, now), *_tables(known)]) + "\n"


def _head(known: Known) -> str:
    place = "" if known.home else " No home was given: recipients and ceiling are examples."
    return _comment(
        "FIELDS of an instruction. Fill in what is empty, then: reprise authorise draft THIS-FILE --to instruction.pdf."
        " Every field is demanded. The nonce is made for you." + place
    )


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in textwrap.wrap(text, _WIDTH))


def _field(name: str, value: str, choices: tuple[str, ...] = ()) -> str:
    allowed = [_comment(f"Choices: {', '.join(choices)}.")] if choices else []
    return "\n".join([_comment(MEANINGS[name]), *allowed, f"{name} = {value}"])


def _quoted(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _plain(known: Known, now: datetime) -> list[str]:
    return [
        _field("language", '""', LANGUAGES),
        _field("processor", '""'),
        _field("purpose", '"takeover"'),
        _field("source_system", '""'),
        _field("target_system", '"Medinect"'),
        _field("kinds", _quoted(KINDS), KINDS),
        _field("destination", f'"{A_FOLDER}"', ("an absolute folder", *(f"{s}/PATH" for s in known.servers))),
        _field("valid_from", f'"{format_utc(now)}"'),
        _field("valid_until", f'"{format_utc(now + timedelta(days=PROPOSED_DAYS))}"'),
        _field("staging_deadline_hours", str(known.ceiling_hours), (f"1 to {known.ceiling_hours}",)),
    ]


def _tables(known: Known) -> list[str]:
    return [
        _table("patients", PATIENTS, 'mode = "all"\n# since = "2020-01-31"      # with seen_since\n'
               '# list_sha256 = ""          # with list: the digest that `reprise authorise seal-patients` prints'),
        _table("responsible", RESPONSIBLE, 'mode = "controllers"\n# nihii = ["", ""]          # with list: further numbers'),
        _table("uses", (f"0 to {MAX_USES} each",), "\n".join(f"{use} = {1 if use == 'migration' else 5}" for use in CARRIED)),
        _table("ceilings", ("0 to 1000",), "degraded_permille = 50\nquarantined_permille = 20"),
        _comment(MEANINGS["custody"]) + "\n"
        + _comment(f"Choices of holder: {', '.join(HOLDERS)}; with operator, until is demanded.")
        + "".join(f'\n[custody.{copy}]\nholder = "doctor"\n# until = "2027-01-31T23:00:00Z"' for copy in ("source", "package")),
        _comment(MEANINGS["controllers"] + " One [[controllers]] each.") + "\n" + _comment(f"Choices of role: {', '.join(ROLES)};"
        " nihii: the INAMI/RIZIV number as enrolled; name: as the page shall show it.")
        + '\n[[controllers]]\nrole = "controller"\nnihii = ""\nname = ""',
        _comment(MEANINGS["recipients"] + " One [[recipients]] each.") + "\n"
        + _comment(f"Choices of role: {', '.join(RECIPIENT_ROLES)}, as the key was proven.") + "\n" + _recipients(known),
    ]  # fmt: skip


def _table(name: str, choices: tuple[str, ...], body: str) -> str:
    return f"{_comment(MEANINGS[name])}\n{_comment('Choices: ' + ', '.join(choices) + '.')}\n[{name}]\n{body}"


def _recipients(known: Known) -> str:
    proven = [(r.role, r.key) for r in known.recipients] or [("practice", ""), ("recovery", "")]
    return "\n".join(f'[[recipients]]\nrole = "{role}"\nage = "{key}"' for role, key in proven)
