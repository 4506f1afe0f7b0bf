"""Many runs of one home, each disturbed at random, each ended in one of the ways there are: the story stays whole.

CI takes a few, always the same choices; `make soak` takes a hundred, at random. The seed is printed and can be given
(REPRISE_SOAK_SEED).
"""

from __future__ import annotations

import json
import os
import random
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.moving_clock import MovingClock
from support.whole_run import WholeRun

from flows.admin.backup import Reason, accept_rollback
from flows.engine import run as engine
from flows.retention._sweep import sweep_home
from flows.session.control import Control
from flows.session.observer import NoObserver
from schemas.errors import ForkError, RepriseError
from trial.home import P12_PASSWORD
from trial.practice.write import write_practice
from vault.authorisation.check import is_withdrawn
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.instruction.signing import load_p12, sign_cades
from vault.keys.registry import provider
from vault.runs.facts import is_ended
from vault.runs.lease import Lease, list_runs

ROOT = Path(__file__).resolve().parents[2]
RUNS = int(os.environ.get("REPRISE_SOAK_RUNS", "8"))
SEED = int(os.environ.get("REPRISE_SOAK_SEED", "101")) or random.SystemRandom().randrange(1, 10**9)
pytestmark = pytest.mark.slow


class Soak:
    """One home, one practice, and chance."""

    def __init__(self, folder: Path) -> None:
        write_practice(folder / "export", patients=2)
        uses = {"inventory": 0, "rehearsal": 99, "migration": 99, "delta": 0}
        self.case = WholeRun(folder / "trial", folder / "export", uses=uses)
        self.chance = random.Random(SEED)
        self.seen: Counter[str] = Counter()

    def instruct_anew(self) -> None:
        """A fresh instruction, signed by the same doctor: the last one was withdrawn."""
        path = Path(self.case.made["authorisation"])
        fields = json.loads(path.read_bytes())
        del fields["readable_text_sha256"], fields["version"]
        document = draft({**fields, "nonce": secrets.token_hex(16)})
        path.write_bytes(document)
        signer = load_p12((self.case.folder / "doctor.p12").read_bytes(), P12_PASSWORD)
        path.with_name(path.name + ".p7s").write_bytes(sign_cades(document, signer))

    def carry(self, limit_bytes: int | None = None) -> subprocess.Popen[bytes]:
        """A run in a process of its own."""
        use = self.chance.choice(["migration", "migration", "rehearsal"])
        plan = {"home": str(self.case.home), "order": self.case.order(use=use).to_json()}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        limit: Callable[[], None] | None = None
        if limit_bytes is not None:

            def limit() -> None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

        return subprocess.Popen(
            [sys.executable, str(ROOT / "tests/faults/carrying.py"), json.dumps(plan)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=limit,  # noqa: PLW1509 - no thread of ours runs yet
        )

    def alive(self) -> list[Lease]:
        return [
            lease
            for lease in list_runs(Home(self.case.home))
            if not is_ended(Home(self.case.home), lease.run_id)
        ]

    def disturb(self) -> None:
        """Carry one run and let something happen to it."""
        what = self.chance.choice(
            ["nothing", "kill control", "kill data", "withdraw", "full disk", "boot", "roll back"]
        )
        self.seen[what] += 1
        if what == "roll back":
            self._roll_back()
            return
        limit = self.chance.choice([3000, 20_000, 100_000]) if what == "full disk" else None
        process = self.carry(limit)
        if what in ("kill control", "kill data", "withdraw", "boot"):
            self._wait_at_random(process)
            self._strike(what, process)
        process.wait(300)

    def _roll_back(self) -> None:
        """A run ends as it should; then the home is put back to what it was before, which must be noticed."""
        home, older = self.case.home, self.case.folder / "older"
        shutil.copytree(home, older)
        assert self.carry().wait(300) == 0
        shutil.rmtree(home)
        older.rename(home)
        with pytest.raises(ForkError, match="home_rolled_back"):
            self.case.start()
        assert accept_rollback(Home(home), "trial", Reason.MISTAKE)["lost"] > 0

    def _wait_at_random(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + self.chance.uniform(0, 6)
        while time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)

    def _strike(self, what: str, process: subprocess.Popen[bytes]) -> None:
        running = self.alive()
        if what == "kill data" and running and running[-1].data_pid:
            _kill(running[-1].data_pid)
        elif what == "withdraw" and running:
            engine.withdraw(Control.open(Home(self.case.home), "trial"), running[-1].authorisation_id)
        elif what in ("kill control", "boot"):
            _kill(process.pid)
            process.wait(60)
        for lease in self.alive() if what == "boot" else ():
            if lease.key_ref is not None:  # what a boot does to the kernel's keys
                provider(lease.provider).destroy(lease.key_ref)

    def settle(self) -> None:
        """End what is left in one of the ways there are."""
        for lease in self.alive():
            way = self.chance.choice(["resume", "abandon", "sweep"])
            self.seen[way] += 1
            if way == "sweep":
                clock = MovingClock()
                clock.pass_time(hours=73)
                assert sweep_home(Home(self.case.home), clock).incomplete == 0
                continue
            try:
                if way == "resume":
                    engine.resume(Home(self.case.home), lease.run_id, "trial", NoObserver())
                else:
                    engine.abandon(Home(self.case.home), lease.run_id, "trial")
            except RepriseError as error:
                assert error.code == "withdrawn", error.code
        assert self.alive() == []
        last = list_runs(Home(self.case.home))[-1:]
        if last and is_withdrawn(Home(self.case.home), last[0].authorisation_id):
            self.instruct_anew()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_many_disturbed_runs_leave_a_whole_story(tmp_path):
    print(f"seed {SEED}")
    soak = Soak(tmp_path)
    for _ in range(RUNS):
        soak.disturb()
        soak.settle()
        soak.case.nothing_left()
    print(
        f"{RUNS} runs, {len(list_runs(Home(soak.case.home)))} leased: {dict(soak.seen)}; nothing left, the ledger is whole"
    )
