"""Restores a home from its backup: unpacks and fully checks the home before it is usable. Its unfinished runs must be ended."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tomllib
from pathlib import Path

from schemas.errors import ForkError, PackageError, RepriseError, StorageFullError, TargetRefusedError
from schemas.record import load_or_none
from schemas.regular_file import open_regular
from vault.age.sealing import open_stream
from vault.home.backup import KEPT, KEPT_KEYS, MANIFEST, Manifest
from vault.home.create import FOLDERS
from vault.home.host_record import prepare_place
from vault.home.replay import RestoredNote, note_restored
from vault.home_folder import Home
from vault.ledger.audit import audit
from vault.ledger.home_log import load_log_key
from vault.ledger.log import FileLedger
from vault.ledger.notes import VerifierKey
from vault.ledger.policy import format_policy
from vault.records.operators import find_operator
from vault.records.subjects import Subjects
from vault.runs.facts import is_ended
from vault.runs.lease import list_runs, set_unreadable_aside
from vault.site import HOME_ID, state_line
from vault.system.clock import Clock, format_utc
from vault.system.files import FULL, sync_folder, write_durably
from vault.system.host_identity import boot_id, machine_id
from vault.verify import verify

SETTINGS, UNSETTLED = "site.toml", "site.toml.restoring"
_RUN_OVERDUE = "run_overdue"  # no fault of the ledger: time passed since the backup


def restore_backup(
    sealed: Path, identity: str, home: Home, clock: Clock, operator: str
) -> dict[str, int | str]:
    """Unpack a backup into a home that does not exist yet. Return counts.

    The settings are put in place last; a folder without settings is not a home. Raises TargetRefusedError (home_exists),
    ForkError (home_lives_here, or a fault of the ledger), PackageError; OperatorError if the backup has no operator of that name,
    OSError if there is no such file. A refused backup leaves no file.
    """
    if home.path.exists() or home.path.is_symlink():
        raise TargetRefusedError("home_exists")
    with open_regular(sealed):  # fail on a missing file before creating anything
        home.path.mkdir(mode=0o700)
    try:
        manifest, files = _unpack(sealed, identity, home)
        _refuse_second_home(home, manifest)
        proofs = _check(home, manifest, clock)
        find_operator(home, operator)
        _settle(home, manifest, clock)
    except BaseException:
        shutil.rmtree(home.path)
        sync_folder(home.path.parent)
        raise
    return {"files": files, "size": manifest.size, "proofs": proofs, "taken": manifest.at}


def _unpack(sealed: Path, identity: str, home: Home) -> tuple[Manifest, int]:
    files, stated = 0, b""
    try:
        with open_stream(sealed, identity) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isreg() else None
                if stream is None:
                    raise PackageError("backup_holds_no_file")
                if member.name == MANIFEST and not files and not stated:
                    stated = stream.read()
                    continue
                _write(home, member.name, stream.read())
                files += 1
    except (tarfile.TarError, EOFError, OSError) as error:
        full = isinstance(error, OSError) and error.errno in FULL
        unusable = StorageFullError("disk_full") if full else PackageError("backup_unreadable")
        raise unusable from None
    manifest = load_or_none(Manifest, stated)
    if manifest is None or manifest.version != 1:
        raise PackageError("backup_without_manifest")
    return manifest, files


def _write(home: Home, name: str, data: bytes) -> None:
    """Write one member durably. Raises PackageError if its name is none that a backup contains."""
    top, _, rest = name.partition("/")
    foreign_key = top == "keys" and rest not in KEPT_KEYS
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") and part.isprintable() for part in parts)
    if not plain or top not in KEPT or foreign_key:
        raise PackageError("backup_holds_foreign_name")
    path = home.path / (UNSETTLED if name == SETTINGS else name)
    _make_private(home, path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _make_private(home: Home, folder: Path) -> None:
    """Create a folder of the home and its parents, readable only by their owner whatever the umask."""
    for above in reversed([folder, *folder.parents]):
        if above.is_relative_to(home.path):
            above.mkdir(mode=0o700, exist_ok=True)


def _refuse_second_home(home: Home, manifest: Manifest) -> None:
    """Refuse a restore while the original home exists, because both would sign ledgers of one name. Raises ForkError."""
    original = Path(manifest.path)
    mark = original / HOME_ID
    same_machine = manifest.machine == machine_id() and original != home.path
    if (
        same_machine
        and mark.is_file()
        and mark.read_text(encoding="ascii", errors="replace").strip() == manifest.home
    ):
        raise ForkError("home_lives_here")


def _check(home: Home, manifest: Manifest, clock: Clock) -> int:
    """Check that the ledger is valid and has the head of the manifest, every record opens, and every proof verifies.

    Return the number of proofs. Raises PackageError, ForkError.
    """
    try:
        origin = str(tomllib.loads((home.path / UNSETTLED).read_text(encoding="utf-8"))["origin"])
        store = FileLedger(home.ledger, origin, load_log_key(home))
        subjects = Subjects(home)
        opened = all(
            subjects.read(subject) is not None for subject in subjects.ids() if _has_key(home, subject)
        )
    except (OSError, ValueError, KeyError, RepriseError):
        opened = False
    if not opened:
        raise PackageError("backup_not_whole")
    faults = audit(home.ledger, VerifierKey.parse(store.vkey), clock.now())
    faults = [fault for fault in faults if fault != _RUN_OVERDUE]
    if faults:
        raise ForkError(faults[0], count=len(faults))
    head = store.head()
    if (head.size, head.root.hex()) != (manifest.size, manifest.root):
        raise ForkError("log_differs_from_head", count=head.size)
    ended = [path.name for path in sorted((home.runs).glob("*")) if is_ended(home, path.name)]
    policy = format_policy(store.vkey)
    for run in ended:
        if verify(home.proof(run), policy)[0]:
            raise PackageError("proof_does_not_verify", run=run)
    return len(ended)


def _has_key(home: Home, subject: str) -> bool:
    return (home.subjects / subject / "key").is_file()


def _fix_place(home: Home) -> None:
    """Set the folder of this host's record in the settings: the folder of the backup's settings, if this host can create it."""
    text = (home.path / UNSETTLED).read_text(encoding="utf-8")
    settings = tomllib.loads(text)
    if settings.get("trial"):
        return
    place = prepare_place(home.id, settings.get("state"))
    if settings.get("state") != str(place):
        others = re.sub(r"(?m)^state\s*=.*\n?", "", text)
        write_durably(home.path / UNSETTLED, (state_line(place) + others).encode())


def _settle(home: Home, manifest: Manifest, clock: Clock) -> None:
    """Save leases with this home's folders and no owner, write the note of the restore, then put the settings in place."""
    for folder in FOLDERS:
        _make_private(home, home.path / folder)
    _fix_place(home)
    set_unreadable_aside(home)
    for lease in list_runs(home):
        lease.update(home, data_pid=None, owner_pid=0, owner_started=0)
    note_restored(
        home,
        RestoredNote(
            at=format_utc(clock.now()),
            boot_id=boot_id(),
            machine=machine_id(),
            taken=manifest.at,
            size=manifest.size,
            root=manifest.root,
        ),
    )
    for root, _, _ in os.walk(home.path):
        sync_folder(Path(root))
    os.rename(home.path / UNSETTLED, home.settings)
    sync_folder(home.path)
    sync_folder(home.path.parent)
