"""What pages of a large home cost beside those of a small one: `python bench/many_runs.py [RUNS ENTRIES]` (100,000, a million).

Makes two homes, one of 1,000 runs and 10,000 entries and the large one: ended runs with lease and certificate, the same few
live ones, a log with a signed head. Measures each in a process of its own: making the index, following ten new entries, and the
CPU time and memory of each page that shows runs or the ledger, and of the numbers for Prometheus. A run begins every ten minutes,
the newest of them now, so that the windows of the charts are full in both homes.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from schemas.outcome import Cause
from schemas.person_records import Doctor
from schemas.record import dump
from trial.doctors import enrol_doctor
from vault.canonical_json import canonical_json
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.entries import EntryType, commit
from vault.ledger.home_log import open_store
from vault.records.operators import enrol_operator
from vault.records.subjects import Subjects
from vault.runs.lease import LEASE, Lease, new_lease
from vault.system.clock import SystemClock, format_utc

SMALL = (1_000, 10_000)
LIVE, UNCONFIRMED, DOCTORS = 5, 20, 50
"""Runs without a certificate, delivered packages of which nobody said that they are imported, doctors: as many in each home."""
BY = {"operator": commit(b"a", "b", "c", b"d")}
_AT_ONCE = 50_000


def run_id(number: int) -> str:
    """A run's name."""
    return str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128), version=4))


NOW = datetime.now(UTC)


def moment(number: int, runs: int, later: int = 0) -> str:
    """When the run of this number began, of so many: one every ten minutes, the last of them now; or some seconds later."""
    return format_utc(NOW - timedelta(minutes=10 * (runs - number)) + timedelta(seconds=later))


def bodies(runs: int, entries: int) -> Iterator[tuple[str | None, EntryType, str, dict[str, int], str]]:
    """The entries: checked, started, destruction, end and issue of each run, an import of most, and acts to fill up."""
    causes = list(Cause)
    spare = max(entries - 6 * runs, 0)
    for number in range(runs):
        run, at, end = run_id(number), moment(number, runs), moment(number, runs, 300)
        cause = (
            Cause.PUBLISHED if number % 2 or number >= runs - UNCONFIRMED else causes[number % len(causes)]
        )
        yield run, EntryType.AUTHORISATION_CHECKED, "qualified", {"signatures": 1}, at
        yield (
            run,
            EntryType.RUN_STARTED,
            "migration",
            {"deadline_s": int(NOW.timestamp()) + 3600, "allowed": 10**6, "run_number": number + 1},
            at,
        )
        yield run, EntryType.DESTRUCTION_STARTED, cause.value, {"files": 9}, end
        yield run, EntryType.DESTRUCTION_COMPLETED, cause.value, {"files": 9, "bytes": 10**6}, end
        yield run, EntryType.PROOF_ISSUED, "issued", {"earlier": 4}, end
        if number < runs - UNCONFIRMED:
            yield run, EntryType.IMPORT_CONFIRMED, "imported", {"earlier": 5}, end
        for _ in range(spare // runs):
            yield None, EntryType.AUTHORISATION_REFUSED, "x", {"exit": 20}, at


def write_log(home: Home, runs: int, entries: int) -> int:
    """Append them all under signed heads; returns their number."""
    store, size, some = open_store(home), 0, []
    for run, kind, code, counts, at in bodies(runs, entries):
        body = {"v": 1, "type": kind.value, "runId": run, "seq": size + len(some) + 1, "at": at, "c": BY}
        some.append(canonical_json({**body, "code": code, "n": counts}))
        if len(some) == _AT_ONCE:
            store.append(size, some)
            size, some = size + len(some), []
    if some:
        store.append(size, some)
    return size + len(some)


def enrol_doctors(home: Home) -> list[str]:
    """Enrol as many doctors in each home; returns their ids."""
    numbers = (f"{serial:09d}" for serial in count(600101001))
    inss = (f"{one}{97 - int(one) % 97:02d}" for one in numbers)
    subjects = Subjects(home)
    for number, one in zip(range(DOCTORS), inss, strict=False):
        nihii = f"1{number:05d}"
        enrol_doctor(
            home, inss=one, nihii=(f"{nihii}{97 - int(nihii) % 97:02d}004",), name=f"Dr {number}", attested_by=("one", "two"),
            basis="trial",
        )  # fmt: skip
    return [one for one in subjects.ids() if isinstance(subjects.read(one), Doctor)]


def write_runs(home: Home, runs: int, doctors: list[str]) -> None:
    """Lease and certificate of each run, in files as a run writes them, but not each made durable."""
    clock = SystemClock()
    model = lease_of(home, clock, "ffffffff-0000-4000-8000-000000000000")
    for number in range(runs):
        folder = home.run(run_id(number))
        (folder / "proof").mkdir(parents=True)
        at = moment(number, runs)
        lease = model.changed(
            run_id=run_id(number), subject_id=doctors[number % DOCTORS], persons=(doctors[number % DOCTORS],),
            staging=str(home.staging / run_id(number)), partial=str(home.staging / run_id(number) / "package/parts"),
            created=at, deadline=moment(number, runs, 3600), ledger_start=number,
        )  # fmt: skip
        (folder / LEASE).write_bytes(dump(lease))
        (folder / "proof" / "manifest.json").write_bytes(b"{}")
    shutil.rmtree(home.run(model.run_id))


def lease_of(home: Home, clock: SystemClock, run: str) -> Lease:
    """A lease of this process."""
    return new_lease(
        home, clock, run_id=run, subject_id="s", persons=("s",), authorisation_id="a", use="migration", hours=72,
        provider="memory", partial=home.staging / run / "package/parts", operator_id="o", ledger_start=0, order_id=None,
    )  # fmt: skip


def make_home(folder: Path, runs: int, entries: int) -> Home:
    """A home of this size."""
    home = Home(folder / f"home-{runs}")
    create_home(home, trial=True, origin="bench.example/log")
    for operator in ("one", "two"):
        enrol_operator(home, operator)
    write_runs(home, runs, enrol_doctors(home))
    write_log(home, runs, entries)
    for number in range(LIVE):
        lease_of(home, SystemClock(), run_id(10_000_000 + number))
    return home


def cpu(act: Callable[[], object], times: int = 21) -> float:
    """Median CPU seconds of one call."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        act()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


class Peak:
    """The largest memory of this process since this was made, above what it held then."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets the peak
        self._began = _kib("VmRSS")

    def mib(self) -> float:
        """MiB above the beginning."""
        return max(_kib("VmHWM") - self._began, 0) / 1024


def _kib(name: str) -> int:
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(name)]
    return int(line.split()[1])


