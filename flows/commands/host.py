"""Commands about the host: install-sweep and doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.apps import HOST, app
from flows.commands.shared import Examined, Looking, Shown, command, errors_console
from flows.retention import install as sweep_install
from schemas.errors import HostError
from vault.diagnostics.findings import Finding, Severity


@command(app, panel=HOST)
def install_sweep(
    control: Looking,
    systemd: Annotated[bool, typer.Option("--systemd", help="A service and a timer (the default).")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="A table for cron instead.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write there and enable nothing.")] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Let the sweep reach remote destinations (SFTP, S3).")
    ] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Take the units away again.")] = False,
) -> Shown:
    """Have the host call the sweep at boot and every `sweep_every_minutes` of the site; needs root but with --to.

    Never overwrites a unit it did not write.
    """
    if systemd and cron:
        raise typer.BadParameter("--systemd or --cron, not both")
    plan = sweep_install.make_plan(control.home, control.site.sweep_every_minutes, network=network)
    if uninstall:
        removed = sweep_install.uninstall(plan, to, [cron] if cron or systemd else [False, True])
        return Shown({"removed": removed, "enabled": False}, f"{removed} file(s) taken away")
    if to is None and not cron and not sweep_install.systemd_runs():
        errors_console.print(
            "systemd does not run on this host. Either `reprise install-sweep --cron` (and see that a cron daemon"
            " runs),\nor `reprise install-sweep --to DIR` and carry the units to where a service manager reads them."
        )
        raise HostError("systemd_not_running")
    found = sweep_install.install(plan, to, cron=cron)
    return _installed(found, plan.name, cron=cron)


def _installed(found: sweep_install.Installed, name: str, *, cron: bool) -> Shown:
    units = [str(path) for path in found.units]
    said = []
    if not found.enabled and not cron:
        said.append(f"Not enabled. Where systemd reads them: systemctl enable --now {name}.timer")
    if found.enabled and cron and not sweep_install.cron_runs():
        said.append("No cron daemon runs here yet: until one does, nothing calls the sweep.")
    result = {"units": units, "changed": found.changed, "enabled": found.enabled}
    return Shown(result, "\n".join([*units, *said]))


@command(app, panel=HOST)
def doctor(home: Examined) -> Shown:
    """Look at this host and this home: what could break a promise, and how to mend it. Fails (17) on a `fail`."""
    from flows.commands.findings_table import findings_table
    from vault.diagnostics.examination import examine
    from vault.diagnostics.host import Host

    found = examine(home, Host())
    failed = [f for f in found if f.severity == Severity.FAIL]
    failure = FindingError(failed[0], len(failed)) if failed else None
    return Shown([f.to_json() for f in found], findings_table(found), failure)


class FindingError(HostError):
    """This host or home does not keep a promise."""

    def __init__(self, finding: Finding, count: int) -> None:
        self._finding = finding
        super().__init__(finding.code, count=count)
        self.advice = finding.remedy

    @property
    def summary(self) -> str:
        """What the finding means, in the words of the catalogue."""
        return self._finding.meaning
