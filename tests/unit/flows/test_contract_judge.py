"""Great Expectations in its own process: what holds, what does not, and what when it dies."""

from __future__ import annotations

import os
import signal

import pytest

from flows.engine._contracts import ContractJudge
from flows.engine.contract_process import ContractVerdict, refuse_broken
from schemas.contracts import load_suites
from schemas.errors import ContractError, StagingError, UnexplainedUnitError

EXPECTATIONS = [expectation for suite in load_suites() for expectation in suite.expectations]
NONE = {expectation.id: 0 for expectation in EXPECTATIONS}


@pytest.mark.slow
def test_it_says_of_each_expectation_whether_it_holds():
    tolerated = next(e for e in EXPECTATIONS if e.severity != "critical")
    with ContractJudge() as judge:
        judge.ask({**NONE, tolerated.id: 3})
        found = judge.verdicts()
        assert judge._process.wait(60) == 0
    assert [verdict["id"] for verdict in found] == [e.id for e in EXPECTATIONS]
    assert {v["id"]: v["violations"] for v in found if not v["holds"]} == {tolerated.id: 3}


def verdicts(broken: str) -> list[ContractVerdict]:
    return [
        ContractVerdict(e.id, e.name, e.severity, e.rule, 2 if e.id == broken else 0, e.id != broken)
        for e in EXPECTATIONS
    ]


@pytest.mark.parametrize("broken", EXPECTATIONS, ids=lambda e: e.id)
def test_a_critical_one_that_does_not_hold_is_an_error_and_no_other_is(broken):
    if broken.severity != "critical":
        return refuse_broken(verdicts(broken.id))
    with pytest.raises(UnexplainedUnitError if broken.rule == "unique" else ContractError) as error:
        refuse_broken(verdicts(broken.id))
    assert (error.value.code, error.value.facts["count"]) == (broken.id, 2)
    return None


@pytest.mark.parametrize("asked", [True, False])
def test_when_it_dies_nothing_is_believed(asked):
    with ContractJudge() as judge:
        os.kill(judge._process.pid, signal.SIGKILL)
        judge._process.wait()
        if asked:
            judge.ask(NONE)
        with pytest.raises(StagingError) as error:
            judge.verdicts()
    assert error.value.code == "contracts_not_judged"


def test_it_ends_with_its_context():
    with ContractJudge() as judge:
        pass
    assert judge._process.returncode == -signal.SIGKILL
