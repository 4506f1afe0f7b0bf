"""Every error: documented, with its own exit code range, and unable to carry a patient's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import errors
from schemas.advice import ADVICE
from schemas.errors import FACTS, RepriseError

ROOT = Path(__file__).resolve().parents[2]
CLASSES = sorted(
    (c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, RepriseError)),
    key=lambda c: c.__name__,
)
CANARY = "Übermüller-Canary 85.07.30-033.28"


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_no_fact_can_quote_a_patient(kind: type[RepriseError]) -> None:
    error = kind("some_code", **dict.fromkeys(sorted(FACTS - {"code"}), CANARY))
    shown = f"{error} {error!r} {error.to_json()} {error.args}"
    assert "Canary" not in shown
    assert "withheld" in shown


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_every_error_is_in_the_table_of_exit_codes(kind: type[RepriseError]) -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert f"| {kind.exit_code} | `{kind.__name__}` | {kind('x').summary} | {kind.advice} |" in page


@pytest.mark.parametrize("code", ADVICE)
def test_a_code_with_words_of_its_own_says_them_and_is_on_the_page(code: str) -> None:
    said = RepriseError(code).to_json()
    assert str(said["message"]).startswith(ADVICE[code][0])
    assert said["advice"] == ADVICE[code][1]
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert f"| `{code}` | {ADVICE[code][0]} | {ADVICE[code][1]} |" in page
    raised = [
        p
        for top in ("flows", "vault")
        for p in (ROOT / top).rglob("*.py")
        if f'"{code}"' in p.read_text("utf-8")
    ]
    assert raised, "nobody raises it"


def test_unknown_facts_are_refused() -> None:
    with pytest.raises(TypeError):
        RepriseError("x", name="a")
