"""Broken readers, staging and writers: the books notice each, and nothing is published."""

from __future__ import annotations

import os

import pytest
from mutants import start_mutant
from support.whole_run import WholeRun

from flows.engine import _ipc as data_link
from flows.engine import run as engine
from schemas.errors import ReconciliationError
from vault.home_folder import Home

TABLES = (
    "unit/item", "unit/transaction", "unit/text", "unit/heading", "unit/patient_field", "link", "document", "document_chunk",
)  # fmt: skip
VALUES = (
    "unit/item:<text", 'unit/item:<cd S="CD-ITEM"', 'unit/item:<cd S="ICPC"', "unit/item:<decimal>",
    "unit/item:<unit>", "unit/item:<minref>", "unit/item:<beginmoment>", "unit/item:<endmoment>", "unit/item:<lifecycle>",
    "unit/item:<posology>", "unit/item:<medicinalproduct>", "unit/item:<certainty>", "unit/item:<severity>",
    "unit/item:<temporality>", "unit/item:<isrelevant>",
    "unit/transaction:<date>", "unit/transaction:<author>", "unit/transaction:<cd", "unit/transaction:<iscomplete>",
    "unit/text:<text", "unit/heading:<cd", "unit/patient_field:<birthdate>", "unit/patient_field:<sex>",
    "link:xml", "document_chunk:content",
)  # fmt: skip
PATTERNS = (
    "<item>.*?</item>", "<transaction>.*?</transaction>", "<lnk .*?</lnk>", "<decimal>.*?</decimal>",
    "<birthdate>.*?</birthdate>", "<cd S=.ICPC.*?</cd>", "<beginmoment>.*?</beginmoment>",
)  # fmt: skip
TURNED = ("<iscomplete>.*?</iscomplete>(?=<isvalidated>)", "<firstname>.*?</firstname>(?=<familyname>)")
MUTANTS = (
    [f"{p}:{op}:{t}" for p in ("reader", "staging") for op in ("drop", "double") for t in TABLES]
    + [
        f"{p}:swap:{t}"
        for p in ("reader", "staging")
        for t in ("unit/item", "unit/transaction", "document_chunk", "unit/patient_field")
    ]
    + [f"{p}:alter:{v}" for p in ("reader", "staging") for v in VALUES]
    + [f"writer:{op}:{pattern}" for op in ("drop", "double") for pattern in PATTERNS[:3]]
    + [f"writer:alter:{pattern}" for pattern in PATTERNS[3:4] + PATTERNS[6:]]
    + [f"writer:drop:{pattern}" for pattern in PATTERNS[3:]]
    + ["writer:swap:charts"]
    + [f"writer:turn:{pattern}" for pattern in TURNED]
)
if not os.environ.get("REPRISE_ALL_FAULTS"):  # `make faults`
    MUTANTS = [*MUTANTS[:90:3], *MUTANTS[90:]]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def practice(shared, tmp_path_factory):
    """Two patients with everything that the format can say, different in every kind of value."""
    folder = tmp_path_factory.mktemp("practice") / "export"
    folder.mkdir()
    text = (shared / "samples" / "kmehr" / "_ours" / "smf_reference.xml").read_text(encoding="utf-8")
    first = text
    for old, new in (
        ("00000000392", "85073003328"),
        ('L="fr">', 'L="fr">autre '),
        ("<decimal>1", "<decimal>2"),
        ("QTFcMTIzXExBQk9ccg==", "QTFcMTI0XExBQk9ccg=="),
        ("JVBERi0xLjEK", "JVBERi0xLjMK"),
    ):
        assert old in text
        text = text.replace(old, new)
    second = text[text.index("<folder>") : text.index("</folder>") + len("</folder>")]
    both = first.replace("</folder>", "</folder>" + second, 1)
    (folder / "1.xml").write_text(both, encoding="utf-8")
    return folder


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_turns_the_run_red(mutant, practice, tmp_path, monkeypatch):
    monkeypatch.setattr(data_link, "start_process", start_mutant)
    monkeypatch.setenv("REPRISE_MUTANT", mutant)
    case = WholeRun(tmp_path / "trial", practice)
    with pytest.raises(ReconciliationError) as red:
        case.start()
    assert 70 <= red.value.exit_code <= 79
    if ":turn:" in mutant:  # every fact is there: only the schemas object
        assert red.value.code == "rule_chart_not_valid"
    assert not list(case.destination.glob("reprise-*"))
    assert list((case.home / "staging").iterdir()), "a red run destroys nothing by itself"
    engine.abandon(Home(case.home), case.run_id, "trial")
    case.nothing_left()
