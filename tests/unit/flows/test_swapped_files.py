"""A file swapped for a pipe, a socket or a device is refused, and nobody waits for it."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import pytest

from connectors.base import Limits
from connectors.opening import open_source
from flows.lifecycle.evidence import read_evidence
from schemas.errors import PackageError, UnreadableSourceError
from schemas.regular_file import open_regular, read_regular, read_text
from vault.age.sealing import ciphertext_digest, open_stream
from vault.proof.full_verifier import root_files
from vault.verify import read_folder

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def nobody_waits():
    """Whoever waits is ended after five seconds, and the test fails."""

    def waits(number: int, frame: object) -> None:
        raise AssertionError("it waits")

    signal.signal(signal.SIGALRM, waits)
    signal.alarm(5)
    yield
    signal.alarm(0)


def put_pipe(path: Path) -> None:
    os.mkfifo(path)


def put_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    socket.socket(socket.AF_UNIX).bind(path.name)
    os.chdir(here)


def put_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.fixture(params=[put_pipe, put_socket, put_device])
def swapped(tmp_path, request) -> Path:
    request.param(tmp_path / "file")
    return tmp_path / "file"


@pytest.mark.parametrize(
    "read", [open_regular, read_regular, read_text, ciphertext_digest, read_evidence, root_files]
)
def test_what_is_no_ordinary_file_is_refused(swapped, read):
    with pytest.raises(UnreadableSourceError, match="file_not_regular"):
        read(swapped)


@pytest.mark.parametrize("put", [put_pipe, put_socket])
def test_swapped_after_it_was_looked_at(tmp_path, monkeypatch, put):
    """The look before opening sees an ordinary file; what was opened is looked at again."""
    put(tmp_path / "file")
    ordinary = Path(__file__).stat()
    monkeypatch.setattr(os, "stat", lambda *_, **__: ordinary)
    with pytest.raises((UnreadableSourceError, OSError)):
        open_regular(tmp_path / "file")


@pytest.mark.parametrize("put", [put_pipe, put_socket, put_device])
def test_a_file_of_an_export_swapped_after_it_was_listed(tmp_path, put):
    (tmp_path / "1.xml").write_text("<x/>")
    (listed,) = open_source(tmp_path, Limits())
    (tmp_path / "1.xml").unlink()
    put(tmp_path / "1.xml")
    with pytest.raises(UnreadableSourceError):
        listed.open()


def test_a_sealed_file_that_is_a_pipe(swapped):
    with pytest.raises((PackageError, UnreadableSourceError)), open_stream(swapped, "AGE-SECRET-KEY-1"):
        pass


def test_a_file_of_a_proof_swapped_after_it_was_listed(tmp_path, monkeypatch):
    for name in ("manifest.json", "manifest.sig"):
        (tmp_path / name).write_text("{}")
    put_pipe(tmp_path / "x")
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    assert read_folder(tmp_path)["x"] == b"", "which then is not what the manifest says"


def test_no_command_reads_a_file_in_another_way():
    """What a person names is foreign: `schemas.regular_file` alone opens it."""
    for path in (ROOT / "flows/commands").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.search(r"\.read_bytes\(|\.read_text\(|\bopen\([^)]*\"rb?\"", line):
                assert "MARK" in line or "made[" in line, (
                    f"{path.name}: {line.strip()}"
                )  # what we wrote ourselves
