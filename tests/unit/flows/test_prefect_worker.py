"""What whoever may write to Prefect's API can do to the worker: lose his own flow runs, and not end it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from flows.worker import work_pool as prefect_worker
from flows.worker.work_pool import POOL_TYPE, PoolWorker


class Client:
    """Prefect's, as far as a round asks it; `deleted` flow runs and pools are not there."""

    def __init__(self, *runs: SimpleNamespace) -> None:
        self.runs, self.pool, self.asked = {run.id: run for run in runs}, True, 0

    def send_worker_heartbeat(self, *_: Any) -> None:
        if not self.pool:
            raise ObjectNotFound(None)

    def create_work_pool(self, _: Any) -> None:
        self.pool = True

    def read_work_pool(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(type=POOL_TYPE)

    def read_flow_runs(self, **_: Any) -> list[SimpleNamespace]:
        return list(self.runs.values())

    def read_flow_run(self, run_id: Any) -> SimpleNamespace:
        if run_id not in self.runs:
            raise ObjectNotFound(None)
        return self.runs[run_id]

    def set_flow_run_state(self, run_id: Any, *_: Any, **__: Any) -> None:
        self.read_flow_run(run_id)

    def get_scheduled_flow_runs_for_work_pool(self, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        return []


class Child:
    """A process of a flow run."""

    def __init__(self, ended: int | None) -> None:
        self.returncode, self.killed = ended, False

    def poll(self) -> int | None:
        return self.returncode

    def kill(self) -> None:
        self.killed = True

    def wait(self, timeout: float | None = None) -> int:
        return 0


def flow_run(**changes: Any) -> SimpleNamespace:
    state = SimpleNamespace(type=StateType.RUNNING)
    fields = {"id": uuid4(), "state": state, "state_type": state.type, "infrastructure_pid": None}
    return SimpleNamespace(**{**fields, **changes})


def worker(client: Client, said: list[str] | None = None) -> PoolWorker:
    made = PoolWorker(client, "reprise", ["/a/home"], 2, (said if said is not None else []).append)  # type: ignore[arg-type] # as far as it is asked
    made._child = lambda act, run_id: Child(0)  # type: ignore[method-assign,return-value,assignment] # starts nothing
    return made


@pytest.mark.parametrize("ended", [None, 0], ids=["living", "ended"])
def test_a_flow_run_deleted_under_way_is_let_go(ended):
    client, run_id, child = Client(), uuid4(), Child(ended)
    made = worker(client)
    made._children[run_id] = child  # type: ignore[assignment] # as far as it is asked
    made.round()
    assert made._children == {}
    assert child.killed is (ended is None)
    assert client.asked == 1, "what else is due is taken all the same"


@pytest.mark.parametrize("pid", ["\u00b2", "9" * 5000, "-1", "", "\u0661"])
def test_a_mark_that_names_no_process_is_none_of_ours(pid, monkeypatch):
    monkeypatch.setattr(prefect_worker, "_here", lambda: "here")
    monkeypatch.setattr(prefect_worker, "boot_id", lambda: "boot")
    client = Client(flow_run(infrastructure_pid=f"here/boot/{pid}/1"))
    worker(client).round()
    assert client.asked == 1


def test_a_pool_that_was_deleted_is_made_anew():
    client = Client()
    client.pool = False
    made = worker(client)
    made.round_or_pool()
    made._next_heartbeat = 0.0
    made.round_or_pool()
    assert client.asked == 1


def test_what_a_state_is_named_is_not_printed():
    said: list[str] = []
    state = SimpleNamespace(type=StateType.COMPLETED)
    run = flow_run(state=state, state_name="\x1b]0;owned\x07")
    made = worker(Client(run), said)
    made._children[run.id] = Child(0)  # type: ignore[assignment] # as far as it is asked
    made.round()
    assert said == [f"flow run {run.id}: completed"]
