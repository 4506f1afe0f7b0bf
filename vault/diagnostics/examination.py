"""Runs all checks and returns the findings of each area, or `ok` for an area without findings."""

from __future__ import annotations

from vault.diagnostics._clocks import check_clocks
from vault.diagnostics._disks import check_disks
from vault.diagnostics._home import check_home
from vault.diagnostics._memory import check_memory
from vault.diagnostics.findings import AREAS, Finding, Severity, finding
from vault.diagnostics.host import Host
from vault.diagnostics.prefect_api import Answer
from vault.diagnostics.sweep import check_sweep
from vault.home_folder import Home


def examine(home: Home, host: Host) -> list[Finding]:
    """Return every finding, in the order of the areas, and `ok` for an area without findings. The home is not changed."""
    site = home.site
    problem, answer = host.keyring(), host.prefect()
    codes = [
        *check_memory(host, site),
        *([problem] if problem else []),
        *check_disks(host, (home.path, home.staging)),
        *check_clocks(host, home),
        *check_sweep(host, home),
        *check_home(host, home),
        *([f"prefect_{answer}"] if answer not in (None, Answer.CLOSED) else []),
    ]
    findings = [finding(code) for code in codes]
    return [f for area in AREAS for f in [x for x in findings if x.area == area] or [_no_finding(area)]]


def _no_finding(area: str) -> Finding:
    return Finding(area, "ok", Severity.OK.value, "Nothing found.", "")
