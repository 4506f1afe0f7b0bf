"""Lists the workers of a Prefect server in pools of this project, each with the time of its last heartbeat."""

from __future__ import annotations

import http.client
import json
import os
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from vault.diagnostics.prefect_api import TIMEOUT_SECONDS
from vault.system.clock import format_utc

POOL_TYPE = "reprise"
"""The type of this project's pools. Prefect's own workers serve no pool of this type."""
_LATE_SECONDS = 90
_MAX_BYTES = 4 << 20


@dataclass(frozen=True)
class Worker:
    """One worker of one pool."""

    pool: str
    name: str
    seen: str | None  # the time of its last heartbeat, RFC 3339 Z
    seconds: int | None  # since that heartbeat

    @property
    def late(self) -> bool:
        """Return whether the worker has sent no heartbeat for more than 90 seconds."""
        return self.seconds is None or self.seconds > _LATE_SECONDS


def seen_workers(now: datetime) -> tuple[Worker, ...] | None:
    """Return the workers of the server in `PREFECT_API_URL`; None if no server is set, () if the server does not answer."""
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return None
    pools = [p for p in _request_list(url, "work_pools/filter") if p.get("type") == POOL_TYPE]
    return tuple(
        _worker(str(p["name"]), worker, now) for p in pools for worker in _workers_of(url, str(p["name"]))
    )


def _workers_of(url: str, pool: str) -> list[dict[str, Any]]:
    return _request_list(url, f"work_pools/{quote(pool, safe='')}/workers/filter")


def _worker(pool: str, answered: dict[str, Any], now: datetime) -> Worker:
    try:
        seen = datetime.fromisoformat(str(answered.get("last_heartbeat_time")))
    except ValueError:
        return Worker(pool, str(answered.get("name")), None, None)
    return Worker(
        pool, str(answered.get("name")), format_utc(seen), max(int((now - seen).total_seconds()), 0)
    )


def _request_list(url: str, path: str) -> list[dict[str, Any]]:
    """Return the list that the API answers; [] for any other answer. No redirect is followed."""
    try:
        place = urlsplit(url)
        secure = place.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(place.hostname or "", place.port, timeout=TIMEOUT_SECONDS)
    except ValueError:
        return []
    try:
        connection.request("POST", f"{place.path.rstrip('/')}/{path}", body="{}", headers=_headers())
        answer = connection.getresponse()
        rows = json.loads(answer.read(_MAX_BYTES)) if answer.status == http.client.OK else []
    except (OSError, ValueError, http.client.HTTPException):
        return []
    finally:
        connection.close()
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _headers() -> dict[str, str]:
    secret = os.environ.get("PREFECT_API_AUTH_STRING")
    login = {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"} if secret else {}
    return {"Content-Type": "application/json", **login}
