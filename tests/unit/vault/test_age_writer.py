"""What our age writer makes: pyrage and our reader open it (and Debian's age: test_second_implementations)."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Sequence

import pyrage
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.digests import Hashing
from schemas.errors import PackageError, StorageFullError, TargetRefusedError
from vault.age.bech32 import encode
from vault.age.header import open_header, read_header
from vault.age.reader import CHUNK_BYTES, AgePayload
from vault.age.sealing import (
    ciphertext_digest,
    make_identity,
    open_bytes,
    open_stream,
    parse_recipients,
    seal_stream,
)
from vault.age.writer import AgeWriter, read_recipient

SECRET = bytes(range(1, 33))
IDENTITY = pyrage.x25519.Identity.from_str(encode("age-secret-key-", SECRET).upper())
RECIPIENT = str(IDENTITY.to_public())
OTHER = str(pyrage.x25519.Identity.generate().to_public())
SIZES = (
    0,
    1,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    16 * CHUNK_BYTES,
    16 * CHUNK_BYTES + 1,
    40 * CHUNK_BYTES + 7,
)


def sealed(pieces: Sequence[bytes], *recipients: str, close: bool = True) -> bytes:
    into = io.BytesIO()
    writer = AgeWriter(parse_recipients(list(recipients or (RECIPIENT,))), into.write)
    for piece in pieces:
        assert writer.write(piece) == len(piece)
    if close:
        writer.close()
    return into.getvalue()


def by_our_reader(data: bytes) -> bytes:
    header = read_header(io.BytesIO(data))
    key = open_header(header, SECRET)
    assert key is not None
    with AgePayload(header, key, lambda: io.BytesIO(data)).open() as stream:
        return stream.read()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("recipients", [(RECIPIENT,), (OTHER, RECIPIENT), (RECIPIENT, OTHER, OTHER)])
def test_pyrage_and_our_reader_open_it(size, recipients):
    plain = os.urandom(size)
    made = sealed([plain], *recipients)
    assert pyrage.decrypt(made, [IDENTITY]) == plain
    assert by_our_reader(made) == plain
    theirs = io.BytesIO()
    pyrage.encrypt_io(io.BytesIO(plain), theirs, [pyrage.x25519.Recipient.from_str(r) for r in recipients])
    payloads = [len(data) - read_header(io.BytesIO(data)).size for data in (made, theirs.getvalue())]
    assert payloads[0] == payloads[1]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([0, 1, 1000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 17 * CHUNK_BYTES]),
        max_size=6,
    )
)
@example([CHUNK_BYTES, 0])
@example([CHUNK_BYTES - 1, 1, CHUNK_BYTES])
def test_the_pieces_in_which_it_is_written_change_nothing(sizes):
    pieces = [os.urandom(size) for size in sizes]
    assert by_our_reader(sealed(pieces)) == b"".join(pieces)


@pytest.mark.parametrize("size", [0, 12])
def test_every_byte_flipped_is_refused(size):
    made = sealed([bytes(size)], OTHER, RECIPIENT)
    for at in range(len(made)):
        spoilt = bytearray(made)
        spoilt[at] ^= 1
        with pytest.raises(PackageError):
            open_bytes(bytes(spoilt), str(IDENTITY))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES])
def test_what_was_not_closed_opens_for_nobody(size):
    with pytest.raises(PackageError):
        open_bytes(sealed([bytes(size)], close=False), str(IDENTITY))


def test_two_files_of_one_content_share_nothing():
    one, other = sealed([b"the same"]), sealed([b"the same"])
    start = len(b"age-encryption.org/v1\n-> X25519 ")
    assert not {one[i : i + 8] for i in range(start, len(one) - 8)} & {
        other[i : i + 8] for i in range(start, len(other) - 8) if b"--- " not in other[i : i + 8]
    }


@pytest.mark.parametrize(
    "point", [bytes(32), (1).to_bytes(32, "little"), bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
)  # fmt: skip
def test_a_key_to_which_nothing_can_be_sealed_is_none(point):
    with pytest.raises(TargetRefusedError) as error:
        parse_recipients([RECIPIENT, encode("age", point)])
    assert error.value.code == "recipient_not_age"


def accepted_by_pyrage(text: str) -> bool:
    try:
        pyrage.x25519.Recipient.from_str(text)
    except Exception:  # noqa: BLE001 - pyrage has no class of its own for it
        return False
    return True


@settings(max_examples=400)
@given(
    st.integers(0, len(RECIPIENT)),
    st.integers(0, 3),
    st.text("qpzry9x8gf2tvdw0s3jn54khce6mua7l1bioAé ", max_size=3),
)
@example(0, 0, "")
def test_a_recipient_is_what_pyrage_takes_for_one(at, cut, more):
    text = RECIPIENT[:at] + more + RECIPIENT[at + cut :]
    assert (read_recipient(text) is not None) == accepted_by_pyrage(text)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_recipient_has_32_bytes(size):
    assert read_recipient(encode("age", bytes(range(size)))) is None
    assert read_recipient(encode("ago", bytes(range(32)))) is None
    assert read_recipient(RECIPIENT.upper()) is None


def test_the_digest_is_of_what_lies_on_the_disk(tmp_path):
    hashing = Hashing()
    with seal_stream([RECIPIENT], tmp_path / "x.age", hashing) as writer:
        writer.write(os.urandom(5 * CHUNK_BYTES + 3))
    assert hashing.close() == ciphertext_digest(tmp_path / "x.age")
    assert (tmp_path / "x.age").stat().st_mode & 0o777 == 0o600


def test_an_error_of_the_writer_s_user_stays_his_and_leaves_nothing_that_opens(tmp_path):
    identity, recipient = make_identity()
    with pytest.raises(FileNotFoundError), seal_stream([recipient], tmp_path / "x.age") as writer:
        writer.write(bytes(3 * CHUNK_BYTES))
        (tmp_path / "none").read_bytes()
    with pytest.raises(PackageError), open_stream(tmp_path / "x.age", identity) as plain:
        plain.read()


@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_a_full_disk_is_told_as_one(call, tmp_path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched, pytest.raises(StorageFullError) as error:
        patched.setattr(os, call, full)
        with seal_stream([RECIPIENT], tmp_path / "x.age") as writer:
            writer.write(bytes(3 * CHUNK_BYTES))
    assert error.value.code == "package_not_written"
    assert error.value.__cause__ is None and error.value.__context__ is None


def test_a_disk_that_takes_a_part_at_a_time_gets_all(tmp_path, monkeypatch):
    identity, recipient = make_identity()
    plain, write = os.urandom(3 * CHUNK_BYTES), os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1000]))
        with seal_stream([recipient], tmp_path / "x.age") as writer:
            writer.write(plain)
    with open_stream(tmp_path / "x.age", identity) as stream:
        assert stream.read() == plain


def test_no_file_is_written_over(tmp_path):
    (tmp_path / "x.age").write_bytes(b"other")
    with pytest.raises(StorageFullError), seal_stream([RECIPIENT], tmp_path / "x.age"):
        pass
    assert (tmp_path / "x.age").read_bytes() == b"other"
