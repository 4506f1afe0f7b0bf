"""Our log read by another hand: Go's own note and tlog packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.ledger.entries import EntryType, Ledger, commit
from vault.ledger.log import FileLedger
from vault.system.clock import SystemClock

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def reader(tmp_path_factory) -> Path:
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    go = shutil.which("go", path=beside)
    if go is None:
        assert not os.environ.get("CI"), "Go must be there in CI"
        pytest.skip("no Go toolchain: the log is not read by the reference code")
    folder = tmp_path_factory.mktemp("go")
    shutil.copytree(HERE / "go_reader", folder, dirs_exist_ok=True)
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTELEMETRY": "off"}
    environment |= {"GOCACHE": str(folder / "cache"), "GOPATH": str(folder / "path")}
    root = subprocess.run(
        [go, "env", "GOROOT"], capture_output=True, text=True, check=True, env=environment
    ).stdout
    packages = Path(root.strip()) / "src/cmd/vendor/golang.org/x/mod/sumdb"
    for name in ("note", "tlog"):
        shutil.copytree(packages / name, folder / name)
        for path in (folder / name).glob("*.go"):
            path.write_text(path.read_text().replace("golang.org/x/mod/sumdb/", "reader/"))
    (folder / "go.mod").write_text("module reader\n\ngo 1.24\n")
    built = subprocess.run(
        [go, "build", "-o", "reader", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert built.returncode == 0, built.stderr
    return folder / "reader"


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700])
def test_go_proves_every_record_and_every_tree(reader, tmp_path, size):
    _, ledger = a_log(tmp_path, size)
    done = read_with_go(reader, tmp_path, ledger)
    assert done.stdout == f"records {size} trees {size} proofs 1\n", done.stderr


def test_go_refuses_what_was_changed(reader, tmp_path):
    log, ledger = a_log(tmp_path, 300)
    for name in ("checkpoint", "tile/0/001.p/44", "tile/1/000.p/1"):
        data = (log / name).read_bytes()
        (log / name).write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
        assert read_with_go(reader, tmp_path, ledger).returncode != 0, name
        (log / name).write_bytes(data)
    assert read_with_go(reader, tmp_path, ledger).returncode == 0


def a_log(folder: Path, size: int) -> tuple[Path, Ledger]:
    log = folder / "ledger"
    store = FileLedger(log, "test.example/log", Ed25519PrivateKey.generate())
    ledger = Ledger(store, SystemClock())
    by = {"operator": commit(b"a", "b", "c", b"d")}
    store.append(0, [b'{"n":%d}' % n for n in range(size - 1)])
    ledger.record(EntryType.AUTHORISATION_REFUSED, None, "x", commitments=by)
    index = size // 2
    (folder / "entry").write_bytes(store.read(index, index + 1)[0])
    (folder / "proof").write_bytes(ledger.prove(index))
    return log, ledger


def read_with_go(reader: Path, folder: Path, ledger: Ledger) -> subprocess.CompletedProcess[str]:
    words = [reader, folder / "ledger", ledger.store.vkey, folder / "entry", folder / "proof"]
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, timeout=120)
