"""After a run: the memory of every process of ours, and the whole disk, byte by byte, as they lie.

With a sealed intake and the default key provider neither key, identity nor patient is found. With a clear export that the
operator held, what may remain is what the certificate admits: names of files in the file system's journal, no content.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import canary
import pytest
from support.loop_disk import make_disk, mounted, needs_loop_disks
from support.sealing import needs_age, seal_by_age
from support.whole_run import WholeRun

from vault.home_folder import Home
from vault.intake.identity_store import identity_store
from vault.intake.record import list_intakes
from vault.keys.registry import provider
from vault.runs.lease import Lease, list_runs
from vault.system.clock import SystemClock, format_utc

SCRIPT = Path(__file__).with_name("lingering_run.py")
ROOT = Path(__file__).resolve().parents[2]
MARK = "REPRISE_SCANNED"
PIECE, OVERLAP = 8 << 20, 256
IN_MEMORY = [needle.encode(coding) for needle in canary.NEEDLES for coding in ("utf-8", "utf-16-le")]
"""As strings lie in memory; on the disk every encoding is looked for."""
pytestmark = [pytest.mark.slow, pytest.mark.cold, needs_loop_disks, needs_age]


def forms(secret: bytes) -> list[bytes]:
    """A secret as it is, in hexadecimal and in base64."""
    return [secret, secret.hex().encode(), b64encode(secret)[:40]]


def found_in(read: Iterator[bytes], needles: list[bytes]) -> bool:
    """Whether any needle lies in the pieces, or across two of them."""
    rest = b""
    for piece in read:
        data = rest + piece
        if any(needle in data for needle in needles):
            return True
        rest = data[-OVERLAP:]
    return False


def memory_of(pid: int) -> Iterator[bytes]:
    """Every readable page of a process."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end, mode = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....)", line).groups()
            if mode[0] != "r" or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            at, last = int(begin, 16), int(end, 16)
            while at < last:
                try:
                    memory.seek(at)
                    yield memory.read(min(PIECE, last - at))
                except (OSError, OverflowError, ValueError):
                    break
                at += PIECE


def disk(image: Path) -> Iterator[bytes]:
    with image.open("rb") as stream:
        yield from iter(lambda: stream.read(PIECE), b"")


def processes(mark: str) -> list[int]:
    """All that were started with this mark in their environment, and live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


class StepResults:
    """A run in a process that stands still at each step, and after its end."""

    def __init__(self, case: WholeRun, source: Path) -> None:
        self.mark = f"{MARK}={uuid.uuid4()}"
        name, _, value = self.mark.partition("=")
        plan = {"home": str(case.home), "order": case.order(source=str(source)).to_json()}
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), json.dumps(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), name: value},
        )

    def until(self, said: str) -> None:
        for line in self._process.stdout:
            if line.strip() == said:
                return
            self.go()
        pytest.fail("the run ended early")

    def go(self) -> None:
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self.go()
        assert self._process.wait(60) == 0


def secrets_of(case: WholeRun, lease: Lease) -> list[bytes]:
    """The run's key and the identities of its intakes."""
    found = forms(provider(lease.provider).open(lease.key_ref))
    for intake in list_intakes(Home(case.home)):
        found += forms(identity_store(Home(case.home), intake.provider).open(intake.ref(Home(case.home))))
    return found


def certificate(case: WholeRun) -> dict:
    return json.loads((case.home / "runs" / case.run_id / "proof/certificate.json").read_bytes())


def test_a_sealed_export_leaves_neither_key_nor_patient_in_memory_or_on_disk(shared, tmp_path):
    place, image = tmp_path / "disk", make_disk(tmp_path / "disk.img")
    place.mkdir()
    export = canary.write_practice(tmp_path / "export", shared)
    with mounted(image, place):
        case = WholeRun(place / "trial", export)
        sealed = place / "export.age"
        seal_by_age(case.open_intake().recipient, next(export.iterdir()), sealed)
        run = StepResults(case, sealed)
        run.until("extract")
        lease = list_runs(Home(case.home))[-1]
        secrets = secrets_of(case, lease)
        assert found_in(memory_of(lease.data_pid), secrets), "the scan sees a key where one is"
        assert found_in(memory_of(lease.data_pid), IN_MEMORY), "and a patient"
        run.go()
        run.until("certified")
        alive = processes(run.mark)
        assert alive, "the control process lives"
        for pid in alive:
            assert not found_in(memory_of(pid), secrets), "a key in memory"
            assert not found_in(memory_of(pid), IN_MEMORY), "a patient in memory"
        run.end()
        assert certificate(case)["fate"]["source"]["evidence"] == "encrypted_always"
    assert not found_in(disk(image), secrets), "a key on the disk"
    assert not found_in(disk(image), canary._PATTERNS), "a patient on the disk"


def test_of_a_clear_export_that_the_operator_held_no_content_is_left(shared, tmp_path):
    place, image = tmp_path / "disk", make_disk(tmp_path / "disk.img")
    place.mkdir()
    content = [form for needle in (canary.SENTENCE, canary.PHONE) for form in canary.encodings(needle)]
    content = [form for form in content if len(form) >= 8]
    until = format_utc(SystemClock().now() + timedelta(days=5))
    custody = {
        "source": {"holder": "operator", "until": until},
        "package": {"holder": "doctor", "until": until},
    }
    with mounted(image, place):
        export = canary.write_practice(place / "export", shared)
        os.sync()
        assert found_in(disk(image), content), "the export lies on the disk in clear"
        case = WholeRun(place / "trial", export, custody=custody)
        case.start()
        assert not export.exists()
        assert certificate(case)["fate"]["source"]["end"]["evidence"] == "unlinked_overwritten"
    assert not found_in(disk(image), content), "content of the export on the disk"
