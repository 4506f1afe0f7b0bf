"""Messages in base64, mails and archives, found by reader and counter: the same ones, whatever the bytes."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
import time
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.inventory.payloads import is_encoded, is_mail, read_held
from connectors.media_types import MAIL
from connectors.sources.message_formats import held_messages
from connectors.sources.payloads import CONTAINER, held_format, payloads

HEALTHONE = (
    b"A1\\1\\Lab\\\r\nA2\\1\\Peeters\\Jan\\M\\30071985\\\r\nA4\\1\\Dr\\01032020\\\\C\\\r\n"
    b"L1\\1\\GLU\\Glucose\\70 - 100\\mg/dL\\\\92\\\r\nEND\r\n"
)
MEDIDOC = (
    b"L001\r\nLab\r\n\r\n\r\n\r\n\r\n01032020\r\n123\r\nDr\r\n#APeeters                 Jan\r\n30071985\r\nX\r\n01032020\r\nR1\r\nC\r\n"
    b"#Ra\r\nGLU\r\n=92\r\n55\r\n\r\n\\70 - 100\r\n#R/\r\n#A/\r\n#/1\r\n"
)


def encoded(data: bytes) -> bytes:
    return base64.encodebytes(data)


def mail(*parts: bytes) -> bytes:
    made = b'From: a@example.be\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary="b b"\r\n\r\nnot a part'
    return made + b"".join(b"\r\n--b b\r\n" + part for part in parts) + b"\r\n--b b--\r\nafter"


def attached(data: bytes) -> bytes:
    return b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded(data)


def zipped(*files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(files):
            archive.writestr(f"{number}.txt", data)
    return stream.getvalue()


def tarred(data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("a")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def both(content: bytes) -> list[str]:
    """The formats of the messages in a content, if reader and counter find the same lines in the same order."""
    ours = held_messages(content) if held_format(content[: 1 << 16]) else []
    theirs = list(read_held(content))
    said = [[piece.text for piece in each.pieces if piece.kind is not None] for each in ours]
    assert said == [[piece.text.rstrip("\r\n") for piece in each.units] for _, each in theirs]
    assert [number for number, _ in theirs] == list(range(1, len(theirs) + 1))
    assert [len(each.results) for each in ours] == [len(each.results) for _, each in theirs]
    return [each.format for each in ours]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEALTHONE, ["healthone"]),
        (encoded(HEALTHONE), ["healthone"]),
        (encoded(gzip.compress(HEALTHONE)), ["healthone"]),
        (encoded(zipped(HEALTHONE, b"junk", MEDIDOC)), ["healthone", "medidoc"]),
        (zipped(gzip.compress(tarred(HEALTHONE))), ["healthone"]),
        (encoded(encoded(HEALTHONE)), ["healthone"]),
        (mail(attached(HEALTHONE), attached(zipped(MEDIDOC))), ["healthone", "medidoc"]),
        (mail(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + HEALTHONE.replace(b"\r\n", b"\r\n")), ["healthone"]),
        (mail(b"\r\n" + HEALTHONE, b"Content-Type: message/rfc822\r\n\r\n" + mail(attached(MEDIDOC))), ["healthone", "medidoc"]),
        (encoded(mail(attached(HEALTHONE))), ["healthone"]),
        (encoded(HEALTHONE)[:-8] + b"=" + encoded(HEALTHONE)[-7:], []),
        (b"QQ==", []),
        (b"", []),
    ],
)  # fmt: skip
def test_messages_are_found_in_what_is_around_them(content, expected):
    assert both(content) == expected


def test_a_container_too_deep_or_too_large_is_not_looked_into():
    deep = HEALTHONE
    for _ in range(6):
        deep = encoded(deep)
    assert both(deep) == []
    assert held_format(deep) == CONTAINER
    assert both(encoded(gzip.compress(b" " * (5 << 20)))) == []
    assert both(encoded(gzip.compress(HEALTHONE + b" " * (3 << 20)))) == []  # two hundred times its size
    assert len(list(payloads(zipped(*[HEALTHONE] * 1500)))) < 1001


def test_hostile_mails_cost_no_more_than_their_length():
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed"
    folded = head + b"\r\n " * 1_000_000 + b"\r\n\r\nx"
    params = head + b";" * 3_000_000 + b"\r\n\r\nx"
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(60_000)
    )
    begin = time.process_time()
    for each in (folded, params, b"MIME-Version: 1.0\r\n" + nested):
        assert both(each) == []
    assert time.process_time() - begin < 60  # quadratic, it would take hours


LINES = st.sampled_from(
    [b"--b b", b"--b b--", b"--b b \t", b"\r\n", b"\n", b"\r", b" ", b"a", b":", b"MIME-Version: 1.0", b"Message-ID:x", b"=\r\n", b"=41",
     b"Content-Type: multipart/mixed; boundary=c", b'content-type : Multipart/x; x=";boundary=c"; BOUNDARY="b b"', b"--c", b"--c--",
     b"Content-Transfer-Encoding: BASE64", b"Content-Transfer-Encoding:quoted-printable", HEALTHONE, encoded(HEALTHONE), MEDIDOC,
     encoded(gzip.compress(MEDIDOC)), b"=", b"==", b"\r\n\r\n", b"\r\n ", b"\xff\0", b"X-A: b\r\n"]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(LINES, max_size=14).map(b"".join) | st.lists(LINES, max_size=14).map(b"\r\n".join))
@example(b"MIME-Version: 1.0\r\nContent-Type: multipart/a; boundary=c\r\n\r\n--c\r\n\r\n--c")
def test_any_mail_and_base64_are_read_alike(content):
    assert is_mail(content) == (MAIL.match(content) is not None)
    both(content)
    both(b"MIME-Version: 1.0\r\n" + content)
    both(mail(content, b"\r\n" + content))


@given(
    st.binary(max_size=200), st.integers(0, 200), st.sampled_from([zipped, gzip.compress, tarred, encoded])
)
def test_damaged_containers_never_raise(data, at, wrap):
    whole = wrap(HEALTHONE + data)
    both(whole[:at])
    both(whole[:at] + data + whole[at + 1 :])
    is_encoded(data)
