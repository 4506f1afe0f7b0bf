"""Serves the dashboard with uvicorn, on this host's loopback alone."""

from __future__ import annotations

from typing import cast

import uvicorn

from dashboard.application import make_application, make_dashboard
from dashboard.watch import start_watch
from vault.home_folder import Home

HOST = "127.0.0.1"


def origin_of(home: Home, port: int) -> str:
    """Returns the address that people type: the one that the site declares, else this host's."""
    return home.site.dashboard.url or f"http://localhost:{port}"


def serve(home: Home, port: int) -> None:
    """Serve until interrupted. Prints no request: paths name runs.

    Behind a reverse proxy (docs/dashboard.md) the proxy's word about who asks is believed, because only this host reaches it.
    """
    application = make_application(make_dashboard(home, origin_of(home, port)))
    start_watch(home)
    uvicorn.run(
        cast("uvicorn._types.ASGIApplication", application),  # noqa: SLF001 - its only name
        host=HOST,
        port=port,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=home.site.dashboard.url is not None,
        forwarded_allow_ips=HOST,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=32 * 1024,
    )
