"""Folders of one patient: joined when nothing contradicts; the rest is listed whole, a line a chart."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from support.growth import growth

from flows.steps import _duck as duck
from flows.steps import reconcile
from flows.steps._doubles import find_joins, read_folders
from flows.steps.match import find_doubles
from schemas.books import COUNTED_UNIT, DELIVERED_UNIT, OUTCOME

NUMBER, NAME = "same_number_other_identity", "same_name_and_birth"
NO_BIRTH = "same_name_birth_incomplete"


def people(*rows: dict[str, Any]) -> pa.Table:
    one = {
        "inss": None, "family_name": "B", "first_names": ["A"], "birth": "1950-01-01", "birth_precision": "date",
        "sex": "male",
    }  # fmt: skip
    table = pa.Table.from_pylist([{"patient": n, **one, **row} for n, row in enumerate(rows, 1)])
    return table.set_column(0, "patient", table["patient"].cast(pa.int32()))


def test_one_number_and_no_contradiction_is_one_patient():
    sparse = {"family_name": " b ", "birth": "1950", "birth_precision": "year", "sex": "unknown"}
    rows = [
        {"inss": "1"},
        {"inss": "2"},
        {"inss": "1", **sparse},
        {"inss": "1", "sex": None, "family_name": None},
    ]
    joined, _ = find_doubles(people(*rows))
    assert joined == {3: 1, 4: 1}


@pytest.mark.parametrize(
    "other",
    [
        {"sex": "female"},
        {"family_name": "C"},
        {"first_names": ["Z"]},
        {"birth": "1951-01-01"},
        {"birth": "1950-01-02"},
        {"birth": "1951", "birth_precision": "year"},
    ],
)
def test_a_contradiction_lists_the_whole_group(other):
    # The third could be either of them: it is joined to none.
    rows = [
        {"inss": "1"},
        {"inss": "1", **other},
        {"inss": "1", "family_name": None, "sex": None, "birth": None},
    ]
    joined, review = find_doubles(people(*rows, {"inss": "1"}))
    assert joined == {4: 1}
    assert [each for each in review if each[2] == NUMBER] == [(2, 1, NUMBER), (3, 1, NUMBER), (3, 2, NUMBER)]


def test_namesakes_are_listed_also_without_a_number():
    rows = [{"inss": "1"}, {}, {}, {"inss": "2"}, {"birth": None}, {"first_names": ["Z"]}, {"inss": "1"}]
    joined, review = find_doubles(people(*rows))
    assert joined == {7: 1}
    of_four = [(later, earlier) for later in range(2, 5) for earlier in range(1, later)]
    undated = [(5, earlier) for earlier in range(1, 5)]
    assert review == [*((*pair, NAME) for pair in of_four), *((*pair, NO_BIRTH) for pair in undated)]


def test_nobody_is_nobody():
    assert find_doubles(pa.table({"patient": pa.array([], pa.int32())})) == ({}, [])


@pytest.mark.parametrize("same", ["name", "number"])
def test_the_group_is_listed_whole_and_in_linear_time(same):
    def make(n: int) -> Any:
        rows = [
            {"inss": str(i)} if same == "name" else {"inss": "1", "family_name": str(i)} for i in range(n)
        ]
        table = people(*rows)
        return lambda: find_doubles(table)

    joined, review = make(2000)()
    assert not joined
    chain = [(patient, other) for patient, other, _ in review]
    assert chain == [(n + 1, n) for n in range(1, 2000)]
    found = growth(f"patients of one {same}", 1000, make)
    print("\n" + found.row())
    found.assert_linear()


def test_what_lies_in_quarantined_units_goes_along_in_linear_time():
    def make(n: int) -> Any:
        above = [f"1/1.{i}" for i in range(n)]
        paths = [*above, *(f"{path}.2" for path in above), *(f"{path}#1.1" for path in above)]
        units = [_row(COUNTED_UNIT, unit=path, kind="item", digest=b"1" * 32, spans=[]) for path in paths]
        ends = [_row(OUTCOME, unit=path, kind="item", disposition="quarantined", chart=0) for path in above]
        books = {
            "units": pa.Table.from_pylist(units, COUNTED_UNIT), "outcomes": pa.Table.from_pylist(ends, OUTCOME),
            "delivered": DELIVERED_UNIT.empty_table(), "joined": pa.table({"chart": pa.array([], pa.int32())}),
        }  # fmt: skip
        return lambda: _balance(books)

    assert make(10)() == [("item", "quarantined", "none", 30, [1])]
    found = growth("quarantined units, each with two in it", 1500, make)
    print("\n" + found.row())
    found.assert_linear()


def _row(schema: pa.Schema, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(schema.names), "file": 1, "patient": 1, **values}


def _balance(books: dict[str, pa.Table]) -> list[tuple[str, str, str, int]]:
    connection = duck.connect()
    for name, table in books.items():
        connection.register(name, table)
    try:
        return reconcile._verdict(connection, b"")
    finally:
        connection.close()


def keyed(key: str | None, local_scheme: str = "A-PATIENT", **said: Any) -> dict[str, Any]:
    """A row of a table, which states a key and what is given."""
    own = (
        []
        if key is None
        else [{"scheme": "LOCAL", "version": "1.0", "local_scheme": local_scheme, "value": key}]
    )
    nobody = {"family_name": None, "first_names": [], "birth": None, "sex": None}
    return {"file": 1, "identifiers": own, **nobody, **said}


ONE = {"family_name": "B", "first_names": ["A"], "birth": "1950-01-01", "sex": "male"}


@pytest.mark.parametrize(
    ("rows", "joined"),
    [
        ([keyed("1", **ONE), keyed("2"), keyed("1"), keyed("2", **ONE)], {3: 1, 4: 2}),
        ([keyed("1"), keyed("1", local_scheme="B-PATIENT")], {}),
        ([keyed("1", **ONE), keyed("1"), keyed("1", **{**ONE, "sex": "female"}), keyed("1")], {4: 2}),
        (
            [keyed("1", **ONE, inss="7"), keyed("2", **ONE, inss="7"), keyed("2"), keyed("1")],
            {2: 1, 3: 1, 4: 1},
        ),
        ([keyed(None, **ONE), keyed(None, **ONE), keyed("1", **ONE)], {2: 1}),
        ([{**keyed("1", **ONE), "file": 2}, {**keyed("1"), "file": 2}], {}),
    ],
    ids=["keys", "sets", "contradiction", "key and number", "no key", "no table"],
)
def test_rows_of_tables_are_joined_by_their_key(rows, joined):
    assert find_joins(read_folders(people(*rows), tables=frozenset({1}))) == joined
