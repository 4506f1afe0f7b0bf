"""Installs the sweep's units in the folders that the host reads, and uninstalls them. It never changes other units."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from flows.retention.units import MARK, SweepPlan, cron_table, systemd_units
from schemas.errors import HostError
from vault.destruction.heartbeat import unit_name
from vault.home_folder import Home
from vault.system.child_process import run_program
from vault.system.files import sync_folder, write_durably

SYSTEMD, CRON = Path("/etc/systemd/system"), Path("/etc/cron.d")
_MEMORY = ("REPRISE_STATE", "XDG_STATE_HOME")  # `vault.home.host_record.record_folder`
_FORBIDDEN_CHARACTERS = frozenset("\n\r\0")


def systemd_runs(root: Path = Path("/")) -> bool:
    """Return whether systemd is this host's init (sd_booted(3))."""
    return (root / "run/systemd/system").is_dir()


def cron_runs() -> bool:
    """Return whether a daemon that reads /etc/cron.d runs on this host."""
    from vault.diagnostics import sweep
    from vault.diagnostics.host import Host

    return sweep.cron_runs(Host())


def make_plan(home: Home, every_minutes: int, *, network: bool = False) -> SweepPlan:
    """Return the plan of the units to install. Their user is the home's owner, whose keyring holds the run keys.

    If this environment sets another folder for the host's record of a home of version 1, the sweep uses the same folder. Raises
    HostError: no_such_user, home_path_unusable, sweep_interval_unusable.
    """
    if not 1 <= every_minutes <= 60 or 60 % every_minutes:
        raise HostError("sweep_interval_unusable", limit=60)
    try:
        name = pwd.getpwuid(home.path.stat().st_uid).pw_name
    except KeyError:
        raise HostError("no_such_user") from None
    fixed = home.site.state is not None
    environment = tuple((n, os.environ[n]) for n in _MEMORY if os.environ.get(n) and not fixed)
    if _FORBIDDEN_CHARACTERS & set(str(home.path)) or any(
        (_FORBIDDEN_CHARACTERS | {'"'}) & set(value) for _, value in environment
    ):
        raise HostError("home_path_unusable")
    network = network or bool(home.site.notices.to)  # the sweep sends the notices
    return SweepPlan(_program(), home, unit_name(home), name, every_minutes, network, environment)


@dataclass(frozen=True)
class Installed:
    """The installed files, the number of those that changed, and whether the host now starts the sweep from them."""

    units: list[Path]
    changed: int
    enabled: bool


def install(plan: SweepPlan, to: Path | None, *, cron: bool) -> Installed:
    """Write the units of one kind, and enable them unless `to` names another folder. Raises HostError."""
    folder, units = _folder(to, cron=cron), units_of(plan, cron=cron)
    changed = write_units(folder, units)
    managed = _is_managed(to, cron=cron)
    if managed:
        enable(plan)
    return Installed([folder / name for name in units], changed, managed or (cron and folder == CRON))


def uninstall(plan: SweepPlan, to: Path | None, kinds: list[bool]) -> int:
    """Remove the installed files of each kind (true: the table for cron). Return their number. Raises HostError."""
    return sum(_uninstall(plan, to, cron=cron) for cron in kinds)


def _uninstall(plan: SweepPlan, to: Path | None, *, cron: bool) -> int:
    folder, names = _folder(to, cron=cron), units_of(plan, cron=cron)
    refuse_foreign(folder, names)
    managed = _is_managed(to, cron=cron)
    if managed:
        disable(plan)
    removed = remove_units(folder, names)
    if managed:
        reload_units()
    return removed


def _folder(to: Path | None, *, cron: bool) -> Path:
    return to or (CRON if cron else SYSTEMD)


def _is_managed(to: Path | None, *, cron: bool) -> bool:
    return to is None and not cron and systemd_runs()


def _program() -> Path:
    """Return the absolute path of this environment's `reprise`, not the first one in the search path."""
    beside = Path(sys.executable).with_name("reprise")
    if not beside.is_file():
        raise HostError("program_not_found")
    return Path(os.path.abspath(beside))  # noqa: PTH100 - a link inside an environment must stay a link


def units_of(plan: SweepPlan, *, cron: bool) -> dict[str, str]:
    """Return the files of one kind, by name."""
    return cron_table(plan) if cron else systemd_units(plan)


def write_units(folder: Path, units: dict[str, str]) -> int:
    """Write new and changed files. Return their number. Raises HostError (unit_not_ours) before a file is written."""
    refuse_foreign(folder, units)
    changed = [name for name, text in units.items() if _text(folder / name) != text]
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        # cron runs every file in its folder but skips names with a dot, such as the temporary name
        write_durably(folder / name, units[name].encode())
        os.chmod(folder / name, 0o644)
    return len(changed)


def remove_units(folder: Path, names: Collection[str]) -> int:
    """Remove files that Reprise wrote. Return the number of those that existed. Raises HostError (unit_not_ours)."""
    refuse_foreign(folder, names)
    existing = [folder / name for name in names if _exists(folder / name)]
    for path in existing:
        path.unlink()
    if existing:
        sync_folder(folder)
    return len(existing)


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def refuse_foreign(folder: Path, names: Collection[str]) -> None:
    """Refuse a link (such as a masked unit), or a file without the first line of Reprise's units.

    Raises HostError (unit_not_ours).
    """
    for path in (folder / name for name in names):
        ours = not path.is_symlink() and (_text(path) or "").startswith(MARK)
        if _exists(path) and not ours:
            raise HostError("unit_not_ours")


def enable(plan: SweepPlan) -> None:
    """Make systemd read the units, and start the timer now and at every boot. Raises HostError (unit_not_enabled)."""
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", f"{plan.name}.timer")


def disable(plan: SweepPlan) -> None:
    """Stop the timer, and do not start it at boot. A missing timer is no error."""
    run_program("systemctl", "disable", "--now", f"{plan.name}.timer", timeout_seconds=60)


def reload_units() -> None:
    """Make systemd notice that files were removed."""
    _systemctl("daemon-reload")


def _systemctl(*words: str) -> None:
    process = run_program("systemctl", *words, timeout_seconds=60)
    if process.returncode:
        raise HostError("unit_not_enabled", count=process.returncode)
