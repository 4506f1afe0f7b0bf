"""The units that call the sweep: systemd itself finds no fault in them, and nobody else's file is touched."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.retention.install import make_plan, remove_units, units_of, write_units
from flows.retention.units import SweepPlan, cron_table, systemd_units
from schemas.errors import HostError
from vault.home.create import create_home
from vault.home_folder import Home

ME = pwd.getpwuid(os.getuid()).pw_name
AWKWARD = 'a "home" 100% $HOME it\'s\\here'
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing (apt: systemd)"
)


@pytest.fixture
def home(tmp_path) -> Path:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    return tmp_path / "home"


def refused(code: str):
    return pytest.raises(HostError, match=code)


@needs_systemd
@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize("name", ["home", AWKWARD])
def test_systemd_finds_no_fault(home, tmp_path, name, network):
    folder = tmp_path / "units"
    plan = SweepPlan(Path("/bin/true"), Home(tmp_path / name), "reprise-sweep-00000000", ME, 5, network)
    write_units(folder, systemd_units(plan))
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(folder.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    ours = [line for line in done.stderr.splitlines() if plan.name in line]
    assert (done.returncode, ours) == (0, []), done.stderr
    broken = folder / f"{plan.name}.service"
    broken.write_text(broken.read_text().replace("KeyringMode=private", "KeyringMode=nonsense"))
    again = subprocess.run(
        ["systemd-analyze", "verify", str(broken)], capture_output=True, text=True, check=False, timeout=120
    )
    assert "nonsense" in again.stderr, "it would have told"


@needs_systemd
def test_systemd_understands_when_it_comes():
    plan = SweepPlan(Path("/bin/true"), Home(Path("/srv/home")), "reprise-sweep-00000000", ME, 5)
    timer = systemd_units(plan)[f"{plan.name}.timer"]
    spans = [
        line.split("=", 1)[1]
        for line in timer.splitlines()
        if line.startswith(("OnBoot", "OnUnit", "Accuracy"))
    ]
    assert len(spans) == 3
    done = subprocess.run(["systemd-analyze", "timespan", *spans], capture_output=True, text=True, check=True)
    assert [line.split(":")[1].strip() for line in done.stdout.splitlines() if "μs" in line] == [
        "30000000", "300000000", "10000000",
    ]  # fmt: skip


def test_the_service_keeps_what_keys_and_processes_need(home):
    service = next(
        text for name, text in systemd_units(make_plan(Home(home), 5)).items() if "service" in name
    )
    settings = {line.partition("=")[0] for line in service.splitlines() if "=" in line and line[0] != "#"}
    assert settings.isdisjoint(
        {"PrivateUsers", "ProtectProc", "ProcSubset", "PrivatePIDs", "PrivateTmp", "ProtectHome"}
    )
    assert {"NoNewPrivileges", "ProtectSystem", "PrivateNetwork", "KeyringMode"} <= settings
    remote = make_plan(Home(home), 5, network=True)
    assert all("PrivateNetwork" not in text for text in systemd_units(remote).values())


@needs_systemd
def test_the_sweep_finds_the_host_s_memory_where_it_was_told_to_be(home, tmp_path, monkeypatch):
    memory = tmp_path / "me mory $x %h \\"
    monkeypatch.setenv("REPRISE_STATE", str(memory))
    plan = make_plan(Home(home), 5)
    for name, text in systemd_units(plan).items():
        (tmp_path / name).write_text(text)
    (service,) = tmp_path.glob("*.service")
    told = subprocess.run(["systemd-analyze", "verify", service], capture_output=True, text=True, check=False)
    assert "Environment" not in told.stderr
    escaped = str(memory).replace("\\", "\\\\").replace("%", "%%")
    assert f'Environment="REPRISE_STATE={escaped}"\n' in service.read_text()
    (table,) = cron_table(plan).values()
    assert f'\nREPRISE_STATE="{memory}"\n' in table
    assert table.index("REPRISE_STATE") < table.index("@reboot")
    monkeypatch.setenv("REPRISE_STATE", 'a"b')
    with pytest.raises(HostError, match="home_path_unusable"):
        make_plan(Home(home), 5)


def test_the_crontab_runs_what_it_says_also_for_awkward_paths(tmp_path):
    """cron gives sh what stands before the first bare `%`, with `\\%` as `%` (crontab(5)): sh is asked."""
    seen = tmp_path / "seen.sh"
    seen.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$(dirname "$0")/words"\n')
    seen.chmod(0o755)
    home = tmp_path / AWKWARD
    (text,) = cron_table(SweepPlan(seen, Home(home), "reprise-sweep-00000000", ME, 5)).values()
    lines = [line for line in text.splitlines() if line.startswith(("@reboot", "*/5 * * * *"))]
    assert len(lines) == 2
    for line in lines:
        command = line.split(f" {ME} ", 1)[1].replace("\\%", "%")
        subprocess.run(["/bin/sh", "-c", command], check=True)
        assert (tmp_path / "words").read_text().splitlines() == ["sweep", "--home", str(home)]


@pytest.mark.parametrize("cron", [False, True])
def test_twice_is_once_and_uninstalled_is_gone(home, tmp_path, cron):
    plan, folder = make_plan(Home(home), 5), tmp_path / "units"
    units = units_of(plan, cron=cron)
    assert write_units(folder, units) == len(units)
    assert write_units(folder, units) == 0
    later = units_of(make_plan(Home(home), 15), cron=cron)
    assert write_units(folder, later) == 1, "only the interval changed"
    assert all(oct((folder / name).stat().st_mode & 0o777) == "0o644" for name in units)
    assert sorted(p.name for p in folder.iterdir()) == sorted(units), "no temporary file stays"
    assert remove_units(folder, units) == len(units)
    assert remove_units(folder, units) == 0
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("words", [(), ("--cron",), ("--systemd",)])
def test_what_was_installed_in_either_way_is_taken_away(home, tmp_path, monkeypatch, words):
    monkeypatch.setattr("flows.retention.install.systemd_runs", lambda: False)
    folder, plan = tmp_path / "units", make_plan(Home(home), 5)
    both = [units_of(plan, cron=False), units_of(plan, cron=True)]
    for units in both:
        write_units(folder, units)
    command = ["install-sweep", "--home", str(home), "--to", str(folder), "--uninstall", *words]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    gone = {(): {*both[0], *both[1]}, ("--cron",): {*both[1]}, ("--systemd",): {*both[0]}}[words]
    assert {path.name for path in folder.iterdir()} == {*both[0], *both[1]} - gone
    assert f"{len(gone)} file(s) taken away" in done.output


@pytest.mark.parametrize("masked", [False, True])
def test_a_unit_of_others_is_never_touched(home, tmp_path, masked):
    plan, folder = make_plan(Home(home), 5), tmp_path / "units"
    folder.mkdir()
    foreign = folder / f"{plan.name}.timer"
    foreign.symlink_to("/dev/null") if masked else foreign.write_text("[Timer]\nOnBootSec=1\n")
    before = foreign.lstat()
    with refused("unit_not_ours"):
        write_units(folder, units_of(plan, cron=False))
    with refused("unit_not_ours"):
        remove_units(folder, units_of(plan, cron=False))
    assert foreign.lstat() == before
    assert [p.name for p in folder.iterdir()] == [foreign.name], "nothing half written"


def test_what_cannot_be_planned(home, tmp_path, monkeypatch):
    with monkeypatch.context() as nameless:
        nameless.setattr("pwd.getpwuid", {}.__getitem__)
        with refused("no_such_user"):
            make_plan(Home(home), 5)
    for minutes in (0, -5, 7, 61):
        with refused("sweep_interval_unusable"):
            make_plan(Home(home), minutes)
    crooked = tmp_path / "a\nRequires=b"
    create_home(Home(crooked), trial=True, origin="test.example/log")
    with refused("home_path_unusable"):
        make_plan(Home(crooked), 5)


@pytest.mark.skipif(
    Path("/run/systemd/system").is_dir(), reason="systemd runs here: the command would enable the timer"
)
def test_without_systemd_it_says_what_to_do(home, tmp_path):
    def reprise(*words: str) -> subprocess.CompletedProcess[str]:
        command = [
            shutil.which("reprise") or str(Path(sys.executable).with_name("reprise")),
            "install-sweep",
        ]
        return subprocess.run(
            [*command, "--home", str(home), *words], capture_output=True, text=True, check=False, timeout=60
        )

    bare = reprise()
    assert bare.returncode == HostError.exit_code
    assert "--cron" in bare.stderr
    assert "systemd_not_running" in bare.stderr
    written = reprise("--to", str(tmp_path / "units"))
    assert written.returncode == 0, written.stderr
    assert "systemctl enable --now" in written.stdout
    (service,) = (tmp_path / "units").glob("*.service")
    line = next(x for x in service.read_text().splitlines() if x.startswith("ExecStart="))
    swept = subprocess.run(
        shlex.split(line.removeprefix("ExecStart=")), capture_output=True, text=True, check=False
    )
    assert swept.returncode == 0, swept.stderr
