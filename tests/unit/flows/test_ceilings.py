"""How much an instruction lets pass: rounded up to a unit; files by number and by bytes."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from flows.steps._ceilings import Balance, allowed, check_ceilings
from flows.steps.values import FileEntry
from schemas.disposition import Reason
from schemas.errors import CeilingError

DAMAGED, BESIDE = Reason.CUT_SHORT.value, Reason.NO_RECORD.value


def entries(*files: tuple[int, str | None]) -> tuple[FileEntry, ...]:
    return tuple(FileEntry(n, "kmehr", 1, 1, size, damaged) for n, (size, damaged) in enumerate(files, 1))


def verdict(balance: Balance, files: tuple[FileEntry, ...] = (), quarantined: int = 20) -> dict | None:
    terms = SimpleNamespace(ceilings=SimpleNamespace(degraded_permille=50, quarantined_permille=quarantined))
    try:
        check_ceilings(terms, balance, files)
    except CeilingError as error:
        return {"code": error.code, **error.facts}
    return None


def balance(**kinds: dict[str, int]) -> Balance:
    return Balance(by_kind={kind: Counter(tally) for kind, tally in kinds.items()})


@pytest.mark.parametrize(
    ("ceiling", "total", "most"),
    [(0, 10_000, 0), (1, 1, 1), (200, 3, 1), (20, 50, 1), (20, 51, 2), (1000, 7, 7)],
)
def test_a_ceiling_is_rounded_up_to_a_whole_unit(ceiling, total, most):
    assert allowed(ceiling, total) == most


def test_the_kind_that_exceeds_most_is_named_with_its_files():
    found = balance(item={"delivered": 90, "quarantined": 10}, text={"delivered": 1, "quarantined": 3})
    for file in range(40, 0, -1):
        found.add("text", "quarantined", "contract", 0, [file])
    assert verdict(found) == {
        "code": "too_many_quarantined", "kind": "text", "count": 3, "of": 4, "limit": 20,
        "files": "1,2,3,4,5,6,7,8,9,10,...",
    }  # fmt: skip
    assert verdict(balance(item={"delivered": 2, "degraded": 1, "quarantined": 1})) is None
    assert verdict(balance(item={"delivered": 2, "degraded": 2}))["code"] == "too_many_degraded"


def test_remarks_count_nowhere_and_loose_text_against_all_units():
    assert verdict(balance(remark={"quarantined": 9}, item={"delivered": 1})) is None
    assert verdict(balance(loose_text={"quarantined": 2}, item={"delivered": 98})) is None
    assert verdict(balance(loose_text={"quarantined": 3}, item={"delivered": 97}))["kind"] == "loose_text"


@pytest.mark.parametrize(
    ("files", "quarantined", "stops"),
    [
        ([(10, None)] * 2 + [(10, DAMAGED)], 20, None),
        ([(10, None)] * 2 + [(10, DAMAGED)], 0, (1, 3)),
        ([(10, None)] * 2 + [(15, DAMAGED)], 20, (1, 3)),  # more than two fifths of the bytes
        ([(10, None), (10, DAMAGED)], 20, (1, 2)),
        ([(10, None), (10, DAMAGED)], 500, None),
        ([(10, None), (10, DAMAGED), (10, DAMAGED)], 200, (2, 3)),
        ([(10, None)] * 100 + [(10, DAMAGED)], 20, None),
        ([(10, None)] * 100 + [(40, DAMAGED)], 20, (1, 101)),  # four average files
        ([(10, None)] * 100 + [(10, DAMAGED)] * 4, 20, (4, 104)),
        ([(10, None)] + [(900, BESIDE)] * 50, 0, None),
        (
            [(10, None), (10, DAMAGED)] + [(10, BESIDE)] * 9,
            20,
            (1, 2),
        ),  # what lies beside is no part of the whole
        ([(10, DAMAGED)], 1000, None),
    ],
)
def test_files_that_cannot_be_read_are_held_against_all_that_hold_records(files, quarantined, stops):
    counted = balance(file={"quarantined": sum(1 for _, damaged in files if damaged)})
    found = verdict(counted, entries(*files), quarantined)
    if stops is None:
        assert found is None
    else:
        assert (found["kind"], found["count"], found["of"]) == ("file", *stops)
        named = [str(n) for n, (_, damaged) in enumerate(files, 1) if damaged == DAMAGED]
        assert found["files"] == ",".join(named)
