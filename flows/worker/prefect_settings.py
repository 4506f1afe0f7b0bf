"""Prefect's settings for Reprise: nothing persisted, nothing cached, nothing sent anywhere.

They are set in the environment before Prefect is imported, and never override explicit settings of a site.
"""

from __future__ import annotations

import os

from vault.home_folder import Home

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
_MEMORY = ("REPRISE_STATE", "XDG_STATE_HOME")  # where this host's records of homes are


def settle_prefect(home: Home) -> None:
    """Give Prefect a folder inside the home, and the settings above."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("PREFECT_HOME", str(home.prefect))
    # On the command line an error is shown once, by Reprise's own line and advice.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def child_settings() -> dict[str, str]:
    """Return the environment of a flow run's process: the API's address and credentials, and no other foreign setting."""
    kept = {name: os.environ[name] for name in (*_API, *_MEMORY) if name in os.environ}
    own = {
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    }
    return {**kept, **SETTINGS, **own}
