"""A trial home around a source, for tests that carry whole runs: here, or in a process that can be killed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from connectors.targets.identities import run_token
from connectors.targets.medinect import chart_name
from flows.engine import run as engine
from flows.lifecycle.intakes import open_intake
from flows.package.desk import fill_page
from flows.session.control import Control
from flows.session.observer import NoObserver, Observer
from flows.session.orders import Order
from flows.session.results import RunResult
from support.forked_python import start_forked
from trial.home import make_trial
from vault.age.sealing import open_stream
from vault.home_folder import Home
from vault.intake.record import Intake
from vault.keys.provider import KeyState
from vault.keys.registry import provider
from vault.ledger.audit import audit
from vault.ledger.home_log import open_store
from vault.ledger.notes import VerifierKey
from vault.runs.lease import Lease, list_runs
from vault.system.clock import SystemClock
from vault.verify import verify

SIGNED = "2026-01-01T00:00:00Z"  # the same for all, for it is in what they deliver
BEGUN = re.compile(rb'("begun_at":")[^"]+')
MESSAGE_ID = re.compile(rb"(</standard><id S=.ID-KMEHR. SV=.1.0.>\d+\.)\d+")
MINTED = re.compile(rb"reprise-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class WholeRun:
    """One home, one source, one signed instruction."""

    def __init__(self, folder: Path, source: Path, **fields: Any) -> None:
        self.folder = folder
        self.made = make_trial(folder, source, **{"valid_from": SIGNED, **fields})
        self.home = Path(self.made["home"])
        self.destination = Path(self.made["destination"])

    def order(self, **changes: Any) -> Order:
        fields = {
            "source": self.made["source"],
            "authorisation": self.made["authorisation"],
            "use": "migration",
            "destination": self.made["destination"],
            "keys": "keyring",
            "operator": "trial",
        }
        fields.update(changes)
        if fields["use"] != "migration":
            fields["destination"] = None
        return Order(**fields)

    def start(self, observer: Observer | None = None, **changes: Any) -> RunResult:
        return engine.start(Home(self.home), self.order(**changes), observer or NoObserver())

    def start_apart(
        self, kill: dict[str, str] | None = None, resume: str | None = None, **changes: Any
    ) -> subprocess.CompletedProcess[str]:
        """The same in a process of its own, which `kill` says how to end."""
        plan = {
            "home": str(self.home),
            "order": self.order(**changes).to_json(),
            "kill": kill,
            "resume": resume,
        }
        words = ["support.dying_run", json.dumps(plan)]
        child = start_forked(words, os.environ, (), errors=True)
        printed, errors = child.communicate()
        return subprocess.CompletedProcess(words, child.wait(), printed, errors)

    def reprise(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command line, acting as the trial's operator."""
        command = [str(Path(sys.executable).with_name("reprise")), *words]
        settings = {**os.environ, "REPRISE_HOME": str(self.home), "REPRISE_OPERATOR": "trial", **environment}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=settings, timeout=300)

    def open_intake(self, keys: str = "keyring", page: Path | None = None) -> Intake:
        """An intake for the trial's instruction."""
        opened = open_intake(Control.open(Home(self.home), "trial"), self.made["authorisation"], keys, None)
        if page is not None:
            page.write_text(fill_page(opened.intake.recipient, opened.intake.expires, opened.language))
        return opened.intake

    def resume(self, observer: Observer | None = None) -> RunResult:
        return engine.resume(Home(self.home), self.run_id, "trial", observer or NoObserver())

    @property
    def run_id(self) -> str:
        return list_runs(Home(self.home))[-1].run_id

    def content(self) -> dict[str, bytes]:
        """Decrypted members of the delivered parts, freed of the run's id; nothing when nothing was published."""
        (identity,) = [
            line
            for line in (self.folder / "identity.age").read_text().splitlines()
            if not line.startswith("#")
        ]
        found: dict[str, bytes] = {}
        for part in sorted(self.destination.glob("reprise-*/*.zip.age")):
            with open_stream(part, identity) as plain, zipfile.ZipFile(BytesIO(plain.read())) as archive:
                run = part.parent.name.removeprefix("reprise-")
                for name in archive.namelist():
                    found[_anonymous(name.encode(), run).decode()] = _anonymous(archive.read(name), run)
        return found

    def entries(self) -> list[dict[str, Any]]:
        """The ledger's entries."""
        store = open_store(Home(self.home))
        return [json.loads(entry) for entry in store.read(0, store.head().size)]

    def told(self) -> dict[str, Any]:
        """What is reported of the last run, and its facts."""
        told = dict(json.loads((self.home / "runs" / self.run_id / "told.json").read_bytes()))
        return {**told, "facts": told["run"]["facts"]}

    def nothing_left(self) -> None:
        """No file of any kind below the runs' folders, no key, a whole ledger, certificates that verify."""
        assert not list((self.home / "staging").iterdir())
        assert not list(self.destination.glob(".*")) if self.destination.is_dir() else True
        for lease in list_runs(Home(self.home)):
            if lease.key_ref is not None:
                assert provider(lease.provider).state(lease.key_ref).value in ("absent", "revoked", "expired")
            proof = self.home / "runs" / lease.run_id / "proof"
            assert verify(proof, Path(self.made["policy"]).read_text())[0] == 0, lease.run_id
        store = open_store(Home(self.home))
        assert audit(self.home / "ledger", VerifierKey.parse(store.vkey), SystemClock().now()) == []


def key_state(lease: Lease) -> KeyState:
    """Whether the run's key is there."""
    assert lease.key_ref is not None
    return provider(lease.provider).state(lease.key_ref)


class HighWater(NoObserver):
    """The largest resident size of a data process, MiB."""

    def __init__(self, home: Path) -> None:
        self._home, self.mib = home, 0.0

    def step(self, step: str, counts: dict[str, Any]) -> None:
        pid = leases[-1].data_pid if (leases := list_runs(Home(self._home))) else None
        if pid is not None:
            with contextlib.suppress(OSError):
                self._look(pid)

    def progress(self, step: str, done: int, total: int) -> None:
        """Look at the workers while they are at work."""
        pid = leases[-1].data_pid if (leases := list_runs(Home(self._home))) else None
        with contextlib.suppress(OSError):
            for worker in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                self._look(int(worker))

    def _look(self, pid: int) -> None:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                self.mib = max(self.mib, int(line.split()[1]) / 1024)


def _anonymous(data: bytes, run: str) -> bytes:
    """The moment of its beginning goes. Names of charts and identifiers of messages are digests of the run and the chart's ordinal: put ordinals in their place."""
    for chart in range(1, 101):
        name = chart_name(run, chart).encode()
        data = data.replace(name, b"CHART-%d" % chart)
        page = name.rpartition(b"/")[2].removesuffix(b".xml")  # of the same name, in the report
        data = data.replace(page, b"CHART-%d" % chart)
    data = BEGUN.sub(rb"\1BEGUN", data)
    minted: dict[bytes, bytes] = {}
    data = MINTED.sub(lambda m: minted.setdefault(m[0], b"MINTED-%d" % len(minted)), data)
    return MESSAGE_ID.sub(
        rb"\1MESSAGE", data.replace(run.encode(), b"RUN").replace(run_token(run).encode(), b"TOKEN"), count=1
    )
