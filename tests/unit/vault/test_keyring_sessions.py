"""The kernel keyring from everywhere a run may be resumed or swept, and a key that never lives without a timeout."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from schemas.errors import KeyDestroyedError, KeyServiceError
from schemas.record import dump
from vault.keys.linux_keyring import KernelKeyring
from vault.keys.provider import KeyRef, KeyState

ROOT = Path(__file__).resolve().parents[3]
READ = (
    "import sys; import msgspec; from vault.keys.linux_keyring import KernelKeyring; from vault.keys.provider import KeyRef; "
    "ref=msgspec.json.decode(sys.argv[1], type=KeyRef); keys=KernelKeyring(); "
    "print(keys.state(ref).value, len(keys.open(ref)))"
)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is missing")


@pytest.fixture
def ref() -> Iterator[KeyRef]:
    keys = KernelKeyring()
    made = keys.create(str(uuid.uuid4()), 60)
    yield made
    keys.destroy(made)


def read_under(ref: KeyRef, *before: str) -> str:
    command = [*before, sys.executable, "-c", READ, dump(ref).decode()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=30)
    assert done.returncode == 0, done.stderr[-300:]
    return done.stdout.strip()


@needs("keyctl")
def test_read_from_another_session_keyring(ref):
    assert read_under(ref, "keyctl", "session", "-").endswith("present 32")


@needs("keyctl")
def test_read_from_a_named_session_keyring(ref):
    assert read_under(ref, "keyctl", "session", "another").endswith("present 32")


@needs("su")
def test_read_under_su(ref):
    inner = " ".join([sys.executable, "-c", f"'{READ}'", f"'{dump(ref).decode()}'"])
    done = subprocess.run(
        ["su", "root", "-c", inner], capture_output=True, text=True, check=False, cwd=ROOT, timeout=30
    )
    assert done.stdout.strip() == "present 32", done.stderr[-300:]


@needs("setsid")
def test_read_detached(ref):
    assert read_under(ref, "setsid", "--fork", "--wait").endswith("present 32")


@needs("setpriv")
@needs("keyctl")
def test_a_child_that_changed_its_user_cannot_read():
    """It shares our session keyring: what lets us read the key must not be in there."""
    script = (
        "import subprocess,uuid; from vault.keys.linux_keyring import KernelKeyring; k=KernelKeyring(); "
        "ref=k.create(str(uuid.uuid4()), 60); assert len(k.open(ref)) == 32; "
        "drop=['setpriv','--reuid','65534','--regid','65534','--clear-groups']; "
        "done=subprocess.run([*drop,'keyctl','print',str(ref.serial)],capture_output=True,text=True); "
        "k.destroy(ref); print(done.returncode, done.stderr)"
    )
    command = ["keyctl", "session", "-", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=30)
    assert done.stdout.startswith("1 "), done.stderr[-300:]
    assert "ermission denied" in done.stdout


def test_the_kernel_forgets_at_the_deadline_with_nobody_watching():
    script = (
        "import uuid; from schemas.record import dump; from vault.keys.linux_keyring import KernelKeyring; "
        "print(dump(KernelKeyring().create(str(uuid.uuid4()), 2)).decode())"
    )
    made = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    ref, keys = msgspec.json.decode(made.stdout, type=KeyRef), KernelKeyring()
    assert keys.state(ref) is KeyState.PRESENT
    until = time.monotonic() + 10
    while keys.state(ref) is KeyState.PRESENT and time.monotonic() < until:
        time.sleep(0.05)
    assert keys.state(ref) in (KeyState.EXPIRED, KeyState.ABSENT)
    with pytest.raises(KeyDestroyedError):
        keys.open(ref)


def test_destroyed_is_destroyed_for_all(ref):
    KernelKeyring().destroy(ref)
    KernelKeyring().destroy(ref)
    assert KernelKeyring().state(ref) in (KeyState.REVOKED, KeyState.ABSENT)
    command = [sys.executable, "-c", READ, dump(ref).decode()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=30)
    assert done.returncode != 0
    with pytest.raises(KeyServiceError):
        KernelKeyring().open(ref)


@needs("strace")
def test_at_no_moment_a_key_that_outlives_us_without_a_timeout(tmp_path):
    """It is made in the process keyring, which dies with us; it reaches the user keyring with its timeout set."""
    script = (
        "import uuid; from vault.keys.linux_keyring import KernelKeyring; k=KernelKeyring(); "
        "k.destroy(k.create(str(uuid.uuid4()), 60))"
    )
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=add_key,keyctl", "-o", trace, sys.executable, "-c", script],
        check=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    calls = trace.read_text()
    made = re.search(r'add_key\("user", "reprise:.*KEY_SPEC_PROCESS_KEYRING\) = (\d+)', calls)
    assert made, calls
    serial = f"{int(made[1]):#x}|{made[1]}"
    after = calls[made.end() :]
    timeout = re.search(rf"KEYCTL_SET_TIMEOUT, ({serial}), 60", after)
    linked = re.search(rf"KEYCTL_LINK, ({serial}), KEY_SPEC_USER_KEYRING", after)
    assert timeout, after
    assert linked, after
    assert timeout.start() < linked.start()
