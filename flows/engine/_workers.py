"""Workers: data processes that share the long steps with the first one, each a range of patients or parts at a time.

They are forked before there is a key, and wait. With its first range a worker opens key, source and staging itself, by the
reference in the lease, as a resumed run does. What crosses is what may cross to the control process: ordinals, counts, digests.
A worker dies with the first data process, and shares its lock: while one of them lives, the data process lives.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, Self, TextIO

from flows.engine import _events as events
from flows.engine._failures import WorkerFailedError, reduce_error
from flows.steps.ranges import DividedStep, Range, RangeDone
from schemas.errors import IntegrityError, KeyUnavailableError
from schemas.record import Record, dump, load
from vault.system.child_process import fork_child


class Task(Record, frozen=True):
    """One range of a step, for a worker."""

    step: str
    each: Range


class Done(events.Event, frozen=True):
    """What a range gave."""

    done: RangeDone


_RECEIVED_BYTES = 1 << 16
_ANSWER: Any = events.Progress | events.Failure | Done


Report = Callable[[str, int, int], None]
OpenStep = Callable[[str, Report], DividedStep]
"""Called in a worker with the name of a step: opens everything that the step needs there."""


@dataclass
class _Worker:
    """A worker, as the first data process sees it."""

    pid: int
    line: socket.socket
    unread: bytes = b""
    done: int = 0  # of the step in progress

    def send(self, task: Task) -> None:
        with contextlib.suppress(BrokenPipeError):  # `answers` finds that it died
            self.line.sendall(dump(task) + b"\n")

    def answers(self) -> list[Any] | None:
        """Return what has come; None if the worker died."""
        came = b""
        with contextlib.suppress(ConnectionResetError):  # it died before it read its task
            came = self.line.recv(_RECEIVED_BYTES)
        if not came:
            return None
        *lines, self.unread = (self.unread + came).split(b"\n")
        return [load(_ANSWER, line, IntegrityError, "event_unreadable") for line in lines]


class Workers:
    """The workers of a data process. On leaving the context none of them is left."""

    def __init__(
        self, count: int, open_step: OpenStep, left: Sequence[int], announce: Callable[[int], None]
    ) -> None:
        """Fork them. `left`: descriptors that are not theirs; `announce` is called before so many processes hold the key."""
        self._all: list[_Worker] = []
        self._announce = announce
        gc.freeze()  # a search for cycles would copy every page that is shared now
        for _ in range(count):
            self._all.append(self._fork(open_step, left))
        gc.unfreeze()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        self.end()

    @property
    def count(self) -> int:
        """How many processes may share a step."""
        return max(1, len(self._all))

    def _fork(self, open_step: OpenStep, left: Sequence[int]) -> _Worker:
        ours, theirs = socket.socketpair()
        others = [ours.fileno(), *(worker.line.fileno() for worker in self._all)]
        pid = fork_child(partial(_serve, theirs, [*left, *others], open_step))
        theirs.close()
        return _Worker(pid, ours)

    def share(self, step: str, ranges: Sequence[Range], report: Report) -> list[RangeDone]:
        """Have the ranges of a step done; return what they gave, in their order.

        Raises WorkerFailedError with what a worker reported, KeyUnavailableError (data_process_died) if one died.
        """
        at_work = self._all[: len(ranges)]
        self._announce(1 + len(at_work))
        waiting, found, total = deque(ranges), dict[int, RangeDone](), 0
        for worker in at_work:
            worker.done = 0
            worker.send(Task(step, waiting.popleft()))
        for worker, answer in self._answers(at_work):
            match answer:
                case events.Failure():
                    raise WorkerFailedError(answer)
                case events.Progress(_, 0, 0):
                    report(step, 0, 0)
                case events.Progress(_, done, total):
                    worker.done = done
                    report(step, sum(each.done for each in at_work), total)
                case Done(done):
                    found[done.number] = done
                    if len(found) == len(ranges):
                        break
                    if waiting:
                        worker.send(Task(step, waiting.popleft()))
        report(step, total, total)
        return [found[each.number] for each in ranges]

    def _answers(self, at_work: Sequence[_Worker]) -> Iterator[tuple[_Worker, Any]]:
        """Yield answers as they come, without end."""
        with selectors.DefaultSelector() as selector:
            for worker in at_work:
                selector.register(worker.line, selectors.EVENT_READ, worker)
            while True:
                for key, _ in selector.select():
                    answers = key.data.answers()
                    if answers is None:
                        self._died(key.data)
                    yield from ((key.data, answer) for answer in answers)

    def _died(self, worker: _Worker) -> NoReturn:
        self._all.remove(worker)
        worker.line.close()
        _, status = os.waitpid(worker.pid, 0)
        raise KeyUnavailableError("data_process_died", count=abs(os.waitstatus_to_exitcode(status)))

    def end(self) -> None:
        """Kill the workers and wait until they have ended."""
        for worker in self._all:
            os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)
            worker.line.close()
        self._all.clear()


def _serve(line: socket.socket, left: Sequence[int], open_step: OpenStep) -> None:
    """Be a worker until the end."""
    silence = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2, *left):
        os.dup2(silence, number)
    with line.makefile("rw", encoding="utf-8") as stream:
        _work(stream, open_step)


def _work(stream: TextIO, open_step: OpenStep) -> None:
    def send(event: events.Event) -> None:
        stream.write(dump(event).decode() + "\n")
        stream.flush()

    try:
        step, divided = "", None
        while line := stream.readline():
            task = load(Task, line, IntegrityError, "event_unreadable")
            if task.step != step:
                step, divided = task.step, None  # not two steps at once in memory
                divided = open_step(step, events.Reporter(send).progress)
            assert divided is not None  # noqa: S101 - for the type checker
            send(Done(divided.do(task.each)))
    except BaseException as error:  # noqa: BLE001 - the last line of defence: nothing may print a value
        send(reduce_error(error))
