"""Several requests under way at a server that answers in any order, in short pieces, and may end early."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paramiko import Message
from paramiko.sftp import CMD_DATA, CMD_STATUS, SFTP_EOF, SFTP_FAILURE, SFTP_OK
from paramiko.sftp_client import SFTPClient

from flows.transport import _sftp as sftp_server
from flows.transport._sftp import _ReadRequests


class Server:
    """Speaks to paramiko's client as its transport does; `shortest` of the bytes asked for come at least."""

    def __init__(self, content: bytes, seed: int, *, shortest: int, status: int = SFTP_EOF) -> None:
        self._content, self._chance, self._shortest, self._status = (
            content,
            random.Random(seed),
            shortest,
            status,
        )
        self._asked: list[tuple[int, int, int, _ReadRequests]] = []
        self._number, self.most = 0, 0

    def _async_request(self, by, kind, handle, offset, length) -> int:
        self._number += 1
        self._asked.append((self._number, int(offset), length, by))
        self.most = max(self.most, len(self._asked))
        return self._number

    def _read_response(self) -> None:
        number, offset, length, by = self._asked.pop(self._chance.randrange(len(self._asked)))
        length = self._chance.randint(min(self._shortest, length), length)
        piece, answer = self._content[offset : offset + length], Message()
        if piece:
            answer.add_string(piece)
        else:
            answer.add_int(self._status)
            answer.add_string("")
        answer.rewind()
        by._async_response(CMD_DATA if piece else CMD_STATUS, answer, number)

    _convert_status = SFTPClient._convert_status


@given(
    st.binary(max_size=4_000),
    st.integers(0, 4_200),
    st.integers(0, 4_200),
    st.integers(1, 200),
    st.integers(0, 2**32),
)
def test_it_gives_the_bytes_in_order_whatever_the_server_does(content, start, size, shortest, seed):
    with pytest.MonkeyPatch.context() as small:
        small.setattr(sftp_server, "_REQUEST_BYTES", 100)
        server = Server(content, seed, shortest=shortest)
        got = b"".join(_ReadRequests(server, b"handle").ahead(start, size))
    assert got == content[start:size]
    assert server.most <= sftp_server._MAX_PENDING_READS


@pytest.mark.parametrize(("status", "error"), [(SFTP_FAILURE, OSError), (SFTP_OK, ConnectionError)])
def test_a_failure_is_no_end_of_the_file(status, error):
    server = Server(b"x" * 10, 0, shortest=10, status=status)
    with pytest.raises(error):
        list(_ReadRequests(server, b"handle").ahead(0, sftp_server._REQUEST_BYTES * 2))
