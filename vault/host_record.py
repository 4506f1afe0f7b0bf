"""What a host remembers of a home, outside of it: so that an older copy of the home, put back, is noticed.

Opaque ids, counts and the signed head; nothing about anybody. Two files a home: `head.json`, replaced, and `gone`, one
fsynced line for each record erased and each run destroyed. The record lags behind the log by at most the append that a
crash cut off from it, and is never ahead: so a log that is shorter than its record, or differs from it, is an older or
another one.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from schemas.errors import ForkError, LedgerError, ProofError
from vault.files import sync_folder, write_durably
from vault.home_id import home_id
from vault.host_identity import boot_id, machine_id
from vault.isolation import FIXED
from vault.ledger_store import FileLedger
from vault.site import Site

SYSTEM = Path("/var/lib/reprise")
_NAME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._\-]*"
)  # no path but a name comes out of the record, whoever wrote into it


@dataclass(frozen=True)
class Remembered:
    """The largest head this host has seen, and under which boot."""

    size: int
    root: str  # hexadecimal
    checkpoint: str  # the signed note
    machine_id: str
    boot_id: str
    boots: int  # boots of this host under which the home was written


def record_folder(home: Path, site: Site) -> Path:
    """Where this host keeps its record of a home. A trial's lies beside its home, and nowhere else.

    Else: `$REPRISE_STATE`; or the first that has this home or can take it of `/var/lib/reprise` and
    `$XDG_STATE_HOME/reprise`.
    """
    if site.trial:
        return home.with_name(f".{home.name}.host")
    name = home_id(home)
    if os.environ.get("REPRISE_STATE"):
        return Path(os.environ["REPRISE_STATE"]) / name
    own = Path(os.environ.get("XDG_STATE_HOME") or _user_home() / ".local/state") / "reprise"
    known = [place for place in (SYSTEM, own) if _is_folder(place / name)]
    return (known or [SYSTEM if _writable(SYSTEM) else own])[0] / name


def _user_home() -> Path:
    """Of the user who acts, as the host knows him; $HOME may name anything."""
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:  # a user without an account, as in some containers
        return Path(FIXED["HOME"])


def _is_folder(path: Path) -> bool:
    """False as well for what lies in another user's own folder, where nobody else may look."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _writable(folder: Path) -> bool:
    return os.access(folder if _is_folder(folder) else folder.parent, os.W_OK)


class HostRecord:
    """The memory that one host has of one home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, home: Path, site: Site) -> HostRecord:
        """The record of a home on this host; nothing is made yet."""
        return cls(record_folder(home, site))

    def remembered(self) -> Remembered | None:
        """What is remembered of the head. Raises LedgerError when the record cannot be read."""
        try:
            return Remembered(**json.loads((self._folder / "head.json").read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError):
            raise LedgerError("host_record_malformed") from None

    def malformed(self) -> bool:
        """Whether the record is there and cannot be read."""
        try:
            self.remembered()
        except LedgerError:
            return True
        return False

    def gone(self, kind: str) -> frozenset[str]:
        """What this host knows to be gone: records `erased`, runs `destroyed`, instructions `withdrawn`."""
        path = self._folder / "gone"
        lines = (
            path.read_text(encoding="ascii", errors="replace").split("\n")[:-1] if path.is_file() else []
        )  # a torn line is none
        words = (line.split(" ") for line in lines)
        return frozenset(w[1] for w in words if len(w) == 2 and w[0] == kind and _NAME.fullmatch(w[1]))

    def note_head(self, store: FileLedger, *, forced: bool = False) -> None:
        """Remember the present head; a smaller one than remembered only when `forced`."""
        with store.locked():  # no append between head and note
            head, checkpoint = store.head(), store.checkpoint()
        with self._held():
            known = None if forced and self.malformed() else self.remembered()
            if known is not None and known.size >= head.size and not forced:
                return
            boot = boot_id()
            boots = (known.boots if known else 0) + (known is None or known.boot_id != boot)
            made = Remembered(
                head.size, head.root.hex(), checkpoint.decode("utf-8"), machine_id(), boot, boots
            )
            write_durably(self._folder / "head.json", json.dumps(asdict(made), sort_keys=True).encode())

    def note_gone(self, kind: str, name: str) -> None:
        """Remember that something is gone; on disk when this returns."""
        if name in self.gone(kind):
            return
        with self._held():
            self._drop_torn_line()
            descriptor = os.open(self._folder / "gone", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, f"{kind} {name}\n".encode("ascii"))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_folder(self._folder)

    def _drop_torn_line(self) -> None:
        path = self._folder / "gone"
        data = path.read_bytes() if path.is_file() else b""
        if data and not data.endswith(b"\n"):
            os.truncate(path, data.rfind(b"\n") + 1)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One writer at a time: a slower process must not put an older head in the place of a newer one."""
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(self._folder.parent)
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def refuse_rollback(self, store: FileLedger) -> None:
        """Raise ForkError home_rolled_back when the log is shorter than remembered, or another."""
        known = self.remembered()  # before the head: another process may append in between
        if known is not None and not extends(store, known):
            raise ForkError("home_rolled_back", count=known.size)

    def new_here(self, store: FileLedger) -> bool:
        """Whether this host has no memory of a home that has a history: a copy, or a home from another machine."""
        known = self.remembered()
        if known is None:
            return store.head().size > 0
        return known.machine_id != machine_id()


def extends(store: FileLedger, known: Remembered) -> bool:
    """Whether the log holds, as its beginning, the tree that is remembered."""
    head = store.head()
    if head.size < known.size:
        return False
    try:
        return known.size == 0 or store.tree(head.size).subtree(0, known.size).hex() == known.root
    except (OSError, ProofError):
        return False
