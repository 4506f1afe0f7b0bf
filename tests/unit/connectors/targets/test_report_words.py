"""The report speaks four languages, and has words for whatever can stand in it."""

from __future__ import annotations

import re

import pytest

from connectors.inventory.facts import tiles
from connectors.inventory.kmehr import bytes_repair
from connectors.targets.findings import Finding, kept_back
from connectors.targets.points import HANDLINGS, Teller
from connectors.targets.reports import (
    Account,
    Totals,
    reconciliation_page,
    reconciliation_values,
    work_list_page,
)
from connectors.targets.sheet import Line, Sheet
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.practice_documents import ChartOf, Danger, Persons, Run, Sort, WorkListFile
from schemas.texts import LANGUAGES

OUTSIDE = {  # what these befall is counted, not listed
    Reason.KIND_OUT_OF_SCOPE, Reason.PATIENT_OUT_OF_SCOPE, Reason.RESPONSIBLE_OUT_OF_SCOPE,
    Reason.NO_HEADER,
}  # fmt: skip
CODE = re.compile(r"[a-z]+_[a-z_]+")
WHO = ChartOf("Essai, <b>", "1950-01-02", None, "patients/1.xml", "fidelity/1.html")


def run(language):
    return Run(
        id="r",
        begun_at="2026-01-02T03:04:05Z",
        signed_at="2026-01-01T00:00:00Z",
        source_system="s",
        language=language,
    )


def test_every_reason_has_a_handling():
    assert HANDLINGS.keys() >= {*Reason} - OUTSIDE
    assert not HANDLINGS.keys() & OUTSIDE


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_point_is_in_words(language):
    teller = Teller(language)
    findings = [kept_back("1/1", kind, reason) for kind in UnitKind for reason in HANDLINGS]
    findings += [Finding(danger, "odd", "1/1", "confidential", "<b>") for danger in Danger]
    drafts = [teller.tell(found, member="quarantine/1.txt") for found in findings]
    for draft in drafts:
        said = (draft.what, draft.why, draft.instead, draft.place, draft.action, draft.content)
        assert all(said)
        assert not any(CODE.search(each) for each in said)
        assert "<" not in "".join(said)
    points = [draft.point(f"1.{n}", WHO) for n, draft in enumerate(drafts, start=1)]
    head = WorkListFile(1, run(language), 1, 2, dict.fromkeys(Danger, 1), [])
    page = b"".join(work_list_page(head, lambda danger: [p for p in points if p.danger == danger])).decode()
    assert page.count("<li id=") == len(points)
    assert "Essai, &lt;b&gt;" in page
    assert "<b>" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_count_is_in_words(language):
    repairs = [getattr(bytes_repair, name) for name in dir(bytes_repair) if name.endswith("_RULE")]
    assert len(repairs) == 4
    lines = [
        Line(sort, part, 2020, "delivered", 1)
        for sort in Sort
        for part in (("active", "other") if sort is Sort.MEDICATION else ("", "vaccine"))
    ]
    account = Account(
        units={kind.value: {d.value: 1 for d in Disposition} for kind in UnitKind},
        bytes=dict.fromkeys(("units", "structural", *tiles.RULES), 1),
        bytes_total=3,
        filled={"date": 1},
        repaired=dict.fromkeys(repairs, 1),
        files=1,
    )
    sheet = Sheet(None, None, None, lines, {}, [], [])
    values = reconciliation_values(run(language), Persons(1, 1, 0, 0), Totals(sheet), account)
    page = b"".join(reconciliation_page(values)).decode()
    shown = set(re.findall(r">([^<>]+)<", page))
    for code in [*UnitKind, *Disposition, *tiles.RULES, *repairs, *Sort]:
        assert code not in shown or (language, code) == ("en", "delivered")
