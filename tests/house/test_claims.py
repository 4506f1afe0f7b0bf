"""Each claim about a dialect or about Medinect has its source and date, and each module that makes one names it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = list(csv.DictReader((ROOT / "schemas/claims.csv").read_text(encoding="utf-8").splitlines()))
NAMED = re.compile(r"claim: ([a-z-]+)")
SOFTWARE = re.compile(
    r"\b(Medinect|importers|Medispring|CareConnect|Mediris|Topaz|Daktari|Windoc|Accrimed|HealthOne program|MediDoc program)\b"
)
"""Software by name, and what is said of importers. A module that speaks of one makes a claim."""


def flaws(claims: list[dict[str, str]], modules: dict[str, str]) -> list[str]:
    """What is wrong with the claims, and with modules (path to text) that make some."""
    found = [
        f"{c['id']}: {name} is missing"
        for c in claims
        for name, value in c.items()
        if not (value or "").strip()
    ]
    found += [
        f"{c['id']}: no date" for c in claims if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", c["dated"] or "")
    ]
    known = {c["id"] for c in claims}
    found += ["an id twice"] * (len(claims) - len(known))
    named = {path: set(NAMED.findall(text)) for path, text in modules.items()}
    found += [
        f"{path}: claim {each} is not in the table" for path, ids in named.items() for each in ids - known
    ]
    found += [
        f"{c['id']}: not named in its module" for c in claims if c["id"] not in named.get(c["module"], ())
    ]
    found += [
        f"{path}: a claim without its id"
        for path, text in modules.items()
        if SOFTWARE.search(text) and not named[path]
    ]
    return found


def modules() -> dict[str, str]:
    paths = [*(ROOT / "connectors").rglob("*.py"), *(ROOT / "schemas").glob("medi*.py")]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


def test_each_claim_has_source_and_date_and_is_named_where_it_is_relied_on():
    assert len(CLAIMS) > 2
    assert flaws(CLAIMS, modules()) == []


SOUND = {"id": "a-b", "about": "x", "claim": "x", "source": "x", "dated": "2024", "module": "m.py"}


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ({"source": ""}, "claim: a-b"),
        ({"dated": ""}, "claim: a-b"),
        ({"dated": "soon"}, "claim: a-b"),
        ({}, "nothing"),
        ({}, "claim: a-b claim: c-d"),
        ({}, "Medispring writes it so"),
    ],
)
def test_a_claim_without_one_is_found(claim, text):
    assert flaws([SOUND], {"m.py": "claim: a-b"}) == []
    assert flaws([{**SOUND, **claim}], {"m.py": text}) != []
