"""Servers on loopback to deliver to: OpenSSH's own sshd, and moto's S3. Neither is ours."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from schemas.sensitive import Sensitive
from vault.records.destinations import S3Bucket, SftpServer, open_identity

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
KEY_ID, SECRET = "kanarie-key-id", "kanarie-geheime-sleutel"
BUCKET = "packages"


@dataclass
class Sshd:
    """A running sshd; its files lie in `folder`."""

    server: SftpServer
    folder: Path
    root: Path  # keys and configuration
    process: subprocess.Popen[bytes]

    def identity(self) -> Path:
        return self.root / "client"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> str:
    """A key made by ssh-keygen; gives its public half."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "somebody@somewhere", "-f", str(path)]
    subprocess.run(command, check=True)
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


@contextmanager
def sshd(
    root: Path, kinds: tuple[str, ...] = ("ed25519",), port: int | None = None, first: tuple[str, ...] = ()
) -> Iterator[Sshd]:
    """OpenSSH with SFTP alone, one user, one key to log in; of two equal settings the one in `first` holds."""
    if not Path(SSHD).is_file():
        pytest.skip("sshd missing (apt-get install openssh-server)")
    root.mkdir(parents=True, exist_ok=True)
    folder = root / "files"
    folder.mkdir(exist_ok=True)
    port = port or free_port()
    hosts = {kind: make_key(root / f"host_{kind}", kind) for kind in kinds}
    client = root / "client"
    (root / "allowed").write_text(make_key(client) + "\n")
    lines = [
        *first,
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        *(f"HostKey {root}/host_{kind}" for kind in kinds),
        f"AuthorizedKeysFile {root}/allowed",
        f"PidFile {root}/pid",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "PermitRootLogin yes",
        "MaxStartups 200",
        *([] if any(line.startswith("Subsystem") for line in first) else ["Subsystem sftp internal-sftp"]),
    ]
    (root / "config").write_text("\n".join(lines) + "\n")
    os.makedirs("/run/sshd", exist_ok=True)
    command = [SSHD, "-D", "-e", "-f", str(root / "config")]
    with open(root / "log", "wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        _await_port(port, process)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        identity = open_identity(client.read_bytes(), None)
        server = SftpServer("127.0.0.1", port, user, hosts[kinds[0]], identity, str(folder))
        yield Sshd(server, folder, root, process)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def moto(root: Path) -> Iterator[S3Bucket]:
    """moto's S3 with one bucket; parts of multipart uploads may be small."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {**os.environ, "S3_UPLOAD_PART_MIN_SIZE": "1"}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with open(root / "log", "wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _await_port(port, process)
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")
        request.add_header(
            "Authorization", "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request"
        )
        urllib.request.urlopen(request).close()
        yield S3Bucket(BUCKET, f"http://127.0.0.1:{port}", Sensitive(KEY_ID), Sensitive(SECRET))
    finally:
        process.terminate()
        process.wait()


def through(server: SftpServer | S3Bucket, port: int) -> SftpServer | S3Bucket:
    """The same server by way of another port."""
    if isinstance(server, SftpServer):
        return replace(server, port=port)
    return replace(server, endpoint=f"http://127.0.0.1:{port}")


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        assert process.poll() is None, "the server did not start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")
