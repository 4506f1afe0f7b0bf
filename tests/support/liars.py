"""Servers that do not keep what they say they keep: over SFTP (paramiko's server side), over S3 (before moto)."""

from __future__ import annotations

import os
import re
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import paramiko

Hook = Callable[[str], None]
"""Told each request by its name before it is served; may hold it up."""
Lie = Callable[[bytes], bytes]
"""What a server keeps of what it was given; an OSError is what it answers instead."""
LIES: dict[str, Lie] = {
    "flips": lambda data: bytes([data[0] ^ 1]) + data[1:] if data else data,
    "truncates": lambda data: data[:-1],
    "keeps-nothing": lambda _: b"",
}


class _Handle(paramiko.SFTPHandle):
    def __init__(self, path: Path, flags: int, lie: Lie, hook: Hook) -> None:
        super().__init__(flags)
        self._path, self._lie, self._hook = path, lie, hook
        path.touch()

    def write(self, offset: int, data: bytes) -> int:
        self._hook("write")
        try:
            kept = self._lie(data)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        with open(self._path, "r+b") as stream:
            stream.seek(offset)
            stream.write(kept)
        return paramiko.SFTP_OK

    def read(self, offset: int, length: int) -> bytes:
        self._hook("read")
        return self._path.read_bytes()[offset : offset + length]

    def close(self) -> None:
        self._hook("close")

    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(self._path.stat())


def _files(root: Path, lie: Lie, hook: Hook) -> type[paramiko.SFTPServerInterface]:
    class Files(paramiko.SFTPServerInterface):
        def _do(self, act: Callable[[], Any]) -> Any:
            try:
                act()
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)
            return paramiko.SFTP_OK

        def stat(self, path: str) -> Any:
            hook("stat")
            try:
                return paramiko.SFTPAttributes.from_stat(Path(path).stat())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)

        lstat = stat

        def list_folder(self, path: str) -> Any:
            hook("list")
            try:
                return [paramiko.SFTPAttributes.from_stat(p.stat(), p.name) for p in Path(path).iterdir()]
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)

        def mkdir(self, path: str, _attributes: Any) -> Any:
            hook("mkdir")
            return self._do(lambda: Path(path).mkdir())

        def rmdir(self, path: str) -> Any:
            hook("rmdir")
            return self._do(lambda: Path(path).rmdir())

        def remove(self, path: str) -> Any:
            hook("remove")
            return self._do(lambda: Path(path).unlink())

        def rename(self, old: str, new: str) -> Any:
            hook("rename")
            return self._do(lambda: os.rename(old, new))

        def open(self, path: str, flags: int, _attributes: Any) -> Any:
            hook("open")
            if not flags & os.O_CREAT and not Path(path).exists():
                return paramiko.SFTP_NO_SUCH_FILE
            return _Handle(Path(path), flags, lie, hook)

    assert root.is_dir()
    return Files


class _Anybody(paramiko.ServerInterface):
    def check_auth_publickey(self, _user: str, _key: paramiko.PKey) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, _user: str) -> str:
        return "publickey"

    def check_channel_request(self, _kind: str, _number: int) -> int:
        return paramiko.OPEN_SUCCEEDED


@contextmanager
def lying_sftp(root: Path, host_key: Path, lie: Lie, hook: Hook = lambda _: None) -> Iterator[int]:
    """An SFTP server below `root` that keeps what `lie` leaves of each write; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    key, transports = paramiko.Ed25519Key.from_private_key_file(str(host_key)), []

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(near)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _files(root, lie, hook))
            transport.start_server(server=_Anybody(), event=threading.Event())
            transports.append(transport)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        for transport in transports:
            transport.close()


def _of_one_name(path: str, answer: bytes) -> bytes:
    """A listing of begun uploads without those of other objects than the one asked for."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query, keep_blank_values=True)
    if "uploads" not in query:
        return answer
    key = f"<Key>{query.get('prefix', [''])[0]}</Key>".encode()
    return re.sub(
        rb"<Upload>.*?</Upload>", lambda each: each[0] if key in each[0] else b"", answer, flags=re.DOTALL
    )


@contextmanager
def odd_s3(
    endpoint: str,
    lie: Lie | None = None,
    answers: list[tuple[int, str]] | None = None,
    lists_by_name: bool = False,
) -> Iterator[int]:
    """Before an S3 server: keeps what `lie` leaves of each body; or answers so to uploads while `answers` last; or
    finds begun uploads by the exact name of their object alone, as MinIO does.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command == "PUT" and answers:
                status, code = answers.pop(0)
                text = f"<Error><Code>{code}</Code><Message>kanarie</Message></Error>"
                self._send(status, {}, text.encode())
                return
            if self.command == "PUT" and lie is not None:
                body = lie(body)
            kept = ("Content-Length", "Content-MD5", "Connection", "Accept-Encoding", "Expect")
            headers = {
                k: v for k, v in self.headers.items() if k not in kept and "x-amz-content" not in k.lower()
            }
            headers.setdefault("Content-Type", "application/octet-stream")
            request = urllib.request.Request(
                endpoint + self.path,
                data=body if self.command in ("PUT", "POST") else None,
                method=self.command,
                headers=headers,
            )
            try:
                found = urllib.request.urlopen(request)
            except urllib.error.HTTPError as error:
                found = error
            answer = found.read()
            if lists_by_name and self.command == "GET":
                answer = _of_one_name(self.path, answer)
            self._send(found.status, found.headers, answer)

        def _send(self, status: int, headers: Any, body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in (
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "date",
                    "server",
                ):
                    self.send_header(name, value)
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    for method in ("GET", "PUT", "POST", "DELETE", "HEAD"):
        setattr(Handler, f"do_{method}", Handler._pass)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
