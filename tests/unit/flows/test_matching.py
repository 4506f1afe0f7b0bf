"""Who is one patient: certain only with a valid number and nothing that contradicts; all else alike is a pair."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps import _doubles as doubles
from flows.steps._doubles import Folder, find_joins, find_notices, find_pairs, read_folders
from schemas.persons import agree

ONE, OTHER, BORN = "50020210130", "50020210328", "1950-02-02"  # both numbers tell this birth
LAB = 9  # a file of messages


def table(*rows: dict[str, Any]) -> pa.Table:
    one = {
        "file": 1, "inss": ONE, "family_name": "Peeters", "first_names": ["Jan"], "birth": BORN,
        "birth_precision": "date", "sex": "male", "identifiers": [],
    }  # fmt: skip
    return pa.Table.from_pylist([{"patient": n, **one, **row} for n, row in enumerate(rows, 1)])


def match(*rows: dict[str, Any]) -> tuple[dict[int, int], set[tuple[int, int]]]:
    folders = read_folders(table(*rows), frozenset({LAB}))
    joins = find_joins(folders)
    return joins, {pair[:2] for pair in find_pairs(folders, joins)}


@pytest.mark.parametrize(
    "same",
    [
        {"family_name": "PEETERS"}, {"family_name": " Peeters  "}, {"first_names": ["JAN"]}, {"sex": "M"},
        {"birth": "1950-02"}, {"birth": "1950"}, {"birth": "1950-02-02T00:00:00"}, {"birth": None},
        {"first_names": []}, {"first_names": None}, {"family_name": None}, {"sex": "unknown"}, {"sex": None},
        {"family_name": "-"},
    ],
)  # fmt: skip
def test_a_number_and_no_contradiction_is_certain(same):
    assert match({}, same) == ({2: 1}, set())


@pytest.mark.parametrize(
    "other",
    [
        {"first_names": ["Piet"]},  # twins with one number
        {"first_names": ["Jan Pieter"]}, {"first_names": ["Jan", "Pieter"]}, {"first_names": ["J"]},
        {"family_name": "Peters"}, {"family_name": "Peeters-Claes"}, {"sex": "female"}, {"sex": "X"},
        {"birth": "1970"}, {"birth": "1950-03"}, {"birth": "1950-02-03"}, {"birth": "2 februari 1950"},
    ],
)  # fmt: skip
def test_a_contradiction_is_a_pair_for_the_doctor(other):
    assert match({}, other) == ({}, {(2, 1)})
    assert match(other, {}) == ({}, {(2, 1)})


def test_a_sparse_folder_bridges_nobody():
    sparse = {"first_names": None, "sex": None}
    assert match({}, sparse, {"first_names": ["Piet"]}) == ({}, {(2, 1), (3, 1), (3, 2)})
    assert match({}, sparse, sparse, {"first_names": ["Piet"]})[0] == {}
    by_birth = {"birth": "1950"}
    assert match({"birth": "1950-01-01"}, by_birth, {})[0] == {}


@pytest.mark.parametrize("numbers", [(None, None), (ONE, None), (ONE, OTHER)])
@pytest.mark.parametrize(
    ("other", "listed"),
    [
        ({}, True), ({"family_name": "PEETERS"}, True), ({"sex": "female"}, True), ({"first_names": ["Piet"]}, False),
        ({"birth": "1951-02-02"}, False), ({"family_name": "Claes"}, False),
    ],
)  # fmt: skip
def test_the_same_name_and_birth_is_a_pair_with_or_without_a_number(numbers, other, listed):
    one, second = numbers
    assert match({"inss": one}, {**other, "inss": second}) == ({}, {(2, 1)} if listed else set())


@pytest.mark.parametrize(
    ("other", "listed"),
    [
        ({"birth": None}, True), ({"birth": "1950"}, True), ({"birth": "1951"}, False),
        ({"birth": None, "sex": "female"}, False), ({"birth": None, "sex": None}, True),
        ({"birth": None, "inss": OTHER}, False),
        ({"first_names": None}, True), ({"first_names": ["Jan Pieter"]}, True), ({"first_names": ["Janneke"]}, False),
        ({"first_names": None, "birth": None}, False),
    ],
)  # fmt: skip
def test_what_is_left_out_is_a_pair_where_nothing_contradicts(other, listed):
    assert match({}, {"inss": None, **other}) == ({}, {(2, 1)} if listed else set())


def test_messages_without_a_number_share_a_chart():
    lab = {"file": LAB, "inss": None}
    shouted = {**lab, "family_name": "PEETERS"}
    assert match(lab, shouted, lab) == ({2: 1, 3: 1}, set())
    assert match(lab, {**lab, "sex": None}, {**lab, "birth": None}) == ({}, {(2, 1), (3, 1), (3, 2)})
    assert match(lab, {**lab, "sex": "female"}) == ({}, {(2, 1)})
    # A folder is a record that the former software kept apart; only messages are many of one person by nature.
    assert match({"inss": None}, {"inss": None}) == ({}, {(2, 1)})
    assert match({}, lab, shouted) == ({3: 2}, {(2, 1)})
    # Whose they are of two people of that name and birth cannot be told.
    assert match({}, {"inss": OTHER}, lab, lab)[0] == {}


def test_two_numbers_of_one_person_join_by_both_only():
    both = {"identifiers": [_number("INSS", ONE), _number("ID-PATIENT", OTHER)]}
    assert match(both, {}, both, {"inss": OTHER}) == ({3: 1}, {(2, 1), (4, 1), (4, 2)})
    assert notices(both) == [(1, doubles.SEVERAL_NUMBERS)]
    assert (
        notices({"identifiers": [_number("INSS", ONE), _number("ID-PATIENT", ONE), _number("LOCAL", OTHER)]})
        == []
    )


def _number(scheme: str, value: str) -> dict[str, str | None]:
    return {"scheme": scheme, "version": "1.0", "local_scheme": None, "value": value}


def notices(*rows: dict[str, Any]) -> list[tuple[int, str]]:
    return find_notices(read_folders(table(*rows)))


def test_a_folder_of_two_people_joins_nobody():
    two = [{"patient": 1}, {"patient": 1, "first_names": ["Piet"]}]
    assert match(*two, {}, {"first_names": ["Piet"]}) == ({}, {(3, 1), (4, 1), (4, 3)})
    assert notices(*two) == [(1, doubles.SEVERAL_PEOPLE)]
    assert notices({"patient": 1}, {"patient": 1, "first_names": None}) == []


def test_a_number_of_another_birth_is_noticed():
    assert notices({"birth": "1970"}) == [(1, doubles.OTHER_BIRTH)]
    for birth in ("1950", "1950-02", None, BORN, "2 februari 1950"):
        assert notices({"birth": birth}) == []
    assert notices({"birth": "1970", "inss": None}) == []


ROWS = st.fixed_dictionaries(
    {
        "inss": st.sampled_from([None, ONE, OTHER]),
        "family_name": st.sampled_from([None, "Peeters", "PEETERS", "De Smet", "Desmet"]),
        "first_names": st.sampled_from([None, ["Jan"], ["JAN"], ["Piet"], ["Jan Pieter"]]),
        "birth": st.sampled_from([None, BORN, "1950", "1950-02", "1992-02-02"]),
        "sex": st.sampled_from([None, "male", "female", "unknown"]),
        "file": st.sampled_from([1, LAB]),
    }
)
SOME = st.lists(ROWS, max_size=9)


def folders_of(rows: list[dict[str, Any]], order: list[int]) -> list[Folder]:
    """The folders, numbered from 1 in another order; `patient` is the place in `rows`."""
    shuffled = [{**rows[at], "patient": place} for place, at in enumerate(order, 1)]
    return read_folders(table(*shuffled), frozenset({LAB}))


def charts_of(
    folders: list[Folder], name: list[int]
) -> tuple[set[frozenset[int]], set[frozenset[frozenset[int]]]]:
    """The charts as sets of the named folders, and which of them are listed together."""
    joins = find_joins(folders)
    groups: dict[int, set[int]] = {}
    for folder in folders:
        groups.setdefault(joins.get(folder.patient, folder.patient), set()).add(name[folder.patient - 1])
    frozen = {root: frozenset(group) for root, group in groups.items()}
    pairs = {frozenset((frozen[one], frozen[other])) for one, other, _ in find_pairs(folders, joins)}
    return set(frozen.values()), pairs


@settings(deadline=None)
@given(SOME.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows))))))
def test_the_order_of_the_input_does_not_matter(given_):
    rows, order = given_
    straight = list(range(len(rows)))
    found, shuffled = (
        charts_of(folders_of(rows, straight), straight),
        charts_of(folders_of(rows, order), list(order)),
    )
    assert found[0] == shuffled[0]
    if len(rows) <= doubles._EVERY_PAIR:  # of more, each is listed beside one neighbour
        assert found[1] == shuffled[1]


@settings(deadline=None)
@given(SOME)
def test_somebody_without_relation_changes_nothing(rows):
    stranger = {"family_name": "Zwart", "first_names": ["Ida"], "birth": "1999-09-09", "inss": None}
    straight = list(range(len(rows) + 1))
    charts, pairs = charts_of(folders_of([*rows, stranger], straight), straight)
    before = charts_of(folders_of(rows, straight[:-1]), straight)
    assert (charts - {frozenset({len(rows)})}, pairs) == before


@settings(deadline=None)
@given(SOME)
def test_one_chart_holds_nobody_who_contradicts_and_who_is_left_apart_is_listed(rows):
    folders = folders_of(rows, list(range(len(rows))))
    joins = find_joins(folders)
    listed = {pair[:2] for pair in find_pairs(folders, joins)}
    root = {folder.patient: joins.get(folder.patient, folder.patient) for folder in folders}
    for one, other in combinations(folders, 2):
        if root[one.patient] == root[other.patient]:
            assert agree(one.person, other.person)
            assert one.numbers == other.numbers
        elif one.numbers and one.numbers == other.numbers:
            at = sorted((root[one.patient], root[other.patient]))
            assert len(rows) > doubles._EVERY_PAIR or (at[1], at[0]) in listed
    assert all(later > earlier for later, earlier in listed)
    assert len(listed) <= 4 * len(rows) * doubles._EVERY_PAIR
