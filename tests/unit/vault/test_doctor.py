"""Every finding of the doctor on a host made of folders: one where it fires, and a sound one where none does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from flows.session.control import Control
from schemas.record import dump
from trial.authority import TrialAuthority
from vault.destruction.heartbeat import Heartbeat, unit_name
from vault.diagnostics.examination import examine
from vault.diagnostics.findings import AREAS, CATALOGUE
from vault.diagnostics.host import Host, clock_is_synchronised
from vault.diagnostics.keyring_self_test import try_keyring
from vault.diagnostics.prefect_api import Answer
from vault.home.create import create_home
from vault.home.host_record import record_folder
from vault.home_folder import Home
from vault.keys.linux_keyring import KernelKeyring
from vault.ledger.entries import EntryType
from vault.pki.trust_admin import add_material
from vault.records.operators import enrol_operator
from vault.runs.lease import new_lease
from vault.system.clock import SystemClock, format_utc

NOW = datetime.now(UTC).replace(microsecond=0)
BOOT = "11111111-2222-3333-4444-555555555555"
GIB = 1 << 30
PAGE = (Path(__file__).resolve().parents[3] / "docs/doctor.md").read_text(encoding="utf-8")


@dataclass
class FixedClock:
    wall: datetime = NOW
    boot: float = 10_000

    def now(self) -> datetime:
        return self.wall

    def boot_seconds(self) -> float:
        return self.boot


class Case:
    """A sound host and a sound home, to be spoilt in one point."""

    def __init__(self, folder: Path, authority: TrialAuthority) -> None:
        self.root, self.home = folder / "root", folder / "home"
        create_home(Home(self.home), trial=False, origin="test.example/log")
        self.host = Host(
            root=self.root, clock=FixedClock(), keyring=lambda: None, synchronised=lambda: True,
            core_limit=lambda: 0, space=lambda _: (50 * GIB, 100 * GIB), parent=77, prefect=lambda: Answer.CLOSED,
        )  # fmt: skip
        self.put("proc/swaps", "Filename Type Size Used Priority\n")
        self.put("proc/sys/kernel/core_pattern", "core\n")
        self.put("proc/sys/kernel/yama/ptrace_scope", "1\n")
        self.put("proc/sys/kernel/random/boot_id", f"{BOOT}\n")
        self.put("proc/cmdline", "quiet\n")
        self.put("etc/machine-id", f"{BOOT.replace('-', '')}\n")
        self.put("proc/1/comm", "systemd\n")
        self.put("proc/77/status", "Name:\tbash\nUmask:\t0077\n")
        self.put("proc/81/comm", "chronyd\n")
        self.put("sys/power/state", "freeze mem\n")
        self.mount("253:0", "ext4", "/dev/mapper/home")
        self.disk("sda", rotational=True)
        self.disk("dm-0", rotational=True, over="sda", mapped=("home", "CRYPT-LUKS2-0011-home"))
        self.put("sys/dev/block/253:0/uevent", "MAJOR=253\nMINOR=0\nDEVNAME=dm-0\n")
        self.timer()
        self.beat(60)
        root = authority.root.certificate.public_bytes(Encoding.DER)
        for kind in ("root", "timestamp"):
            add_material(Home(self.home).trust, kind, root, trial_home=False, now=NOW)

    def put(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def mount(self, device: str, kind: str, source: str, point: str = "/") -> None:
        line = f"30 1 {device} / {point} rw,relatime shared:1 - {kind} {source} rw\n"
        self.put("proc/self/mountinfo", "22 30 0:21 / /proc rw - proc proc rw\n" + line)

    def disk(
        self, name: str, *, rotational: bool = False, over: str = "", mapped: tuple[str, str] | None = None
    ) -> None:
        base = f"sys/class/block/{name}"
        self.put(f"{base}/queue/rotational", f"{int(rotational)}\n")
        if over:
            self.put(f"{base}/slaves/{over}/x", "")
        if mapped:
            self.put(f"{base}/dm/name", mapped[0] + "\n")
            self.put(f"{base}/dm/uuid", mapped[1] + "\n")

    def timer(self, enabled: bool = True) -> None:
        name = unit_name(Home(self.home))
        self.put(f"etc/systemd/system/{name}.timer", "x")
        wants = self.root / f"etc/systemd/system/timers.target.wants/{name}.timer"
        if enabled:
            wants.parent.mkdir(parents=True, exist_ok=True)
            wants.symlink_to(f"/etc/systemd/system/{name}.timer")
        else:
            wants.unlink()

    def no_timer(self) -> None:
        self.timer(enabled=False)
        (self.root / f"etc/systemd/system/{unit_name(Home(self.home))}.timer").unlink()

    def beat(self, seconds_ago: int, moved: int = 0) -> None:
        ended = format_utc(NOW - timedelta(seconds=seconds_ago + moved))
        mark = Heartbeat(ended, 10_000 - seconds_ago, BOOT, {})
        (self.home / "sweep.json").write_bytes(dump(mark))

    def answer(self, **answers) -> None:
        self.host = replace(self.host, **answers)

    def declare(self, line: str) -> None:
        with (self.home / "site.toml").open("a") as settings:
            settings.write(line + "\n")

    def settle_without_place(self) -> None:
        settings = self.home / "site.toml"
        lines = settings.read_text().splitlines(keepends=True)
        settings.write_text("".join(line for line in lines if not line.startswith("state = ")))

    def entry(self) -> None:
        enrol_operator(Home(self.home), "one")
        Control.open(Home(self.home), "one").record(EntryType.SUBJECT_SHOWN, None, "access")

    def record(self) -> Path:
        return record_folder(Home(self.home))

    def remember(self, **changes) -> None:
        self.entry()
        path = self.record() / "head.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    def damage_memory(self) -> None:
        self.entry()
        (self.record() / "head.json").write_bytes(b"{")

    def codes(self) -> set[str]:
        return {f.code for f in examine(Home(self.home), self.host)} - {"ok"}


@pytest.fixture(scope="module")
def authority() -> TrialAuthority:
    return TrialAuthority(marked=False)


@pytest.fixture
def case(tmp_path, authority) -> Case:
    return Case(tmp_path, authority)


SWAP = "Filename Type Size Used Priority\n/dev/{} partition 1000 0 -2\n"


def swap(case: Case, device: str) -> None:
    case.put("proc/swaps", SWAP.format(device))


def _flash(case: Case) -> None:
    case.put("sys/class/block/sda/queue/rotational", "0\n")


def _plain_partition(case: Case) -> None:
    """As the kernel lays it out: the partition's folder inside its disk's, and a link to it among all devices."""
    case.mount("8:1", "ext4", "/dev/sdb1")
    case.disk("sdb", rotational=True)
    case.put("sys/devices/sdb/sdb1/partition", "1\n")
    (case.root / "sys/class/block/sdb1").symlink_to(case.root / "sys/devices/sdb/sdb1")
    case.put("sys/dev/block/8:1/uevent", "DEVNAME=sdb1\n")


def _forget_roots(case: Case) -> None:
    next((case.home / "trust/roots").iterdir()).unlink()


def _foreign(case: Case) -> None:
    path = case.home / "strange"
    path.write_text("")
    os.chown(path, 12345, 12345)


FIRES: dict[str, tuple[Callable[[Case], object], set[str]]] = {
    # code: what spoils the sound host, and what is found besides
    "swap_on": (lambda c: swap(c, "dm-0"), set()),
    "swap_declared": (lambda c: (swap(c, "dm-0"), c.declare('declared_exceptions = ["swap_on"]')), set()),
    "swap_unencrypted": (lambda c: swap(c, "sda"), {"swap_on"}),
    "core_pattern_pipes": (
        lambda c: c.put("proc/sys/kernel/core_pattern", "|/usr/lib/systemd-coredump %P\n"),
        set(),
    ),
    "core_limit_open": (lambda c: c.answer(core_limit=lambda: -1), set()),
    "hibernation_possible": (
        lambda c: (
            c.put("sys/power/state", "freeze mem disk\n"),
            c.put("proc/cmdline", "quiet resume=/dev/sda2\n"),
        ),
        set(),
    ),
    "ptrace_open": (lambda c: c.put("proc/sys/kernel/yama/ptrace_scope", "0\n"), set()),
    "ptrace_unknown": (lambda c: (c.root / "proc/sys/kernel/yama/ptrace_scope").unlink(), set()),
    "keyring_forbidden": (lambda c: c.answer(keyring=lambda: "keyring_forbidden"), set()),
    "keyring_not_shared": (lambda c: c.answer(keyring=lambda: "keyring_not_shared"), set()),
    "keyring_keeps": (lambda c: c.answer(keyring=lambda: "keyring_keeps"), set()),
    "disk_network": (lambda c: c.mount("0:50", "nfs4", "server:/export"), set()),
    "disk_volatile": (lambda c: c.mount("0:51", "tmpfs", "tmpfs"), set()),
    "disk_snapshots": (lambda c: c.mount("0:52", "btrfs", "/dev/mapper/home"), set()),
    "disk_unencrypted": (_plain_partition, set()),
    "disk_flash": (_flash, set()),
    "disk_unknown": (lambda c: c.mount("0:53", "overlay", "overlay"), set()),
    "space_low": (lambda c: c.answer(space=lambda _: (4 * GIB, 100 * GIB)), set()),
    "space_out": (lambda c: c.answer(space=lambda _: (GIB >> 5, 100 * GIB)), set()),
    "clock_not_synchronised": (lambda c: c.answer(synchronised=lambda: False), set()),
    "clock_without_service": (lambda c: c.put("proc/81/comm", "cron\n"), set()),
    "clock_was_set": (lambda c: c.beat(60, moved=-3600), set()),
    "sweep_not_yet": (lambda c: (c.no_timer(), (c.home / "sweep.json").unlink()), set()),
    "sweep_not_installed": (lambda c: (c.no_timer(), c.beat(3600)), {"sweep_late"}),
    "cron_not_running": (
        lambda c: (c.no_timer(), c.put(f"etc/cron.d/{unit_name(Home(c.home))}", "x")),
        set(),
    ),
    "processes_hidden": (
        lambda c: [(c.root / f"proc/{pid}/comm").unlink() for pid in (1, 81)],
        set(),
    ),
    "sweep_by_other_means": (lambda c: c.no_timer(), set()),
    "sweep_not_enabled": (lambda c: c.timer(enabled=False), set()),
    "sweep_never": (lambda c: (c.home / "sweep.json").unlink(), set()),
    "sweep_late": (lambda c: c.beat(901), set()),
    "home_open": (lambda c: (c.home / "keys").chmod(0o750), set()),
    "home_foreign_owner": (_foreign, set()),
    "umask_open": (lambda c: c.put("proc/77/status", "Umask:\t0022\n"), set()),
    "trust_missing": (_forget_roots, set()),
    "trust_stale": (
        lambda c: (
            c.answer(clock=FixedClock(wall=NOW + timedelta(days=365 * 60))),
            c.beat(60, moved=-365 * 60 * 86400),
        ),
        set(),
    ),
    "timestamps_missing": (lambda c: next((c.home / "trust/timestamps").iterdir()).unlink(), set()),
    "machine_nameless": (lambda c: c.put("etc/machine-id", "uninitialized\n"), set()),
    "host_record_missing": (lambda c: (c.entry(), shutil.rmtree(c.record())), set()),
    "record_place_not_fixed": (lambda c: c.settle_without_place(), set()),
    "home_new_here": (lambda c: c.remember(machine_id="another"), set()),
    "home_rolled_back": (lambda c: c.remember(size=99), set()),
    "host_record_malformed": (lambda c: c.damage_memory(), set()),
    "host_record_behind": (lambda c: c.remember(size=0, root=""), set()),
    "prefect_open": (lambda c: c.answer(prefect=lambda: Answer.OPEN), set()),
    "prefect_silent": (lambda c: c.answer(prefect=lambda: Answer.SILENT), set()),
}


def test_a_sound_host_has_no_finding(case):
    assert case.codes() == set()
    assert [f.severity for f in examine(Home(case.home), case.host)] == ["ok"] * len(AREAS)
    case.entry()
    assert case.codes() == set(), "nor one whose home was written to"


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_finding_fires_where_it_should_and_alone(case, code):
    if code == "home_foreign_owner" and os.getuid() != 0:
        pytest.skip("only root can give a file away")
    spoil, besides = FIRES[code]
    spoil(case)
    assert case.codes() == {code} | besides


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_finding_is_on_the_page(code):
    area, severity, meaning, remedy = CATALOGUE[code]
    section = PAGE.split(f"## {AREAS[area]}\n")[1].split("\n## ")[0]
    assert f"| `{code}` | {severity.value} | {meaning} | {remedy} |" in section


def test_the_page_names_no_other():
    assert PAGE.count("\n| `") == len(CATALOGUE)


SOUND = {
    "zram is no disk": lambda c: (swap(c, "zram0"), c.declare('declared_exceptions = ["swap_on"]')),
    "hibernation offered, nowhere to write": lambda c: (
        c.put("sys/power/state", "mem disk\n"), c.put("sys/power/resume", "0:0\n"),
    ),
    "cron instead of a timer": lambda c: (
        c.no_timer(), c.put(f"etc/cron.d/{unit_name(Home(c.home))}", "x"), c.put("proc/82/comm", "crond\n"),
    ),
    "the device only by its mapped name": lambda c: (c.root / "sys/dev/block/253:0/uevent").unlink(),
    "a mount point with a blank": lambda c: c.mount("253:0", "ext4", "/dev/mapper/home", "/\\040none")
    or c.put("proc/self/mountinfo", "9 1 253:0 / / rw - ext4 /dev/mapper/home rw\n8 9 0:9 / /a\\040b rw - nfs4 s:/ rw\n"),
    "the kernel may not be asked": lambda c: c.answer(synchronised=lambda: None),
    "a clock a little off": lambda c: c.beat(60, moved=-200),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_where_it_does_not_fire(case, name):
    SOUND[name](case)
    assert case.codes() - {"swap_declared"} == set()


def test_nonsense_in_proc_and_sys_is_no_traceback(case):
    for path in [*(case.root / "proc").rglob("*"), *(case.root / "sys").rglob("*")]:
        if path.is_file() and not path.is_symlink():
            path.write_bytes(b"\xff\xfe - \n - -\n9 9\n\n")
    assert {f.area for f in examine(Home(case.home), case.host)} == set(AREAS)


def test_an_empty_root_is_no_traceback(case, tmp_path):
    case.answer(root=tmp_path / "nothing")
    assert "disk_unknown" in case.codes()


def test_the_keyring_test_tells_a_working_keyring_from_a_forbidden_one_and_from_one_that_keeps(monkeypatch):
    monkeypatch.setattr("vault.diagnostics.keyring_self_test._SECONDS", 1)
    if try_keyring() == "keyring_forbidden":
        pytest.skip("this host forbids the keyring")
    assert try_keyring() is None
    monkeypatch.setattr("vault.diagnostics.keyring_self_test._SECONDS", 0)
    monkeypatch.setattr(KernelKeyring, "destroy", lambda *_: None)
    assert try_keyring() == "keyring_keeps"


def test_the_kernel_is_asked_for_its_clock():
    """adjtimex as another implementation reads it."""
    import ctypes

    class Timex(ctypes.Structure):
        _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
                    ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long), ("status", ctypes.c_int),
                    ("rest", ctypes.c_byte * 400)]  # fmt: skip

    asked = Timex()
    state = ctypes.CDLL(None).adjtimex(ctypes.byref(asked))
    assert clock_is_synchronised() is (not asked.status & 0x40 if state >= 0 else None)


def test_the_command_fails_on_a_fail_and_prints_one_object(tmp_path):
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    command = [str(Path(sys.executable).with_name("reprise")), "doctor", "--home", str(tmp_path / "home")]
    fresh = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, timeout=120)
    found = {
        f["code"]: f["severity"] for f in json.loads(fresh.stdout.splitlines()[0]) if f["area"] == "sweep"
    }
    assert found == {"sweep_not_yet": "warn"}, "nothing is staged that a sweep would have to destroy"
    new_lease(
        Home(tmp_path / "home"), SystemClock(), run_id="run", subject_id="s", persons=("s",), authorisation_id="a", use="migration",
        hours=72, provider="memory", partial=tmp_path / "home/staging/run/parts", operator_id="o",
        ledger_start=0, order_id=None,
    )  # fmt: skip
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, timeout=120)
    listed = json.loads(done.stdout.splitlines()[0])
    assert {f["area"] for f in listed} == set(AREAS)
    assert "sweep_not_installed" in {f["code"] for f in listed}
    assert done.returncode == 17, done.stderr