def pages(home: Home) -> list[tuple[str, str]]:
    """The pages that show runs or the ledger, in their usual forms."""
    doctor = next(one for one in Subjects(home).ids() if isinstance(Subjects(home).read(one), Doctor))
    half = (NOW - timedelta(days=3)).strftime("%Y-%m-%d")
    return [
        ("start page", "/"),
        ("runs", "/runs"),
        ("runs, filtered", "/runs?state=abandoned&use=migration"),
        ("runs of a doctor", f"/runs?doctor={doctor}"),
        ("doctors", "/doctors"),
        ("a doctor", f"/doctors/{doctor}"),
        ("authorisations", "/authorisations"),
        ("work", "/work"),
        ("deletion proof", "/deletion"),
        ("deletion proof three days ago", f"/deletion?day={half}&standing=destroyed"),
        ("ledger", "/ledger"),
        ("numbers for Prometheus", "/metrics"),
    ]


def measure(home: Home) -> dict[str, float]:
    """What this home costs, in this process."""
    from starlette.testclient import TestClient

    from dashboard.application import make_application, make_dashboard
    from flows.admin import accounts
    from flows.session.control import Control
    from flows.views import index_check
    from flows.views import today as today_view
    from vault.accounts.passwords import digest_of

    found, peak = {}, Peak()
    begin = time.process_time()
    index_check.rebuild(Control.open_to_look(home))
    found["make the index, s"] = time.process_time() - begin
    found["make the index, MiB of memory"] = peak.mib()
    found["the index, MiB on disk"] = sum(f.stat().st_size for f in home.index.iterdir()) / (1 << 20)
    dashboard = make_dashboard(home, "http://localhost:8710")
    control = Control.open(home, "one")
    login = f"engineer-{os.getpid()}"
    accounts.invite(control, login, ("engineer",), operator="one")
    account = dashboard.accounts.identify(login)
    dashboard.accounts.set_password(account, digest_of("four plain words here", login))
    session = dashboard.sessions.sign_in(None, dashboard.accounts.get(account), "password")
    browser = TestClient(
        make_application(dashboard), base_url="http://localhost:8710", client=("127.0.0.1", 5)
    )
    browser.cookies.set(dashboard.session_cookie, dashboard.sessions.cookie_of(session))
    time.sleep(2.1)  # the folder of runs is old enough that its time says whether it changed

    def page(path: str) -> Callable[[], object]:
        def ask() -> None:
            dashboard.attempts._requests.clear()  # noqa: SLF001 - not what is measured
            answer = browser.get(path)
            assert answer.status_code == 200, answer.status_code

        return ask

    for name, path in pages(home):
        page(path)()
        peak = Peak()
        found[f"{name}, s"] = cpu(page(path), 11)
        found[f"{name}, MiB of memory"] = peak.mib()

    def follow_ten() -> None:
        for _ in range(10):
            control.record(EntryType.AUTHORISATION_REFUSED, None, "x")
        today_view.today(control)

    found["ten entries and the state again, s"] = cpu(follow_ten, 5)
    return found


def main() -> None:
    """Print what each home costs, and the ratios."""
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Home(Path(sys.argv[2])))))
        return
    large = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (100_000, 1_000_000)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR", ".")) as name:
        found = []
        for size in (SMALL, large):
            home = make_home(Path(name), *size)
            words = [sys.executable, __file__, "--measure", str(home.path)]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"{'':36}{SMALL[0]:>12,}{large[0]:>12,} runs    ratio")
        for what, small in found[0].items():
            big = found[1][what]
            print(f"{what:36}{small:12.4f}{big:12.4f}{big / small if small else 0:13.2f}")


if __name__ == "__main__":
    main()
