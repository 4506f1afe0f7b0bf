"""Commands about the host: install-sweep and doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.findings_table import show_findings
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    errors_console,
    guarded,
    home_path,
    home_to_examine,
    show,
)
from flows.retention import install as sweep_install
from flows.retention.units import SweepPlan
from schemas.errors import HostError
from vault.diagnostics.examination import examine
from vault.diagnostics.findings import Finding, Severity
from vault.diagnostics.host import Host
from vault.diagnostics.sweep import cron_runs
from vault.site import Site


@guarded
def install_sweep(
    systemd: Annotated[bool, typer.Option("--systemd", help="A service and a timer (the default).")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="A table for cron instead.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write there and enable nothing.")] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Let the sweep reach remote destinations (SFTP, S3).")
    ] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Take the units away again.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the host call the sweep at boot and every `sweep_every_minutes` of the site; needs root but with --to.

    Never overwrites a unit it did not write.
    """
    if systemd and cron:
        raise typer.BadParameter("--systemd or --cron, not both")
    path = home_path(home)
    plan = sweep_install.make_plan(path, Site.load(path).sweep_every_minutes, network=network)
    running = sweep_install.systemd_runs()
    if to is None and not cron and not running and not uninstall:
        errors_console.print(
            "systemd does not run on this host. Either `reprise install-sweep --cron` (and see that a cron daemon"
            " runs),\nor `reprise install-sweep --to DIR` and carry the units to where a service manager reads them."
        )
        raise HostError("systemd_not_running")
    if uninstall:
        kinds = [cron] if cron or systemd else [False, True]
        found = _uninstall(plan, to, kinds, running=running)
    else:
        folder = to or (sweep_install.CRON if cron else sweep_install.SYSTEMD)
        found = _install(plan, folder, cron=cron, manage=running and to is None and not cron)
    text = str(found.pop("text"))
    show(found, as_json=as_json, text=text)


def _install(plan: SweepPlan, folder: Path, *, cron: bool, manage: bool) -> dict[str, object]:
    units = sweep_install.units_of(plan, cron=cron)
    changed = sweep_install.write_units(folder, units)
    if manage:
        sweep_install.enable(plan)
    lines = [str(folder / name) for name in units]
    if not manage and not cron:
        lines.append(f"Not enabled. Where systemd reads them: systemctl enable --now {plan.name}.timer")
    if cron and folder == sweep_install.CRON and not cron_runs(Host()):
        lines.append("No cron daemon runs here yet: until one does, nothing calls the sweep.")
    return {
        "units": [str(folder / name) for name in units],
        "changed": changed,
        "enabled": manage or (cron and folder == sweep_install.CRON),
        "text": "\n".join(lines),
    }


def _uninstall(plan: SweepPlan, to: Path | None, kinds: list[bool], *, running: bool) -> dict[str, object]:
    """Take away what was installed; of each kind: whether it is a table for cron."""
    removed = 0
    for as_cron in kinds:
        folder = to or (sweep_install.CRON if as_cron else sweep_install.SYSTEMD)
        names = sweep_install.units_of(plan, cron=as_cron)
        sweep_install.refuse_foreign(folder, names)
        manage = running and to is None and not as_cron
        if manage:
            sweep_install.disable(plan)
        removed += sweep_install.remove_units(folder, names)
        if manage:
            sweep_install.reload_units()
    return {"removed": removed, "enabled": False, "text": f"{removed} file(s) taken away"}


@guarded
def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Look at this host and this home: what could break a promise, and how to mend it. Fails (17) on a `fail`."""
    found = examine(home_to_examine(home), Host())
    if as_json:
        show([f.to_json() for f in found], as_json=True, text="")
    else:
        show_findings(found)
    failed = [f for f in found if f.severity == Severity.FAIL]
    if failed:
        raise FindingError(failed[0], len(failed))


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
