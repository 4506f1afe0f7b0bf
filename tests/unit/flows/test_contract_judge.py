"""Great Expectations in its own process: what holds, what does not, and what when it dies."""

from __future__ import annotations

import os
import signal

import pytest

from flows.engine._contracts import ContractJudge, outcomes_in
from flows.engine.contract_process import ContractVerdict, refuse_broken
from schemas.contracts import OUTCOMES, load_suites, verdict
from schemas.errors import ContractError, StagingError, UnexplainedUnitError

CONTRACTS = [contract for suite in load_suites() for contract in suite.contracts]
ROWS = 5


def rows(**counted: int) -> dict[str, int]:
    return {o: counted.get(o, 0) for o in OUTCOMES} | {"passed": ROWS - sum(counted.values())}


ALL_PASS = {contract.id: rows() for contract in CONTRACTS}
OTHERS = {
    "item_has_kind": (rows(failed=2, error=1), "failed"),
    "item_not_before_birth": (rows(error=1), "error"),
    "item_code_of_the_sex": (rows(not_applicable=ROWS), "not_applicable"),
    "item_unit_possible": (rows(not_applicable=ROWS - 1), "passed"),
    "item_not_after_death": ({**rows(), "passed": ROWS - 1}, "error"),  # a row without an outcome
}


@pytest.mark.slow
def test_it_says_one_of_four_things_of_each_contract():
    with ContractJudge() as judge:
        judge.ask({**ALL_PASS, **{contract: found for contract, (found, _) in OTHERS.items()}})
        found = judge.verdicts()
        assert judge._process.wait(60) == 0
    assert [verdict["id"] for verdict in found] == [c.id for c in CONTRACTS]
    expected = {c.id: "passed" for c in CONTRACTS} | {name: outcome for name, (_, outcome) in OTHERS.items()}
    assert {verdict["id"]: verdict["outcome"] for verdict in found} == expected
    assert set(expected.values()) == {*OUTCOMES}


def verdicts(broken: str, outcome: str) -> list[ContractVerdict]:
    return [
        ContractVerdict(
            c.id,
            c.name,
            c.severity,
            c.then,
            c.rule,
            outcome if c.id == broken else "passed",
            rows(**{outcome: 2}) if c.id == broken else rows(),
        )
        for c in CONTRACTS
    ]


@pytest.mark.parametrize("broken", CONTRACTS, ids=lambda c: c.id)
def test_what_must_never_be_stops_the_run_and_nothing_else_does(broken):
    if broken.then != "stop":
        refuse_broken(verdicts(broken.id, "failed"))
    else:
        with pytest.raises(UnexplainedUnitError if broken.rule == "unique" else ContractError) as error:
            refuse_broken(verdicts(broken.id, "failed"))
        assert (error.value.code, error.value.facts["count"]) == (broken.id, 2)


@pytest.mark.parametrize("broken", CONTRACTS, ids=lambda c: c.id)
def test_what_must_never_be_is_judged_or_the_run_stops(broken):
    if broken.severity != "never":
        return refuse_broken(verdicts(broken.id, "error"))
    with pytest.raises(ContractError) as error:
        refuse_broken(verdicts(broken.id, "error"))
    assert (error.value.code, error.value.facts["count"]) == (broken.id, 2)
    return None


def test_a_journal_of_a_release_that_counted_violations_alone_is_judged():
    former = outcomes_in({"violations": {"contact_path_unique": 0, "contact_has_date": 7}, "quarantined": 0})
    assert {sum(found.values()) for found in former.values()} == {8}
    assert verdict(former["contact_has_date"]) == "failed"
    assert verdict(former["contact_path_unique"]) == "passed"


@pytest.mark.parametrize("asked", [True, False])
def test_when_it_dies_nothing_is_believed(asked):
    with ContractJudge() as judge:
        os.kill(judge._process.pid, signal.SIGKILL)
        judge._process.wait()
        if asked:
            judge.ask(ALL_PASS)
        with pytest.raises(StagingError) as error:
            judge.verdicts()
    assert error.value.code == "contracts_not_judged"


def test_it_ends_with_its_context():
    with ContractJudge() as judge:
        pass
    assert judge._process.returncode == -signal.SIGKILL
