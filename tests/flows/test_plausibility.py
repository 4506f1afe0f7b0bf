"""Contracts on what records say: the outcomes of made-up charts with right values, and the points that a practice gets of them."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from support.practice_in_process import Practices
from support.small_export import code, export, folder, item, measured, transaction, words

from schemas.contracts import load_suites

TERMS = {"ceilings": {"degraded_permille": 1000, "quarantined_permille": 1000}}


@pytest.fixture(scope="module")
def practices(tmp_path_factory):
    return Practices(tmp_path_factory.mktemp("plausibility"), **TERMS)


def carried(practices, tmp_path, *folders):
    source = tmp_path / "export.xml"
    source.write_bytes(export(*folders))
    package = practices.carry(source)
    assert package.error is None, package.error
    checked = package.published.reconciliation.delivery.plan.drafts.matched.checked
    listed = json.loads(package.report["work-list.json"])["points"]
    reasons = {c.reason for suite in load_suites() for c in suite.contracts if c.reason}
    return checked, [point for point in listed if point["reason"] in reasons]


def problem(**dates):
    return item("problem", words("zorgelement"), **dates)


def weight(unit, scheme="CD-PARAMETER", coded="weight"):
    return item("parameter", code(coded, scheme), measured("70", unit))


def coded(value, scheme, version, kind="problem"):
    return item(kind, code(value, scheme, version), words("diagnose"))


CASES: dict[str, list[tuple[dict[str, str | None], str, str]]] = {
    # contract: (a folder's further words, the content of its contact, the outcome)
    "patient_birth_not_in_future": [
        ({"birth": "1960-05-06"}, "", "passed"),
        ({"birth": "2026-05-04"}, "", "passed"),  # the day of the run
        ({"birth": "2026-05-05"}, "", "failed"),
        ({"birth": "2026"}, "", "passed"),  # nothing says that it lies after the run
        ({"birth": "2027"}, "", "failed"),
        ({"birth": None}, "", "not_applicable"),
        ({"birth": "1960-02-31"}, "", "error"),
        ({"birth": "1960-13"}, "", "error"),
    ],
    "patient_birth_before_death": [
        ({"birth": "1960", "death": "1960-02-03"}, "", "passed"),
        ({"birth": "1960-03", "death": "1960-02-03"}, "", "failed"),
        ({"birth": "1960-03", "death": None}, "", "not_applicable"),
        ({"birth": "1960-03", "death": "2010-02-30"}, "", "error"),
        ({"birth": None, "death": "2010-02-30"}, "", "not_applicable"),
    ],
    "item_not_before_birth": [
        ({}, problem(begin="1960-05-06"), "passed"),
        ({}, problem(begin="1960-05-05"), "failed"),
        ({}, problem(begin="1960-05"), "passed"),
        ({}, problem(begin="1960-04"), "failed"),
        ({}, problem(begin="1959"), "failed"),
        ({"birth": "1960"}, problem(begin="1960-01-01"), "passed"),
        ({}, problem(), "not_applicable"),
        ({"birth": None}, problem(begin="1900"), "not_applicable"),
        ({}, problem(begin="2001-02-29"), "error"),
        ({}, item("familyrisk", words("vader"), begin="1930"), "not_applicable"),
    ],
    "item_not_after_death": [
        ({"death": "2010-05"}, item("vaccine", words("griep"), begin="2010-05-31"), "passed"),
        ({"death": "2010-05"}, item("vaccine", words("griep"), begin="2010-06-01"), "failed"),
        ({"death": "2010-05"}, problem(begin="2010-06-01"), "not_applicable"),
        ({}, item("vaccine", words("griep"), begin="2010-06-01"), "not_applicable"),
    ],
    "item_begin_before_end": [
        ({}, problem(begin="2019-05-06", end="2019-05-06"), "passed"),
        ({}, problem(begin="2019-05-06", end="1900-01-01"), "failed"),
        ({}, problem(begin="2019-05", end="2019-05-01"), "passed"),
        ({}, problem(begin="2019-05"), "not_applicable"),
        ({}, problem(begin="2019-05-01", end="2019-06-31"), "error"),
    ],
    "item_unit_possible": [
        ({}, weight("kg"), "passed"),
        ({}, weight("cm"), "failed"),
        ({}, weight("mmHg"), "failed"),
        ({}, weight("stone"), "not_applicable"),  # no source says what it measures
        ({}, weight("cm", coded="hipcircumference"), "not_applicable"),
        ({}, weight("kg", "CD-LAB", "29463-7"), "passed"),
        ({}, weight("mmol/l", "CD-LAB", "29463-7"), "failed"),
        ({}, weight("kg", "LOCAL", "weight"), "not_applicable"),
    ],
    "item_code_of_the_sex": [
        ({"sex": "female"}, coded("X76", "ICPC", "2"), "passed"),
        ({"sex": "male"}, coded("X76", "ICPC", "2"), "failed"),
        ({"sex": "female"}, coded("Y85", "ICPC", "2"), "failed"),
        ({"sex": "male"}, coded("Y85.00", "ICPC", "2"), "passed"),
        ({"sex": "male"}, coded("W11", "ICPC", "2"), "not_applicable"),
        ({"sex": "male"}, coded("O80", "ICD", "10"), "failed"),
        ({"sex": "female"}, coded("N40", "ICD", "10"), "failed"),
        ({"sex": "female"}, coded("N400", "ICD", "9"), "not_applicable"),
        ({"sex": "unknown"}, coded("O80", "ICD", "10"), "not_applicable"),
        ({"sex": None}, coded("O80", "ICD", "10"), "not_applicable"),
        ({"sex": "male"}, coded("K86", "ICPC", "2"), "not_applicable"),
        ({"sex": "male"}, coded("X76", "ICPC", "2", "familyrisk"), "not_applicable"),
    ],
    "contact_not_before_birth": [
        ({"birth": "1960-05-06"}, "", "passed"),
        ({"birth": "2020-02-04"}, "", "failed"),
        ({"birth": "2020-02"}, "", "passed"),
    ],
    "contact_not_after_death": [
        ({"death": "2020-02-03"}, "", "passed"),
        ({"death": "2020-02-02"}, "", "failed"),
        ({}, "", "not_applicable"),
    ],
}  # fmt: skip
REASONS = {c.id: c.reason for suite in load_suites() for c in suite.contracts}


@pytest.mark.parametrize("contract", CASES)
def test_each_row_has_the_outcome_that_a_clinician_gives_it(contract, practices, tmp_path):
    """One folder a case; nothing but the contract's own units is told, each with its patient."""
    folders = [
        folder(f"Case{n}", transaction(content or words("consultatie")), **person)
        for n, (person, content, _) in enumerate(CASES[contract], start=1)
    ]
    checked, points = carried(practices, tmp_path, *folders)
    expected = Counter(outcome for *_, outcome in CASES[contract])
    assert {o: n for o, n in checked.outcomes[contract].items() if n} == dict(expected)
    failed = [f"Case{n}" for n, (*_, outcome) in enumerate(CASES[contract], start=1) if outcome == "failed"]
    named = [case_of(point) for point in points if point["reason"] == REASONS[contract]]
    assert sorted(named) == (sorted(failed) if REASONS[contract] else [])
    assert checked.to_resolve == len(points)


def case_of(point):
    """The folder that a point names."""
    names = point["patient"]["name"].replace(",", " ").split()
    return next(name for name in names if name.startswith("Case"))


def test_each_contract_on_what_records_say_has_cases():
    structural = {"not_null", "not_blank", "unique", "positive", "matches", "in_set", "not_in_set"}
    said = {c.id for suite in load_suites() for c in suite.contracts if c.rule not in structural}
    assert said - {"contact_not_in_future"} == CASES.keys()
