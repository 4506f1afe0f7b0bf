"""Our Python children, forked from a process that has loaded their modules: a run in a test costs its own work alone.

A cold run spends most of its time in loading modules. In a test, `vault.system.child_process` asks the fork server of this file
instead of starting an interpreter: same module, arguments, environment, descriptors, session and parent. A test that is
about what a fresh process does (its memory, its traps, its start) is marked `cold`.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

import vault.system.child_process
from connectors.targets import reports
from schemas.texts import LANGUAGES, catalogue

ROOT = Path(__file__).resolve().parents[2]
PATHS = (str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "faults"))
LOADED = ("flows.engine.data_process", "vault.staging.probe", "vault.intake.mint", "support.dying_run")
COSTLY = {
    "flows.engine.contract_process": ("great_expectations",),
    "support.dying_run": ("great_expectations",),
}
"""Loaded by the server when the first child needs it."""
_SERVE = "import sys; from support import forked_python; forked_python.serve(int(sys.argv[1]))"
_REQUEST_BYTES = 1 << 20
_MOST_DESCRIPTORS = 16
_PR_SET_CHILD_SUBREAPER = 36
_HIGHEST_DESCRIPTOR = 1024


class Forked:
    """What `subprocess.Popen` gives for a child of ours with text pipes."""

    def __init__(self, pid: int, orders: int, findings: int, errors: int | None = None) -> None:
        self.pid = pid
        self.stdin: IO[str] = os.fdopen(orders, "w", encoding="utf-8")
        self.stdout: IO[str] = os.fdopen(findings, encoding="utf-8")
        self.stderr: IO[str] | None = None if errors is None else os.fdopen(errors, encoding="utf-8")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        until = time.monotonic() + (300 if timeout is None else timeout)
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("forked", timeout or 300)
            time.sleep(0.001)
        return status

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, text: str = "") -> tuple[str, str]:
        """Give it a text, small enough for a pipe; what it printed."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.stdin.write(text)
            self.stdin.close()
        printed = self.stdout.read(), "" if self.stderr is None else self.stderr.read()
        self.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream and stream.close()
        return printed


def start_forked(
    words: list[str], environment: Mapping[str, str], keep: Collection[int], *, errors: bool = False
) -> Forked:
    """Fork a child that runs the `main` of the module `words[0]` with the other words as its arguments."""
    ends = [os.pipe(), os.pipe()] + [os.pipe()] * errors
    given = {0: ends[0][0], 1: ends[1][1], **({2: ends[2][1]} if errors else {}), **{n: n for n in keep}}
    try:
        pid = _ask(words, environment, given)
    finally:
        for number in (0, 1, 2)[: len(ends)]:
            os.close(given[number])
    return Forked(pid, ends[0][1], ends[1][0], ends[2][0] if errors else None)


class _Server:
    """The server of this process, started when it is first needed; a fork of this process starts one of its own."""

    ours: tuple[int, socket.socket] | None = None
    is_here = False  # this process has everything loaded: it forks its children itself

    @classmethod
    def line(cls) -> socket.socket:
        if cls.ours is None or cls.ours[0] != os.getpid():
            line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            subprocess.Popen(
                [sys.executable, "-B", "-W", "ignore", "-c", _SERVE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(PATHS)},
            )
            theirs.close()
            cls.ours = (os.getpid(), line)
        return cls.ours[1]


def _ask(words: list[str], environment: Mapping[str, str], given: dict[int, int]) -> int:
    request = {
        "words": words,
        "environment": dict(environment),
        "numbers": list(given),
        "parent": os.getpid(),
    }
    if _Server.is_here:
        pid = os.fork()
        if pid == 0:
            _carry_out(request, list(given.values()))
        return pid
    line = _Server.line()
    _adopt_orphans(True)
    try:
        socket.send_fds(line, [json.dumps(request).encode()], list(given.values()))
        return int(line.recv(64))
    finally:
        _adopt_orphans(False)


