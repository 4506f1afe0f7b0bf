"""Flow runs of a Prefect server: started, ended and retried through its HTTP API, without Prefect's library.

What is sent is what a person would trigger in Prefect's pages: a deployment of this project, with a home and an opaque order.
"""

from __future__ import annotations

import os
import ssl
from typing import Any

import httpx

from flows.lifecycle.run_views import short_name
from schemas.errors import HostError
from vault.diagnostics.prefect_api import Answer, ask
from vault.home_folder import Home

DEPLOYMENTS = {"migration": "migrate/reprise", "rehearsal": "rehearse/reprise", "inventory": "probe/reprise"}
_SECONDS = 15
_GOES_ON, _STOPPED = ["SCHEDULED", "PENDING", "RUNNING"], ["FAILED", "CRASHED"]


def is_configured() -> bool:
    """Whether runs go through a Prefect server: PREFECT_API_URL is set."""
    return bool(os.environ.get("PREFECT_API_URL"))


def refuse_server() -> None:
    """Raise HostError (prefect_open, prefect_silent) for a server without a password, or one that does not answer."""
    answer = ask(os.environ["PREFECT_API_URL"])
    if answer is Answer.OPEN:
        raise HostError("prefect_open")
    if answer is Answer.SILENT:
        raise HostError("prefect_silent")


def trigger(home: Home, use: str, order: str) -> str:
    """Start the flow run of an order; returns its id. Raises HostError (prefect_silent, prefect_not_deployed)."""
    deployment = _id_of(_call("GET", f"/deployments/name/{DEPLOYMENTS[use]}"))
    asked = {"parameters": {"home": str(home.path), "order": order}}
    return _id_of(_call("POST", f"/deployments/{deployment}/create_flow_run", asked))


def _id_of(found: Any) -> str:
    """Returns the id of a deployment or of the flow run made of it. Raises HostError (prefect_silent, prefect_not_deployed)."""
    if found is None:
        raise HostError("prefect_not_deployed")
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise HostError("prefect_silent")
    return str(found["id"])


def cancel(run: str) -> bool:
    """Ask the worker to end the flow run of a run; False if the server knows none that goes on, or refuses. Raises HostError."""
    return _change(run, _GOES_ON, "CANCELLING", "Cancelling")


def retry(run: str) -> bool:
    """Have the worker go on with a run that stopped, as Prefect's Retry does; False if the server knows none, or refuses."""
    return _change(run, _STOPPED, "SCHEDULED", "AwaitingRetry")


def _change(run: str, states: list[str], kind: str, name: str) -> bool:
    wanted = {
        "flow_runs": {"tags": {"all_": [short_name(run)]}, "state": {"type": {"any_": states}}},
        "sort": "START_TIME_DESC",
        "limit": 1,
    }
    found = _call("POST", "/flow_runs/filter", wanted)
    if not found:
        return False
    asked = {"state": {"type": kind, "name": name}, "force": True}
    (one,) = found if isinstance(found, list) and len(found) == 1 else (None,)
    answer = _call("POST", f"/flow_runs/{_id_of(one or {})}/set_state", asked)
    return isinstance(answer, dict) and answer.get("status") == "ACCEPT"


def _call(method: str, path: str, body: Any = None) -> Any:
    """Returns the server's answer; None when there is no such thing. Raises HostError (prefect_silent)."""
    url = os.environ["PREFECT_API_URL"].rstrip("/")
    name, _, secret = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    authority = os.environ.get("PREFECT_API_SSL_CERT_FILE")
    try:
        with httpx.Client(
            auth=(name, secret) if secret else None,
            timeout=_SECONDS,
            trust_env=False,
            verify=ssl.create_default_context(cafile=authority) if authority else True,
        ) as client:
            answer = client.request(method, f"{url}{path}", json=body)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        return answer.json()
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        OSError,
        ValueError,
    ):  # also a certificate file that is not there
        pass
    raise HostError("prefect_silent")
