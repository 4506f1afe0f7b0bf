"""Time stamps from an authority made with `openssl ts`, which also verifies them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.stamp_authority import Authority, openssl

from schemas.errors import RepriseError
from vault.home_folder import Home
from vault.pki.timestamps import Stamps

CHECKPOINT = b"test.example/log\n1\nroot\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture
def stamps(tmp_path, authority) -> Stamps:
    roots = tmp_path / "trust/timestamps"
    roots.mkdir(parents=True)
    (roots / "root.pem").write_bytes((authority.folder / "root.pem").read_bytes())
    return Stamps(Home(tmp_path).stamps, Home(tmp_path).trust)


def now() -> datetime:
    return datetime.now(UTC)


def test_a_head_is_stamped_and_openssl_agrees(stamps, authority, tmp_path):
    response = authority.answer(stamps.request(1, CHECKPOINT))
    size, moment = stamps.accept(response, now())
    assert size == 1
    assert abs(moment - now()) < timedelta(minutes=1)
    (kept,) = stamps.kept()
    assert (kept.checkpoint, kept.response) == (CHECKPOINT, response)
    (tmp_path / "data").write_bytes(CHECKPOINT)
    files = [
        "-data",
        tmp_path / "data",
        "-in",
        tmp_path / "stamps/1.tsr",
        "-CAfile",
        authority.folder / "root.pem",
    ]
    openssl("ts", "-verify", *files)


def refused(code: str):
    return pytest.raises(RepriseError, match=code)


def test_what_is_refused(stamps, authority, tmp_path):
    response = authority.answer(stamps.request(1, CHECKPOINT))
    with refused("stamp_untrusted"):
        stamps.verify(CHECKPOINT + b"x", response)
    for years in (5, -5):
        with refused("clock_differs"):
            stamps.accept(response, now() + timedelta(days=years * 365))
    with refused("stamp_malformed"):
        stamps.accept(b"no answer", now())
    with refused("stamp_untrusted"):
        stamps.accept(Authority(tmp_path / "other").answer(stamps.request(1, CHECKPOINT)), now())
    with refused("stamp_of_nothing_here"):
        Stamps(Home(tmp_path / "elsewhere").stamps, Home(tmp_path / "elsewhere").trust).accept(
            response, now()
        )
    (tmp_path / "trust/timestamps/root.pem").unlink()
    with refused("no_timestamp_roots"):
        stamps.accept(response, now())
    assert stamps.kept() == []


def test_flipped_bits_of_an_answer(stamps, authority):
    response = authority.answer(stamps.request(1, CHECKPOINT))
    accepted = []
    for at in range(0, len(response), 11):
        try:
            stamps.verify(CHECKPOINT, response[:at] + bytes([response[at] ^ 4]) + response[at + 1 :])
        except RepriseError:
            continue
        accepted.append(at)
    certificates = response.find(b"Stamp root")
    assert all(at > certificates - 200 for at in accepted), "only in what the signature does not cover"
