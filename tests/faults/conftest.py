"""The servers, and the package brought to them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.parcel import NAMES, PART, destination
from support.servers import moto, sshd

from connectors.destinations.base import MANIFEST


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    with sshd(tmp_path_factory.mktemp("sshd"), ("ed25519", "rsa")) as made:
        yield made


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    with moto(tmp_path_factory.mktemp("moto")) as made:
        yield made


@pytest.fixture(params=["sftp", "s3"])
def server(request):
    made = (
        request.getfixturevalue("ssh").server
        if request.param == "sftp"
        else request.getfixturevalue("bucket")
    )
    yield made
    destination(made).discard()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    for name, size in zip((*NAMES, MANIFEST), (700_001, 2 * PART, 0, 300), strict=True):
        (folder / name).write_bytes(random.Random(name).randbytes(size))
    return folder