def _adopt_orphans(yes: bool) -> None:
    """While a child is forked: it comes from a process between that ends at once, and becomes ours."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


class ForkedSubprocess:
    """Stands for the module `subprocess` in `vault.system.child_process`: forks what our modules are, and starts all else."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, command: list[str], **settings: Any) -> Any:  # noqa: N802 - that is its name
        module = _module_of(command)
        if module is None:
            return subprocess.Popen(command, **settings)
        return start_forked(module, settings["env"], settings.get("pass_fds", ()))

    def run(self, command: list[str], **settings: Any) -> subprocess.CompletedProcess[Any]:
        module = _module_of(command)
        if module is None:
            return subprocess.run(command, check=False, **{n: v for n, v in settings.items() if n != "check"})
        child = start_forked(module, settings["env"], ())
        printed, _ = child.communicate(settings["input"])
        return subprocess.CompletedProcess(command, child.wait(), printed, "")


def _module_of(command: list[str]) -> list[str] | None:
    """Module and words of a command that runs one of the modules that are forked."""
    at = command.index("-m") + 1 if "-m" in command else len(command)
    return command[at:] if command[at : at + 1] and command[at] in {*LOADED, *COSTLY} else None


def serve(number: int) -> None:
    """Answer requests on the socket of this number until the one who asks is gone."""
    line = socket.socket(fileno=number)
    importlib.import_module("pandas")  # pyarrow looks for it at its first array
    for module in LOADED:
        importlib.import_module(module)
    _read_texts_and_templates()
    while True:
        request, descriptors, _, _ = socket.recv_fds(line, _REQUEST_BYTES, _MOST_DESCRIPTORS)
        if not request:
            return
        order = json.loads(request)
        for module in COSTLY.get(order["words"][0], ()):
            importlib.import_module(module)
        line.send(str(_fork_orphan(order, descriptors)).encode())
        for descriptor in descriptors:
            os.close(descriptor)


def _read_texts_and_templates() -> None:
    """What each run would read and compile anew."""
    for language in LANGUAGES:
        catalogue(language)
    environment = reports._environment()
    for name in environment.list_templates():
        environment.get_template(name)


def _fork_orphan(order: dict[str, Any], descriptors: list[int]) -> int:
    """Fork a child through a process that ends at once, so that it falls to whoever asked; its pid, once it has."""
    told, tell = os.pipe()
    between = os.fork()
    if between == 0:
        pid = os.fork()
        if pid == 0:
            while os.getppid() != order["parent"]:
                time.sleep(0.0005)
            _carry_out(order, descriptors)
        os.write(tell, str(pid).encode())
        os._exit(0)
    os.close(tell)
    os.waitpid(between, 0)
    pid = int(os.read(told, 64))
    os.close(told)
    return pid


def _carry_out(order: dict[str, Any], descriptors: list[int]) -> NoReturn:
    status = 1
    try:
        _become(order, descriptors)
        status = _run(order["words"])
    except BaseException:  # noqa: BLE001 - as an interpreter does at its end
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def fork_children() -> None:
    """From now on, in this process: our children are forked, from the fork server or from a process that came from it."""
    vault.system.child_process.subprocess = ForkedSubprocess()  # type: ignore[assignment]


def _become(order: dict[str, Any], descriptors: list[int]) -> None:
    """As after an exec: its descriptors and no other, its environment, a session of its own, the folder of every child."""
    os.setsid()
    high = [os.dup2(one, _HIGHEST_DESCRIPTOR - 20 + at) for at, one in enumerate(descriptors)]
    os.closerange(3, _HIGHEST_DESCRIPTOR - 20)
    numbers = order["numbers"]
    for number, one in zip(numbers, high, strict=True):
        os.dup2(one, number)
    if 2 not in numbers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.closerange(_HIGHEST_DESCRIPTOR - 20, _HIGHEST_DESCRIPTOR)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir("/")
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))


def _run(words: list[str]) -> int:
    """The exit code of a module's `main`."""
    _Server.is_here = True
    fork_children()
    sys.argv = words
    try:
        status = importlib.import_module(words[0]).main()
    except SystemExit as end:
        status = end.code
    finally:
        with contextlib.suppress(BrokenPipeError, ValueError):
            sys.stdout.flush()
    return int(status or 0)
