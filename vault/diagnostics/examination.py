"""All checks, area by area: the findings, or `ok` for an area without any."""

from __future__ import annotations

from vault.diagnostics._clocks import look_at_clocks
from vault.diagnostics._disks import check_disks
from vault.diagnostics._home import look_at_home
from vault.diagnostics._memory import look_at_memory
from vault.diagnostics.findings import AREAS, Finding, Severity, finding
from vault.diagnostics.host import Host
from vault.diagnostics.prefect_api import Answer
from vault.diagnostics.sweep import look_at_sweep
from vault.home_folder import Home


def examine(home: Home, host: Host) -> list[Finding]:
    """Returns every finding, in the order of the areas; an area without one yields `ok`. Changes nothing in the home."""
    site = home.site
    problem, answer = host.keyring(), host.prefect()
    codes = [
        *look_at_memory(host, site),
        *([problem] if problem else []),
        *check_disks(host, (home.path, home.staging)),
        *look_at_clocks(host, home),
        *look_at_sweep(host, home),
        *look_at_home(host, home),
        *([f"prefect_{answer}"] if answer not in (None, Answer.CLOSED) else []),
    ]
    found = [finding(code) for code in codes]
    return [f for area in AREAS for f in [x for x in found if x.area == area] or [_sound(area)]]


def _sound(area: str) -> Finding:
    return Finding(area, "ok", Severity.OK.value, "Nothing found.", "")
