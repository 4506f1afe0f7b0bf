"""What a host remembers of a home, outside of it: so that an older copy of the home, put back, is noticed.

Opaque ids, counts and the signed head; nothing about anybody. Two files a home: `head.json`, replaced, and `gone`, one
fsynced line for each record erased and each run destroyed. The record lags behind the log by at most the append that a
crash cut off from it, and is never ahead: so a log that is shorter than its record, or differs from it, is an older or
another one.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import ForkError, HomeError, LedgerError, ProofError, UnreadableSourceError
from schemas.record import Record, dump, load
from schemas.regular_file import read_regular
from vault.ledger.log import FileLedger
from vault.site import Site, home_id
from vault.system.files import sync_folder, write_durably
from vault.system.host_identity import boot_id, machine_id, user_home
from vault.system.locks import lock_file

SYSTEM = Path("/var/lib/reprise")
_NAME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._\-]*"
)  # no path but a name comes out of the record, whoever wrote into it


class Remembered(Record, frozen=True):
    """The largest head this host has seen, and under which boot."""

    size: int
    root: str  # hexadecimal
    checkpoint: str  # the signed note
    machine_id: str
    boot_id: str
    boots: int  # boots of this host under which the home was written


def record_folder(home: Path, site: Site) -> Path:
    """Where this host keeps its record of a home: a trial's beside it, any other's in the folder that its settings fix.

    A home of version 1 has no such setting: its record is looked for where that version put it.
    """
    if site.trial:
        return home.with_name(f".{home.name}.host")
    return (Path(site.state) if site.state else usual_place(home_id(home))) / home_id(home)


def usual_place(name: str) -> Path:
    """The first place that has a record of this name, else that can take one.

    `$REPRISE_STATE`, `/var/lib/reprise`, `$XDG_STATE_HOME/reprise`.
    """
    if os.environ.get("REPRISE_STATE"):
        return Path(os.environ["REPRISE_STATE"]).absolute()
    known = [place for place in _own_places() if _is_folder(place / name)]
    return (known or [SYSTEM if _writable(SYSTEM) else _own_places()[1]])[0]


def _own_places() -> tuple[Path, Path]:
    own = Path(os.environ.get("XDG_STATE_HOME") or user_home() / ".local/state")
    return SYSTEM, own.absolute() / "reprise"


def prepare_place(name: str = "none", stated: str | None = None) -> Path:
    """Make the folder that a home's settings fix: the one stated, where it can be had here, else the usual one.

    Raises HomeError (state_folder_unusable).
    """
    for place in ([Path(stated)] if stated else []) + [usual_place(name)]:
        with contextlib.suppress(OSError):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_folder(place) and os.access(place, os.W_OK):
            return place
    raise HomeError("state_folder_unusable")


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

    def __init__(self, folder: Path, *, fixed: bool = False, others: tuple[Path, ...] = ()) -> None:
        """`fixed`: by the home's settings, since it was created. `others`: where a record could lie as well."""
        self._folder, self._fixed, self._others = folder, fixed, others

    @classmethod
    def of(cls, home: Path, site: Site) -> HostRecord:
        """The record of a home on this host; nothing is made yet."""
        folder = record_folder(home, site)
        if site.trial or site.state:
            return cls(folder, fixed=site.state is not None)
        return cls(folder, others=tuple(place / folder.name for place in _own_places()))

    def remembered(self) -> Remembered | None:
        """What is remembered of the head. Raises LedgerError when the record cannot be read."""
        try:
            data = read_regular(self._folder / "head.json")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnreadableSourceError):
            raise LedgerError("host_record_malformed") from None
        return load(Remembered, data, LedgerError, "host_record_malformed")

    def missing(self, store: FileLedger) -> bool:
        """Whether a home that has a history, and whose record has its fixed place, comes without one."""
        return self._fixed and self.remembered() is None and store.head().size > 0

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
        """Remember the present head; only when `forced` a smaller one than remembered, or one where a record is missing.

        Raises LedgerError (host_record_missing).
        """
        with store.locked():  # no append between head and note
            head, checkpoint = store.head(), store.checkpoint()
        with self._held():
            known = None if forced and self.malformed() else self.remembered()
            if known is not None and known.size >= head.size and not forced:
                return
            if known is None and self._fixed and head.size and not forced:
                raise LedgerError("host_record_missing")
            boot = boot_id()
            boots = (known.boots if known else 0) + (known is None or known.boot_id != boot)
            made = Remembered(
                head.size, head.root.hex(), checkpoint.decode("utf-8"), machine_id(), boot, boots
            )
            write_durably(self._folder / "head.json", dump(made))

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
        with lock_file(self._folder / ".lock"):
            yield

    def refuse_rollback(self, store: FileLedger) -> None:
        """Refuse an older or another log than this host remembers, in whichever place, and one whose record is gone.

        Raises ForkError: home_rolled_back, host_record_missing.
        """
        for record in (self, *(HostRecord(folder) for folder in self._others if _is_folder(folder))):
            known = record.remembered()  # before the head: another process may append in between
            if known is not None and not extends(store, known):
                raise ForkError("home_rolled_back", count=known.size)
        if self.missing(store):
            raise ForkError("host_record_missing")

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
