"""The conditions of contracts over rows: against a second reading of dates, and with each condition broken in turn."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps import _duck as duck
from flows.steps import check as check_step
from flows.steps._facts import prepare, register_facts
from schemas import contracts_page
from schemas.contract_rules import conditions, outcome
from schemas.contract_tables import code_quantities, sex_specific, unit_quantities
from schemas.contracts import OUTCOMES, load_suites
from schemas.tables import TABLES

SUITES = {suite.table: suite for suite in load_suites()}
NOBODY = pa.table({name: pa.array([], pa.string()) for name in ("patient", "birth", "death", "sex")})


def patients(*rows):
    columns = {
        "unit": [],
        "file": [],
        "patient": [],
        "birth": [],
        "death": [],
        "chart": [],
        "inss": [],
        "family_name": [],
    }
    for n, (birth, death) in enumerate(rows, start=1):
        for name, value in zip(columns, (f"1/{n}", 1, n, birth, death, "c", None, "x"), strict=True):
            columns[name].append(value)
    fields = [TABLES["patient"].field(name) for name in columns]
    return pa.record_batch(
        [pa.array(v, f.type) for v, f in zip(columns.values(), fields, strict=True)], schema=pa.schema(fields)
    )


def outcomes_of(rows, contract="patient_birth_before_death"):
    """What the contract says of each row (birth, death), in order."""
    connection = duck.connect()
    try:
        prepare(connection, NOBODY, "2026-05-04")
        register_facts(connection, SUITES["patient"], patients(*rows))
        connection.execute(SUITES["patient"].judging_sql())
        found = connection.execute(f"SELECT patient, {contract} FROM judged ORDER BY patient").fetchall()
        return [outcome for _, outcome in found]
    finally:
        connection.close()


def read(text):
    """A second reading of a date: the parts that it states, None if it states none, an error if it is no date."""
    if text is None or not text.strip(" "):
        return None
    found = re.fullmatch(
        r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:[-T+Z ].*)?", text.strip(" "), re.ASCII | re.DOTALL
    )
    if found is None:
        raise ValueError
    parts = []
    for part in found.groups():
        if part is None or int(part) == 0:
            break
        parts.append(int(part))
    if len(parts) == 3:
        dt.date(*parts)
    elif len(parts) == 2 and not 1 <= parts[1] <= 12:
        raise ValueError
    return parts or None


def expected(birth, death):
    def known(text):
        try:
            return read(text)
        except ValueError:
            return "unreadable"

    one, other = known(birth), known(death)
    if "unreadable" in (one, other) and None not in (one, other):
        return "error"
    if one is None or other is None:
        return "not_applicable"
    both = min(len(one), len(other))
    return "failed" if one[:both] > other[:both] else "passed"


PARTS = st.tuples(
    st.sampled_from(["1960", "1961", "0000", "2000"]),
    st.sampled_from(["", "-00", "-01", "-02", "-13"]),
    st.sampled_from(["", "-00", "-01", "-29", "-30", "-31"]),
    st.sampled_from(["", "Z", "+01:00", "-05:00", "T00:00:00", " ", "x"]),
).map("".join)
DATES = st.one_of(st.none(), PARTS, st.sampled_from(["", " ", "onbekend", "31/12/1999", "19600506"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(DATES, DATES), min_size=1, max_size=40))
def test_dates_are_compared_as_a_second_reading_compares_them(rows):
    assert outcomes_of(rows) == [expected(*row) for row in rows]


BROKEN = {  # what a wrong condition would be, and the rows that tell it from the right one
    "never fails": lambda c: c._replace(fails="false"),
    "always fails": lambda c: c._replace(fails="true"),
    "the other way round": lambda c: c._replace(fails=c.fails.replace(">", "<")),
    "the same is too late": lambda c: c._replace(fails=c.fails.replace(">", ">=")),
    "compares what one leaves open": lambda c: c._replace(fails="birth_day > death_day"),
    "reads a missing value as kept": lambda c: c._replace(applies="true"),
    "says nothing of the unreadable": lambda c: c._replace(error="false"),
    "unreadable without a counterpart": lambda c: c._replace(error="birth_unreadable OR death_unreadable"),
}  # fmt: skip
ROWS = [
    ("1960", "1959"), ("1959", "1960"), ("1960", "1960"), ("1960-03", "1960"), ("1960", None), (None, "x"), ("1960", "x"),
]  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_contract_is_caught(how, monkeypatch):
    raw = {"rule": "not_after", "column": "birth", "other": "death"}
    right = [expected(*row) for row in ROWS]
    assert outcomes_of(ROWS) == right
    mutant = outcome(BROKEN[how](conditions(raw)))
    suite = SUITES["patient"]
    changed = tuple(
        contract.__class__(**{**contract.__dict__, "outcome": mutant})
        if contract.id == "patient_birth_before_death"
        else contract
        for contract in suite.contracts
    )
    monkeypatch.setitem(SUITES, "patient", suite.__class__(suite.table, suite.staged, suite.kind, changed))
    assert outcomes_of(ROWS) != right


def test_a_query_that_fails_is_an_error_of_its_contract_alone():
    suite = SUITES["patient"]
    odd = suite.contracts[0].__class__(
        **{**suite.contracts[0].__dict__, "outcome": "CAST(family_name AS INTEGER)"}
    )
    broken = suite.__class__(suite.table, suite.staged, suite.kind, (odd, *suite.contracts[1:]))
    connection = duck.connect()
    prepare(connection, NOBODY, "2026-05-04")
    register_facts(connection, broken, patients(("1960", "1950"), ("1960", None)))
    counted = Counter()
    for contracts in check_step._judge(connection, broken):
        for contract in contracts:
            for found, n in connection.execute(broken.counting_sql(contract)).fetchall():
                counted[contract.id, found] += n
    assert counted["patient_has_chart", "error"] == 2
    assert counted["patient_birth_before_death", "failed"] == 1
    assert sum(counted.values()) == 2 * len(broken.contracts)
    assert {found for _, found in counted} <= {*OUTCOMES}


def test_two_rows_of_a_folder_that_disagree_state_nothing():
    connection = duck.connect()
    people = pa.table(
        {
            "patient": [1, 1, 2, 2],
            "birth": ["1960", "1961", "1970", None],
            "death": [None] * 4,
            "sex": ["male"] * 4,
        },
        schema=pa.schema([("patient", pa.int32()), *((n, pa.string()) for n in ("birth", "death", "sex"))]),
    )
    prepare(connection, people, "2026-05-04")
    assert connection.execute("SELECT * FROM people ORDER BY patient").fetchall() == [
        (1, None, None, "male"),
        (2, "1970", None, "male"),
    ]


def test_each_row_of_a_table_names_its_source_and_the_table_is_whole():
    rows: list[Any] = [*sex_specific(), *code_quantities(), *unit_quantities()]
    for row in rows:
        assert all(value for name, value in zip(row._fields, row, strict=True) if name != "version"), row
        assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", row.dated)
        assert re.search(r"https://|doi 10\.", row.source)
    assert {row.quantity for row in code_quantities()} <= {row.quantity for row in unit_quantities()}
    assert len({row.unit for row in unit_quantities()}) == len(unit_quantities())
    assert all(row.unit == row.unit.lower() for row in unit_quantities())


def test_the_page_is_made_of_the_suites():
    root = files("schemas").joinpath("..")
    assert root.joinpath("docs/contracts.md").read_text(encoding="utf-8") == contracts_page.page()
    raw = json.loads(files("schemas").joinpath("checks/suites.json").read_text(encoding="utf-8"))
    named = [c["id"] for suite in raw["suites"] for c in suite["contracts"]]
    sections = re.findall(r"^### `(\w+)`$", contracts_page.page(), re.MULTILINE)
    assert sections == named
    assert len(set(named)) == len(named) > 20
