"""A time-stamp authority made with `openssl ts`, for tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = ours
[ours]
serial = {0}/serial
signer_cert = {0}/tsa.pem
signer_key = {0}/tsa.key
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


def openssl(*words: object) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


class Authority:
    """A time-stamp authority in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.config = folder, folder / "tsa.cnf"
        self.config.write_text(CONFIG.format(folder))
        (folder / "serial").write_text("01\n")
        key = ["-newkey", "rsa:2048", "-nodes", "-config", "/dev/null"]
        root, leaf, request = folder / "root.pem", folder / "tsa.pem", folder / "tsa.csr"
        openssl(
            "req", "-new", *key, "-subj", "/CN=Stamp root", "-keyout", folder / "root.key", "-out", request
        )
        signing = ["-days", "30", "-extfile", self.config]
        openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-signkey",
            folder / "root.key",
            *signing,
            "-extensions",
            "root",
            "-out",
            root,
        )
        openssl("req", "-new", *key, "-subj", "/CN=Stamps", "-keyout", folder / "tsa.key", "-out", request)
        by = ["-CA", root, "-CAkey", folder / "root.key", "-CAcreateserial"]
        openssl("x509", "-req", "-in", request, *by, *signing, "-extensions", "leaf", "-out", leaf)

    def answer(self, request: bytes) -> bytes:
        (self.folder / "q.tsq").write_bytes(request)
        out = self.folder / "a.tsr"
        openssl("ts", "-reply", "-config", self.config, "-queryfile", self.folder / "q.tsq", "-out", out)
        return out.read_bytes()
