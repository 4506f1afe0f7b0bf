"""Our age reader against Debian's `age` and pyrage: the plain bytes from anywhere, and nothing but authenticated ones."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from collections.abc import Callable
from functools import partial

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import SealedSourceError
from vault.age.header import AgeHeader, open_header, read_header
from vault.age.reader import CHUNK_BYTES, AgePayload

SEALED_CHUNK = CHUNK_BYTES + 16
SECRET = bytes(range(1, 33))
SIZES = (
    0,
    1,
    16,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES - 1,
    2 * CHUNK_BYTES,
    3 * CHUNK_BYTES + 17,
)
needs_age = pytest.mark.skipif(shutil.which("age") is None, reason="Debian's age is missing")


def bech32(prefix: str, data: bytes) -> str:
    """BIP 173, written here from its text: an age recipient or identity of 32 bytes."""
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = "".join(f"{byte:08b}" for byte in data)
    values = [int(bits[i : i + 5].ljust(5, "0"), 2) for i in range(0, len(bits), 5)]
    check = 1
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    for value in [*expanded, *values, *[0] * 6]:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    values += [(check ^ 1) >> 5 * (5 - i) & 31 for i in range(6)]
    return f"{prefix}1{''.join(alphabet[v] for v in values)}"


IDENTITY = pyrage.x25519.Identity.from_str(bech32("age-secret-key-", SECRET).upper())
RECIPIENT = str(IDENTITY.to_public())
OTHER = str(pyrage.x25519.Identity.generate().to_public())


def plain(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def by_pyrage(data: bytes, *recipients: str) -> bytes:
    sealed = io.BytesIO()
    keys = [pyrage.x25519.Recipient.from_str(r) for r in recipients or (RECIPIENT,)]
    pyrage.encrypt_io(io.BytesIO(data), sealed, keys)
    return sealed.getvalue()


def by_age(data: bytes, *recipients: str, armour: bool = False) -> bytes:
    words = [w for r in recipients or (RECIPIENT,) for w in ("-r", r)] + (["--armor"] if armour else [])
    return subprocess.run(["age", *words], input=data, capture_output=True, check=True).stdout


def opened(sealed: bytes, secret: bytes = SECRET) -> AgePayload:
    header = read_header(io.BytesIO(sealed))
    key = open_header(header, secret)
    assert key is not None
    return AgePayload(header, key, partial(io.BytesIO, sealed))


def header_of(sealed: bytes) -> AgeHeader:
    return read_header(io.BytesIO(sealed))


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(SealedSourceError) as error:
        act()
    return error.value.code


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seal", [by_pyrage, pytest.param(by_age, marks=needs_age)])
@pytest.mark.parametrize("recipients", [(), (OTHER, RECIPIENT), (RECIPIENT, OTHER)])
def test_what_another_age_sealed_comes_out_whole(seal, size, recipients):
    payload = opened(seal(plain(size), *recipients))
    assert payload.size == size
    with payload.open() as stream:
        assert stream.read() == plain(size)


def by_passphrase() -> bytes:
    """As if sealed to a passphrase: sealing so takes seconds, by design."""
    return by_pyrage(b"x").replace(b"-> X25519", b"-> scrypt")


def test_only_a_single_key_is_called_so():
    assert header_of(by_pyrage(b"x")).one_key_only
    assert not header_of(by_pyrage(b"x", RECIPIENT, OTHER)).one_key_only
    assert not header_of(by_passphrase()).one_key_only


@needs_age
def test_armour_is_refused_by_its_code():
    assert refused(lambda: header_of(by_age(b"x", armour=True))) == "sealed_armoured"


def test_another_key_opens_nothing():
    assert open_header(header_of(by_pyrage(b"x", OTHER)), SECRET) is None
    assert open_header(header_of(by_passphrase()), SECRET) is None


BIG = by_pyrage(plain(4 * CHUNK_BYTES + 100))
BIG_PLAIN = plain(4 * CHUNK_BYTES + 100)
PLACES = st.one_of(
    st.integers(0, len(BIG_PLAIN) + 10),
    st.sampled_from([CHUNK_BYTES * i + d for i in range(1, 5) for d in (-1, 0, 1)]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(PLACES, st.integers(0, 3 * CHUNK_BYTES), st.sampled_from([0, 1, 2])), max_size=8))
def test_any_seeks_read_what_a_plain_file_gives(moves):
    ours, theirs = opened(BIG).open(), io.BytesIO(BIG_PLAIN)
    for place, count, whence in moves:
        offset = place - {0: 0, 1: theirs.tell(), 2: len(BIG_PLAIN)}[whence]
        assert ours.seek(offset, whence) == theirs.seek(offset, whence)
        assert ours.read(count) == theirs.read(count)
        assert ours.tell() == theirs.tell()


def test_every_bit_of_the_header_flipped_is_refused():
    """Other recipients' stanzas too: the MAC covers them. A flip that hides our own stanza finds no key."""
    sealed = by_pyrage(b"some content", OTHER, RECIPIENT)
    size = header_of(sealed).size
    for at in range(size):
        for bit in range(8):
            spoilt = bytearray(sealed)
            spoilt[at] ^= 1 << bit
            try:
                header = header_of(bytes(spoilt))
                assert open_header(header, SECRET) is None, (at, bit)
            except SealedSourceError:
                continue


