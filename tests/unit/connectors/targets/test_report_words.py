"""The report speaks four languages, and has a word for whatever can stand in it."""

from __future__ import annotations

import pytest

from connectors.inventory.facts import tiles
from connectors.inventory.kmehr import bytes_repair
from connectors.targets.findings import Finding, kept_back
from connectors.targets.reports import render_reconciliation, render_work_list
from schemas.disposition import Disposition, Reason, UnitKind

OUTSIDE = {  # what these befall is counted, not listed
    Reason.KIND_OUT_OF_SCOPE, Reason.PATIENT_OUT_OF_SCOPE, Reason.RESPONSIBLE_OUT_OF_SCOPE, Reason.PATIENT_UNKNOWN,
    Reason.NO_HEADER,
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr", "nl", "de"])
def test_everything_has_a_word(language):
    reasons = [*(reason.value for reason in Reason if reason not in OUTSIDE), "confidential"]
    reasons += ["code_page_doubtful", "birth_date_unreadable", "national_number_invalid"]
    reasons += ["encoding_repaired", "unit_code_unknown", "result_incomplete"]
    findings = [kept_back("1/1", kind, reason, "quarantine/1") for kind in UnitKind for reason in reasons]
    findings += [Finding(rank, "odd", "1/1", "confidential", "<b>", "patients/1.xml") for rank in range(1, 9)]
    page = render_work_list(findings, language)
    assert "&lt;b&gt;" in page
    assert not any(f">{reason}<" in page for reason in reasons)
    repairs = [getattr(bytes_repair, name) for name in dir(bytes_repair) if name.endswith("_RULE")]
    assert len(repairs) == 4
    summary = {
        "run": "r", "profile": "p", "bytes": 3, "unit_bytes": 1, "structural_bytes": 1, "filled": {"date": 1},
        "by_kind": {kind.value: {d.value: 1 for d in Disposition} for kind in UnitKind},
        "ignored_bytes": dict.fromkeys(tiles.RULES, 1), "repaired": dict.fromkeys(repairs, 1),
    }  # fmt: skip
    page = render_reconciliation(summary, language)
    for code in [*UnitKind, *Disposition, *tiles.RULES, *repairs]:
        assert f">{code}<" not in page or (language, code) == ("en", "delivered")
