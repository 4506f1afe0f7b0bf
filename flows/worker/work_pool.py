"""The worker: takes due flow runs from a work pool and runs each with `flows.worker.flow_run`, nothing else.

Prefect's own worker executes what a deployment says (entry point, pull steps, job variables, hooks); this one executes nothing
from the API. It marks flow runs that ended without reporting it: Crashed if the process is gone; a cancelled one has its run
abandoned and becomes Cancelled. It marks only flow runs whose process ran on this host.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectException
from prefect.states import Cancelled, Crashed, Pending

from flows.worker.prefect_settings import child_settings
from schemas.errors import HostError
from vault.diagnostics.prefect_api import Answer, ask
from vault.diagnostics.workers import POOL_TYPE
from vault.system.child_process import start_python
from vault.system.host_identity import boot_id, machine_id, process_started

POLL_SECONDS = 2.0
HEARTBEAT_SECONDS = 10.0
ABANDON_SECONDS = 120
ODD = (httpx.HTTPError, PrefectException, ValueError)
"""Errors of a call to the API: no response, a refusal, or an object that is not Prefect's."""
_PID = re.compile(r"[0-9]{1,9}")
LIVING = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)


@dataclass
class PoolWorker:
    """One worker of a pool, for some homes."""

    client: SyncPrefectClient
    pool: str
    homes: list[str]
    limit: int
    say: Callable[[str], None]
    _children: dict[UUID, subprocess.Popen[str]] = field(default_factory=dict)
    _next_heartbeat: float = 0.0

    def make_pool(self) -> None:
        """Create the pool unless it exists. Raises HostError (pool_of_another_type)."""
        with suppress(ObjectAlreadyExists):
            self.client.create_work_pool(WorkPoolCreate(name=self.pool, type=POOL_TYPE, base_job_template={}))
        if self.client.read_work_pool(self.pool).type != POOL_TYPE:
            raise HostError("pool_of_another_type")

    def round_or_pool(self) -> None:
        """Do a round, or create the pool again if it was deleted."""
        try:
            self.round()
        except ObjectNotFound:
            self.make_pool()

    def round(self) -> None:
        """Check everything once: ended children, cancellations, lost flow runs, and due flow runs."""
        if time.monotonic() >= self._next_heartbeat:
            self._next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS
            self.client.send_worker_heartbeat(self.pool, f"reprise-{_here()}", HEARTBEAT_SECONDS)
            self._mark_lost()
        for run_id, child in list(self._children.items()):
            with suppress(ObjectNotFound):  # its flow run was deleted: nothing to mark
                self._look_at(run_id, child)
        self._take_due()

    def _look_at(self, run_id: UUID, child: subprocess.Popen[str]) -> None:
        if child.poll() is not None:
            del self._children[run_id]
            self._mark_ended(self.client.read_flow_run(run_id), f"Its process ended ({child.returncode}).")
        elif self._state(run_id) is StateType.CANCELLING:
            self._end(run_id, child)
            self._cancel(run_id)

    def stop(self) -> None:
        """End the children; their runs wait, and Retry resumes them."""
        for run_id, child in list(self._children.items()):
            self._end(run_id, child)
            with suppress(*ODD):
                self._mark_ended(self.client.read_flow_run(run_id), "The worker was stopped.")

    def _take_due(self) -> None:
        if len(self._children) >= self.limit:
            return
        now = datetime.now(UTC)
        for entry in self.client.get_scheduled_flow_runs_for_work_pool(self.pool, scheduled_before=now):
            run = entry.flow_run
            if len(self._children) >= self.limit:
                return
            if run.id in self._children:
                continue
            with suppress(ObjectNotFound):  # deleted in the meantime
                if self.client.set_flow_run_state(run.id, Pending()).status is SetStateStatus.ACCEPT:
                    self._start(run.id)  # else another worker took it, or it was cancelled

    def _start(self, run_id: UUID) -> None:
        child = self._child("run", run_id)
        self._children[run_id] = child
        self.client.update_flow_run(run_id, infrastructure_pid=_mark_of(child.pid))
        self.say(f"flow run {run_id}: started")

    def _child(self, act: str, run_id: UUID) -> subprocess.Popen[str]:
        child = start_python("flows.worker.flow_run", environment=child_settings())
        assert child.stdin is not None  # noqa: S101 - for the type checker
        child.stdin.write(json.dumps({"act": act, "flow_run": str(run_id), "homes": self.homes}) + "\n")
        child.stdin.close()
        return child

    def _end(self, run_id: UUID, child: subprocess.Popen[str]) -> None:
        """Kill the process: it leaves the state of a killed process, and its data process ends with it."""
        child.kill()
        child.wait()
        self._children.pop(run_id, None)

    def _cancel(self, run_id: UUID) -> None:
        child = self._child("abandon", run_id)
        try:
            ended = child.wait(timeout=ABANDON_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            ended = child.wait()
        words = (
            "Its run was abandoned." if ended == 0 else "Its run could not be abandoned: the sweep ends it."
        )
        self.client.set_flow_run_state(run_id, Cancelled(message=words), force=True)
        self.say(f"flow run {run_id}: cancelled")

    def _mark_ended(self, run: FlowRun, words: str) -> None:
        """Mark a flow run Crashed, unless it reported its own end."""
        if run.state is not None and run.state.type is StateType.CANCELLING:
            self._cancel(run.id)
        elif run.state is not None and run.state.type in LIVING:
            words = f"{words} Retry goes on with its run."
            self.client.set_flow_run_state(run.id, Crashed(message=words), force=True)
            self.say(f"flow run {run.id}: crashed")
        else:
            ended = run.state.type.value.lower() if run.state is not None else "ended"
            self.say(f"flow run {run.id}: {ended}")  # a state's name may contain any text

    def _mark_lost(self) -> None:
        """Mark flow runs whose process was on this host and is gone: the worker was killed, or the host rebooted."""
        living = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(LIVING))))
        pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[self.pool]))
        for run in self.client.read_flow_runs(flow_run_filter=living, work_pool_filter=pool):
            if run.id not in self._children and _is_gone(run.infrastructure_pid):
                with suppress(ObjectNotFound):
                    self._mark_ended(run, "Its process is gone.")

    def _state(self, run_id: UUID) -> StateType | None:
        try:
            state: StateType | None = self.client.read_flow_run(run_id).state_type
        except ObjectNotFound:
            return StateType.CANCELLING  # deleted: treat it as cancelled
        return state


