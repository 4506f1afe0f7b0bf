"""Uses are counted under one lock: whoever reads the state to change it sees what everybody else changed before."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from signed_bench import Bench

from schemas.errors import AuthorisationError, BusyError, UseError
from vault.authorisation import register as module
from vault.authorisation.register import InstructionRegister, Use
from vault.home_folder import Home
from vault.instruction.document import Instruction, draft, parse
from vault.ledger.completeness import sequence_faults
from vault.runs import run_lock
from vault.runs.run_lock import lock_run
from vault.system.clock import SystemClock


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path)


def recorded(bench: Bench) -> tuple[bytes, Instruction]:
    """An instruction for one migration, kept by a check that claimed nothing of it."""
    document = draft({**bench.fields, "uses": {"migration": 1, "rehearsal": 1}})
    return document, parse(document)


def open_twice(bench: Bench, document: bytes) -> tuple[InstructionRegister, InstructionRegister]:
    return InstructionRegister(Home(bench.home), document), InstructionRegister(Home(bench.home), document)


def test_a_state_read_before_another_spent_is_read_again(bench):
    document, instruction = recorded(bench)
    one, other = open_twice(bench, document)
    one.consume(instruction, Use.MIGRATION, "one")
    with pytest.raises(UseError, match="use_exhausted"):
        other.consume(instruction, Use.MIGRATION, "other")


@pytest.mark.parametrize("act", ["note_signing", "give_back", "spend"])
def test_no_other_change_undoes_a_spent_use(bench, act):
    document, instruction = recorded(bench)
    one, other = open_twice(bench, document)
    other.consume(instruction, Use.REHEARSAL, "rehearsed")
    late = InstructionRegister(Home(bench.home), document)
    one.consume(instruction, Use.MIGRATION, "one")
    if act == "note_signing":
        late.note_signing({"signature": "cades"})
    elif act == "give_back":
        late.release_use("rehearsed")
    else:
        late.release_use("rehearsed")
        late.consume(instruction, Use.REHEARSAL, "rehearsed again")
    assert InstructionRegister(Home(bench.home), document).state["spent"]["migration"] == 1


def test_a_withdrawal_since_the_check_counts(bench):
    document, instruction = recorded(bench)
    waiting = InstructionRegister(Home(bench.home), document)
    waiting.consume(instruction, Use.REHEARSAL, "one")
    (bench.home / "authorisations" / waiting.id / "withdrawn").write_bytes(b"")
    with pytest.raises(AuthorisationError, match="withdrawn"):
        waiting.consume(instruction, Use.MIGRATION, "two")


def test_who_comes_between_reading_and_writing_waits(bench, monkeypatch):
    """The first stands still just before it writes: the second must not read the state meanwhile."""
    document, instruction = recorded(bench)
    one, other = open_twice(bench, document)
    still, go, real = threading.Event(), threading.Event(), module.write_sealed

    def slow(*args, **kwargs) -> None:
        if not still.is_set():
            still.set()
            assert go.wait(20)
        real(*args, **kwargs)

    monkeypatch.setattr(module, "write_sealed", slow)
    outcome: list[str] = []

    def second() -> None:
        try:
            other.consume(instruction, Use.MIGRATION, "other")
            outcome.append("spent")
        except UseError as error:
            outcome.append(error.code)

    first = threading.Thread(target=one.consume, args=(instruction, Use.MIGRATION, "one"))
    late = threading.Thread(target=second)
    first.start()
    assert still.wait(20)
    late.start()
    time.sleep(0.2)
    assert outcome == []
    go.set()
    first.join(20)
    late.join(20)
    assert outcome == ["use_exhausted"]


def test_the_run_in_the_way_is_named(tmp_path, monkeypatch):
    runs = [SimpleNamespace(run_id=f"run-of-{name}", locks=frozenset(name)) for name in "xb"]
    monkeypatch.setattr(run_lock, "readable_runs", lambda _: (runs, []))
    with lock_run(Home(tmp_path), ("b", "a")), pytest.raises(BusyError) as busy:
        lock_run(Home(tmp_path), iter(("c", "b")))
    assert busy.value.facts == {"run": "run-of-b"}
    with lock_run(Home(tmp_path), ("d",)), pytest.raises(BusyError) as busy:
        lock_run(Home(tmp_path), ("d",))
    assert busy.value.facts == {}


def test_locks_of_some_of_the_same_persons_exclude_each_other_and_never_deadlock(tmp_path):
    with lock_run(Home(tmp_path), ("b", "a")), pytest.raises(BusyError, match="doctor_busy"):
        lock_run(Home(tmp_path), ("c", "b"))
    with lock_run(Home(tmp_path), ("c", "b")):
        pass  # what was refused above let go of `c`

    def take(names: tuple[str, ...]) -> None:
        for _ in range(20):
            with lock_run(Home(tmp_path), names, wait_seconds=20):
                pass

    threads = [threading.Thread(target=take, args=(names,)) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_a_use_given_back_is_held_by_nobody_and_its_run_is_remembered(bench):
    document, instruction = recorded(bench)
    one, _ = open_twice(bench, document)
    one.consume(instruction, Use.MIGRATION, "one")
    with pytest.raises(UseError) as held:
        one.check_use(instruction, Use.MIGRATION, "other")
    one.release_use("one")
    one.release_use("one")
    again = InstructionRegister(Home(bench.home), document)
    assert (held.value.facts["run"], again.state["spent"]["migration"], again.ran("one")) == ("one", 0, True)
    again.consume(instruction, Use.MIGRATION, "one")  # a run that is begun again holds its use again
    assert again._runs(Use.MIGRATION) == ["one"]


STARTED = [("authorisation.checked", "passed"), ("run.started", "migration")]
ENDED = [("destruction.completed", "abandoned")]


@pytest.mark.parametrize(
    ("between", "faults"),
    [
        ([("use.given_back", "abandoned")], []),
        ([("run.delivered", "migration"), ("use.spent", "delivered")], []),
        ([("run.delivered", "rehearsal"), ("use.given_back", "abandoned")], []),
        ([("run.delivered", "migration"), ("use.given_back", "refused")], ["use_given_back_after_delivery"]),
        ([("use.given_back", "refused"), ("run.delivered", "migration")], ["use_given_back_after_delivery"]),
        ([("use.given_back", "refused"), ("import.confirmed", "opened")], ["use_given_back_after_delivery"]),
        ([("run.delivered", "migration"), ("import.confirmed", "opened")], []),
        ([("use.given_back", "refused"), ("use.given_back", "refused")], ["use_settled_twice"]),
        ([("use.spent", "delivered"), ("use.given_back", "refused")], ["use_settled_twice"]),
    ],
)
def test_a_use_is_settled_once_and_not_after_a_delivery(between, faults):
    numbers = {"run.started": {"run_number": 1, "deadline_s": 0}}
    told = [
        {"type": kind, "code": code, "runId": "r", "n": numbers.get(kind, {})}
        for kind, code in [*STARTED, *between, *ENDED]
    ]
    assert sequence_faults([json.dumps(entry).encode() for entry in told], SystemClock().now()) == faults
    late = [*STARTED, *ENDED, ("use.given_back", "abandoned")]
    told = [{"type": kind, "code": code, "runId": "r", "n": numbers.get(kind, {})} for kind, code in late]
    assert sequence_faults([json.dumps(entry).encode() for entry in told], SystemClock().now()) == [
        "run_goes_on_after_its_end"
    ]


def test_the_audit_counts_the_runs_of_an_instruction():
    """Two runs of `migration: 1` under one commitment are a fault, unless the first gave its use back before."""

    def entry(kind: str, run: str, uses: str = "A", code: str = "migration", allowed: int = 1) -> bytes:
        commitments = {"uses": uses} if kind == "run.started" else {}
        numbers = {"allowed": allowed, "deadline_s": 2**40, "run_number": 0}
        return json.dumps({"type": kind, "runId": run, "code": code, "c": commitments, "n": numbers}).encode()

    def exceeded(*entries: bytes) -> bool:
        return "use_exceeded" in sequence_faults(list(entries), datetime.now(UTC))

    first, second = entry("run.started", "one"), entry("run.started", "two")
    assert exceeded(first, second)
    assert not exceeded(first, entry("use.given_back", "one"), second)
    assert exceeded(first, second, entry("use.given_back", "one"))
    assert not exceeded(first, entry("run.started", "two", uses="B"))
    assert not exceeded(first, entry("run.started", "two", code="rehearsal"))
    assert not exceeded(*(entry("run.started", run, allowed=2) for run in ("one", "two")))
    assert exceeded(first, entry("run.started", "two", allowed=99))


def test_once_a_log_says_of_which_instruction_a_run_is_it_says_it_of_each():
    """A run of the first release did not say it; one that says nothing later would escape the count."""

    def started(run: str, **commitments: str) -> bytes:
        numbers = {"allowed": 1, "deadline_s": 2**40, "run_number": 0}
        entry = {"type": "run.started", "runId": run, "code": "migration", "c": commitments, "n": numbers}
        return json.dumps(entry).encode()

    def malformed(*entries: bytes) -> int:
        return sequence_faults(list(entries), datetime.now(UTC)).count("entry_malformed")

    assert malformed(started("old"), started("one", uses="A")) == 0
    assert malformed(started("one", uses="A"), started("two")) == 1
    for code, faults in (("migration", 0), ("rehearsal", 1)):
        delivered = json.dumps(
            {"type": "run.delivered", "runId": "one", "code": code, "n": {}, "c": {}}
        ).encode()
        assert malformed(started("one", uses="A"), delivered) == faults