def test_every_byte_of_a_small_payload_flipped_is_refused():
    sealed = by_pyrage(b"some content")
    for at in range(header_of(sealed).size, len(sealed)):
        spoilt = bytearray(sealed)
        spoilt[at] ^= 1
        assert refused(lambda spoilt=bytes(spoilt): opened(spoilt)) == "sealed_altered"


def chunks_of(sealed: bytes) -> tuple[bytes, list[bytes]]:
    start = header_of(sealed).size + 16
    return sealed[:start], [sealed[i : i + SEALED_CHUNK] for i in range(start, len(sealed), SEALED_CHUNK)]


def read_all(sealed: bytes) -> bytes:
    """All that is given before a refusal must be what was sealed at that place."""
    given = b""
    with opened(sealed).open() as stream:
        while piece := stream.read(1 << 14):
            given += piece
            assert BIG_PLAIN.startswith(given)
    return given


@pytest.mark.parametrize(
    "change",
    [
        lambda c: [c[1], c[0], *c[2:]],
        lambda c: [*c[:3], c[4]],
        lambda c: [c[0], c[0], *c[1:]],
        lambda c: c[:-1],
        lambda c: c[:1],
        lambda c: [*c, b"\x00" * 16],
        lambda c: [*c, c[-1]],
        lambda c: [*c[:-1], c[-1] + b"x"],
        lambda c: [*c[:-1], c[-1][:-1]],
        lambda c: [*c[:-1], c[-1][:16]],
        lambda c: [c[-1]],
        lambda c: [],
        lambda c: [*c[:2], c[2][:-1] + bytes([c[2][-1] ^ 1]), *c[3:]],
    ],
    ids=range(13),
)
def test_chunks_moved_dropped_doubled_cut_or_added_are_refused(change):
    head, chunks = chunks_of(BIG)
    assert len(chunks) == 5
    spoilt = head + b"".join(change(list(chunks)))
    assert refused(lambda: read_all(spoilt)) in ("sealed_altered", "sealed_cut_short")


def test_an_empty_last_chunk_after_full_ones_is_refused():
    """Sealed by us with the right key: the format forbids it, or one content would have two forms."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    from vault.age.header import hkdf

    sealed = by_pyrage(plain(CHUNK_BYTES))
    header = header_of(sealed)
    file_key = open_header(header, SECRET)
    cipher = ChaCha20Poly1305(hkdf(file_key, sealed[header.size : header.size + 16], b"payload"))
    first = cipher.encrypt((0).to_bytes(11, "big") + b"\x00", plain(CHUNK_BYTES), None)
    last = cipher.encrypt((1).to_bytes(11, "big") + b"\x01", b"", None)
    assert refused(lambda: opened(sealed[: header.size + 16] + first + last)) == "sealed_altered"


@pytest.mark.parametrize("at", [0, 1, 21, 22, 60, 100, 150, 199, 215])
def test_a_file_cut_in_its_header_is_refused(at):
    sealed = by_pyrage(b"")
    assert at < len(sealed)
    assert refused(lambda: opened(sealed[:at])) in (
        "sealed_header_malformed",
        "sealed_cut_short",
        "sealed_altered",
    )


def with_stanza(stanza: bytes) -> bytes:
    intro, rest = by_pyrage(b"x").split(b"\n", 1)
    return intro + b"\n" + stanza + rest


@pytest.mark.parametrize(
    "stanza",
    [
        b"->\n\n",
        b"-> \n\n",
        b"-> X25519  two\n\n",
        b"-> caf\xc3\xa9\n\n",
        b"-> t\n" + b"A" * 65 + b"\n",
        b"-> t\nAB\n",  # not canonical
        b"-> t\nAA==\n",  # padded
        b"-> t\n" + b"A" * 64 + b"\n",  # no short last line
    ],
)
def test_a_malformed_stanza_is_refused(stanza):
    assert refused(lambda: open_header(header_of(with_stanza(stanza)), SECRET)) == "sealed_header_malformed"


def test_a_header_without_end_is_not_read_to_its_end():
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer):
            buffer[:] = (b"age-encryption.org/v1\n" if not self.given else b"").ljust(len(buffer), b"A")
            self.given += len(buffer)
            return len(buffer)

    stream = Endless()
    assert refused(lambda: read_header(io.BufferedReader(stream))) == "sealed_header_malformed"
    assert stream.given < 1 << 20