def _here() -> str:
    """Return an opaque name of this machine for comparison; its real id must not reach the API."""
    return sha256(f"reprise worker/{machine_id()}".encode()).hexdigest()[:12]


def _mark_of(pid: int) -> str:
    return f"{_here()}/{boot_id()}/{pid}/{process_started(pid)}"


def _is_gone(mark: str | None) -> bool:
    """Return whether the process of this mark ran on this machine and has ended; False if that cannot be determined here."""
    words = (mark or "").split("/")
    if len(words) != 4 or words[0] != _here() or not _PID.fullmatch(words[2]):
        return False
    return words[1] != boot_id() or str(process_started(int(words[2]))) != words[3]


def serve(url: str, homes: list[str], pool: str, limit: int, say: Callable[[str], None]) -> None:
    """Work until interrupted. A server that does not respond is tried again.

    Raises HostError: prefect_open for a server that needs no password, pool_of_another_type.
    """
    while (answer := ask(url)) is Answer.SILENT:
        say("The Prefect server does not answer; asked again in ten seconds.")
        time.sleep(HEARTBEAT_SECONDS)
    if answer is Answer.OPEN:
        raise HostError("prefect_open")
    with get_client(sync_client=True) as client:
        worker = PoolWorker(client, pool, homes, limit, say)
        worker.make_pool()
        say(f"Working for the pool {pool}.")
        try:
            while True:
                try:
                    worker.round_or_pool()
                except ODD:
                    say("The Prefect server does not answer as it should; asked again in ten seconds.")
                    time.sleep(HEARTBEAT_SECONDS)
                time.sleep(POLL_SECONDS)
        finally:
            worker.stop()
