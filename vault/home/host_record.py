"""A host's record of a home, outside of the home, so that a restored older copy is detected.

The record holds opaque ids, counts and the signed head, and no data about people. It has two files for each home: `head.json`,
which is replaced on each change, and `gone`, with one line for each erased record, destroyed run or withdrawn instruction. The
head in the record is that of the log, or the head before it if a crash came between append and record; it is never later. So a
log that is shorter than its record, or differs from it, belongs to an older copy or another home.
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
from vault.home_folder import Home
from vault.ledger.log import FileLedger
from vault.system.files import sync_folder, write_durably
from vault.system.host_identity import boot_id, machine_id, user_home
from vault.system.locks import lock_file

SYSTEM = Path("/var/lib/reprise")
_NAME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._\-]*"
)  # only names are accepted from the record, never a path, whoever wrote it


class Remembered(Record, frozen=True):
    """The largest head that this host has seen, and the boot in which it did."""

    size: int
    root: str  # hexadecimal
    checkpoint: str  # the signed note
    machine_id: str
    boot_id: str
    boots: int  # boots of this host in which the home was written


def record_folder(home: Home) -> Path:
    """Return the folder of this host's record: beside a trial home, otherwise below the folder that the home's settings state.

    The settings of version 1 state no folder. The record is then searched for in the places that version used.
    """
    if home.site.trial:
        return home.path.with_name(f".{home.path.name}.host")
    return (Path(home.site.state) if home.site.state else usual_place(home.id)) / home.id


def usual_place(name: str) -> Path:
    """Return the first place that has a record of this name, else the first place that can be written.

    The places are `$REPRISE_STATE` (if set, the only one), `/var/lib/reprise`, `$XDG_STATE_HOME/reprise`.
    """
    if os.environ.get("REPRISE_STATE"):
        return Path(os.environ["REPRISE_STATE"]).absolute()
    known = [place for place in _own_places() if _is_folder(place / name)]
    return (known or [SYSTEM if _writable(SYSTEM) else _own_places()[1]])[0]


def _own_places() -> tuple[Path, Path]:
    own = Path(os.environ.get("XDG_STATE_HOME") or user_home() / ".local/state")
    return SYSTEM, own.absolute() / "reprise"


def prepare_place(name: str = "none", stated: str | None = None) -> Path:
    """Create and return the folder for a home's settings: `stated` if this host can create it, else the usual place.

    Raises HomeError (state_folder_unusable).
    """
    for place in ([Path(stated)] if stated else []) + [usual_place(name)]:
        with contextlib.suppress(OSError):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_folder(place) and os.access(place, os.W_OK):
            return place
    raise HomeError("state_folder_unusable")


def _is_folder(path: Path) -> bool:
    """Return whether the path is a folder; also false inside another user's private folder."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _writable(folder: Path) -> bool:
    return os.access(folder if _is_folder(folder) else folder.parent, os.W_OK)


class HostRecord:
    """The record that this host has of one home."""

    def __init__(self, folder: Path, *, fixed: bool = False, others: tuple[Path, ...] = ()) -> None:
        """Take the folder of the record. `fixed`: the home's settings state it. `others`: further folders for a record."""
        self._folder, self._fixed, self._others = folder, fixed, others

    @classmethod
    def of(cls, home: Home) -> HostRecord:
        """Return this host's record of a home, without creating its folder."""
        folder = record_folder(home)
        if home.site.trial or home.site.state:
            return cls(folder, fixed=home.site.state is not None)
        return cls(folder, others=tuple(place / folder.name for place in _own_places()))

    def remembered(self) -> Remembered | None:
        """Return the recorded head, or None. Raises LedgerError (host_record_malformed) if the record cannot be read."""
        try:
            data = read_regular(self._folder / "head.json")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnreadableSourceError):
            raise LedgerError("host_record_malformed") from None
        return load(Remembered, data, LedgerError, "host_record_malformed")

    def missing(self, store: FileLedger) -> bool:
        """Return whether the record of a home with a history is missing from its fixed place."""
        return self._fixed and self.remembered() is None and store.head().size > 0

    def malformed(self) -> bool:
        """Return whether the record exists but cannot be read."""
        try:
            self.remembered()
        except LedgerError:
            return True
        return False

    def gone(self, kind: str) -> frozenset[str]:
        """Return the recorded names of one kind: records `erased`, runs `destroyed`, instructions `withdrawn`."""
        path = self._folder / "gone"
        lines = (
            path.read_text(encoding="ascii", errors="replace").split("\n")[:-1] if path.is_file() else []
        )  # a line that a crash left incomplete does not count
        words = (line.split(" ") for line in lines)
        return frozenset(w[1] for w in words if len(w) == 2 and w[0] == kind and _NAME.fullmatch(w[1]))

    def note_head(self, store: FileLedger, *, forced: bool = False) -> None:
        """Record the current head. Accept a smaller head than the recorded one, or a missing record, only if `forced`.

        Raises LedgerError (host_record_missing).
        """
        with store.locked():  # no append between reading and noting the head
            head, checkpoint = store.head(), store.checkpoint()
        with self._held():
            known = None if forced and self.malformed() else self.remembered()
            if known is not None and known.size >= head.size and not forced:
                return
            if known is None and self._fixed and head.size and not forced:
                raise LedgerError("host_record_missing")
            boot = boot_id()
            boots = (known.boots if known else 0) + (known is None or known.boot_id != boot)
            remembered = Remembered(
                head.size, head.root.hex(), checkpoint.decode("utf-8"), machine_id(), boot, boots
            )
            write_durably(self._folder / "head.json", dump(remembered))

    def note_gone(self, kind: str, name: str) -> None:
        """Record a name of this kind (see `gone`). The record is on disk when this returns."""
        if name in self.gone(kind):
            return
        with self._held():
            self._drop_incomplete_line()
            descriptor = os.open(self._folder / "gone", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, f"{kind} {name}\n".encode("ascii"))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_folder(self._folder)

    def _drop_incomplete_line(self) -> None:
        path = self._folder / "gone"
        data = path.read_bytes() if path.is_file() else b""
        if data and not data.endswith(b"\n"):
            os.truncate(path, data.rfind(b"\n") + 1)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the writer lock, so that no process replaces a newer head by an older head."""
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(self._folder.parent)
        with lock_file(self._folder / ".lock"):
            yield

    def refuse_rollback(self, store: FileLedger) -> None:
        """Refuse a log that does not extend the recorded head, or whose record is missing.

        Raises ForkError: home_rolled_back, host_record_missing.
        """
        for record in (self, *(HostRecord(folder) for folder in self._others if _is_folder(folder))):
            known = record.remembered()  # read before the head: another process may append in between
            if known is not None and not extends(store, known):
                raise ForkError("home_rolled_back", count=known.size)
        if self.missing(store):
            raise ForkError("host_record_missing")

    def new_here(self, store: FileLedger) -> bool:
        """Return whether a home with a history comes from another machine, or this host has no record of the home."""
        known = self.remembered()
        if known is None:
            return store.head().size > 0
        return known.machine_id != machine_id()


def extends(store: FileLedger, known: Remembered) -> bool:
    """Return whether the log begins with the tree of the recorded head."""
    head = store.head()
    if head.size < known.size:
        return False
    try:
        return known.size == 0 or store.tree(head.size).subtree(0, known.size).hex() == known.root
    except (OSError, ProofError):
        return False
