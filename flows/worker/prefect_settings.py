"""Prefect's settings for us: nothing persisted, nothing cached, nothing sent anywhere.

They are set in the environment before Prefect is imported, and never override what a site sets on purpose.
"""

from __future__ import annotations

import os
from pathlib import Path

SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_TASKS_DEFAULT_PERSIST_RESULT": "false",
    "PREFECT_LOGGING_LOG_PRINTS": "false",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


_API = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_API_SSL_CERT_FILE", "PREFECT_HOME")
_MEMORY = ("REPRISE_STATE", "XDG_STATE_HOME")  # where this host's memory of homes is


def settle_prefect(home: Path) -> None:
    """Give Prefect a place inside our home and the settings above."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("PREFECT_HOME", str(home / "prefect"))
    # who runs a flow from the command line is told an error once, by our own line and advice
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def child_settings() -> dict[str, str]:
    """The environment of a flow run's process: where the API is and how one speaks to it, and no other setting of anybody."""
    kept = {name: os.environ[name] for name in (*_API, *_MEMORY) if name in os.environ}
    own = {
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    }
    return {**kept, **SETTINGS, **own}
