"""The guard of a flow run: what of a deployment is ours, and everything else refused."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from flows.worker.flow_run import ENTRY_POINTS, accept
from schemas.errors import FlowRunRefusedError

HOME = "/a/home"
PULL = [{"prefect.deployments.steps.set_working_directory": {"directory": "/anywhere"}}]


def flow_run(**changes: Any) -> SimpleNamespace:
    fields = {"parameters": {"home": HOME, "order": "0123456789abcdef"}, "job_variables": None}
    return SimpleNamespace(**{**fields, **changes})


def deployment(**changes: Any) -> SimpleNamespace:
    fields = {"entrypoint": "flows/migrate.py:migrate", "pull_steps": PULL, "job_variables": {}}
    return SimpleNamespace(**{**fields, **changes})


def test_ours_is_accepted():
    accepted = accept("migrate", flow_run(), deployment(), [HOME])
    assert (accepted.flow, accepted.parameters) == ("migrate", {"home": HOME, "order": "0123456789abcdef"})
    sweep = deployment(entrypoint=ENTRY_POINTS["sweep"])
    assert accept("sweep", flow_run(parameters={"home": HOME}), sweep, [HOME]).flow == "sweep"


SHELL = {"prefect.deployments.steps.run_shell_script": {"script": "id"}}


@pytest.mark.parametrize(
    ("name", "run", "of", "code"),
    [
        ("evil", {}, {}, "flow_unknown"),
        ("migrate", {}, None, "entry_point_unknown"),
        ("migrate", {}, {"entrypoint": None}, "entry_point_unknown"),
        ("migrate", {}, {"entrypoint": "flows/sweep.py:sweep"}, "entry_point_unknown"),
        ("migrate", {}, {"pull_steps": [*PULL, SHELL]}, "pull_step_refused"),
        ("migrate", {}, {"pull_steps": [{**PULL[0], **SHELL}]}, "pull_step_refused"),
        ("migrate", {}, {"job_variables": {"env": {}}}, "job_variables_refused"),
        ("migrate", {"job_variables": {"command": "id"}}, {}, "job_variables_refused"),
        ("migrate", {"parameters": {"home": HOME}}, {}, "parameters_unknown"),
        ("migrate", {"parameters": {"home": HOME, "order": "0" * 16, "x": "y"}}, {}, "parameters_unknown"),
        ("migrate", {"parameters": {"home": HOME, "order": "../../keys/log.k"}}, {}, "parameters_unknown"),
        ("migrate", {"parameters": {"home": HOME, "order": 7}}, {}, "parameters_unknown"),
        ("migrate", {"parameters": {"home": "/another", "order": "0" * 16}}, {}, "home_not_served"),
        ("migrate", {"parameters": {"home": HOME + "/.", "order": "0" * 16}}, {}, "home_not_served"),
    ],
)
def test_everything_else_is_refused(name, run, of, code):
    with pytest.raises(FlowRunRefusedError, match=code):
        accept(name, flow_run(**run), None if of is None else deployment(**of), [HOME])


@pytest.mark.slow
def test_no_result_is_read(tmp_path, monkeypatch):
    """A state of the API's that names a pickle: Prefect would load it."""
    import pickle

    from prefect import results

    from flows.session.stored_results import refuse_results

    for name in (
        "_read_server_default_result_storage_block_id",
        "_aread_server_default_result_storage_block_id",
    ):
        monkeypatch.setattr(results, name, getattr(results, name))
    monkeypatch.setattr(results.ResultStore, "_from_metadata", results.ResultStore._from_metadata)
    mark, stored = tmp_path / "pwned", tmp_path / "stored"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (type(mark).touch, (mark,))

    stored.write_bytes(pickle.dumps(Evil()))
    refuse_results()
    with pytest.raises(FlowRunRefusedError, match="result_refused"):
        asyncio.run(
            results.ResultStore._from_metadata(SimpleNamespace(storage_key=str(stored), serializer="pickle"))
        )
    assert results._read_server_default_result_storage_block_id() is None
    assert asyncio.run(results._aread_server_default_result_storage_block_id()) is None
    assert not mark.exists()
