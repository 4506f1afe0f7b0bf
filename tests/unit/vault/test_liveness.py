"""Whether a process lives: by a lock that it holds; a number that was given anew, and one out of sight, are no proof."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from schemas.errors import KeyUnavailableError
from vault.system import liveness
from vault.system.host_identity import process_started

HOLD = "import sys, time; from vault.system.liveness import announce; announce(int(sys.argv[1])); print('held', flush=True); time.sleep(60)"


@pytest.fixture
def holder(tmp_path):
    """A process that was started with the lock and keeps it."""
    with liveness.starting(tmp_path) as lock:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(lock)], pass_fds=(lock,), stdout=subprocess.PIPE, text=True
        )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_it_lives_from_its_start_to_its_end(tmp_path, holder):
    assert liveness.data_process_lives(tmp_path) is True
    liveness.end_data_process(tmp_path)
    assert liveness.data_process_lives(tmp_path) is False, "though nobody has waited for it"
    assert holder.wait(5) == -signal.SIGKILL


def test_none_was_ever_started(tmp_path):
    assert liveness.data_process_lives(tmp_path) is None
    liveness.end_data_process(tmp_path)


def test_a_second_one_is_refused(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(liveness, "_KILLED_WITHIN_SECONDS", 0.1)
    with pytest.raises(KeyUnavailableError) as refused, liveness.starting(tmp_path):
        pass
    assert refused.value.code == "data_process_lives"


def test_a_number_that_is_another_process_by_now_is_not_signalled(tmp_path, holder):
    """The lock is free; the file still names a number, which was given to somebody else."""
    holder.kill()
    holder.wait()
    (tmp_path / liveness.NAME).write_text(str(os.getpid()))
    liveness.end_data_process(tmp_path)  # it would end this very test
    assert liveness.data_process_lives(tmp_path) is False


def test_who_asks_does_not_disturb_who_asks(tmp_path, holder):
    holder.kill()
    holder.wait()
    descriptor = os.open(tmp_path / liveness.NAME, os.O_RDWR)
    assert liveness._lock(descriptor, liveness.fcntl.LOCK_SH)
    assert liveness.data_process_lives(tmp_path) is False
    os.close(descriptor)


def test_an_owner_by_number_and_start_time(monkeypatch):
    here = os.getpid()
    assert liveness.may_live(here, process_started(here))
    assert not liveness.may_live(here, process_started(here) - 1), "the number was given anew"
    assert not liveness.may_live(0, 0)
    monkeypatch.setattr(liveness, "process_started", lambda pid: 0)
    assert liveness.may_live(here, 5), "it is there and cannot be seen"
    gone = subprocess.Popen(["true"])
    gone.wait()
    time.sleep(0.01)
    assert not liveness.may_live(gone.pid, 5)
