"""Destroys the key and the staging of a run, and checks that they are gone. Every step can be repeated.

The sequence: the intent, with an inventory, is recorded; some segments are opened with the key (positive control); the data
process is ended; the key is destroyed; the same segments no longer open; everything in the run's folders is unlinked; the absence
of every file is checked. The caller records intent and outcome in the ledger. The evidence states the result of each check.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from schemas.record import dump
from vault.age.sealing import ciphertext_digest
from vault.authorisation.register import clear_was_seen
from vault.home_folder import Home
from vault.intake.record import Intake, destroy_identity, intake_of
from vault.keys.linux_keyring import KernelKeyring
from vault.keys.provider import KEY_GONE, KeyRef, KeyState
from vault.keys.registry import provider
from vault.runs.facts import StagedFile, Verification
from vault.runs.lease import Lease, Locality, data_process_ended, end_data_process, locality
from vault.staging.ownership import NAME as MARK
from vault.staging.probe import ProbeOrder
from vault.system.child_process import run_python
from vault.system.files import sync_folder


@dataclass(frozen=True)
class IntakeEvidence:
    """The evidence about the intake whose identity opened the run's source."""

    provider: str
    key_state: str
    only_key: bool  # whether the source was sealed only to that identity
    clear_seen: bool = False  # whether any run of the instruction found a clear export

    def encrypted_always(self) -> bool:
        """Return whether the source can no longer be opened.

        It was never found in clear, and its only key was in the keyring and is gone.
        """
        sealed = self.only_key and not self.clear_seen
        return self.provider == KernelKeyring.name and sealed and self.key_state in KEY_GONE


@dataclass(frozen=True)
class DestructionEvidence:
    """The evidence of a run's destruction."""

    files: int
    bytes: int
    opened_before: int  # segments that the key opened before its destruction; 0: the key was already gone
    key_state: str
    verification: Verification
    intake: IntakeEvidence | None = None


def inventory_staging(lease: Lease) -> list[StagedFile]:
    """Return every file of any kind, and every link, in the run's folders."""
    staged_files: list[StagedFile] = []
    for folder in lease.folders:
        for path in sorted(_files(folder)):
            # a name that is not UTF-8 could be neither stored nor stated
            name = os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")
            if path.is_symlink() or not path.is_file():
                staged_files.append(StagedFile(name, 0, ""))
            else:
                staged_files.append(_staged(path, name))
    return staged_files


def _staged(path: Path, name: str) -> StagedFile:
    try:
        sha256, size = ciphertext_digest(path)
    except OSError:  # a broken disk must not prevent destruction: the file is destroyed without its digest
        return StagedFile(name, path.lstat().st_size, "")
    return StagedFile(name, size, sha256)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir() or folder.is_symlink():
        return [folder] if folder.exists() or folder.is_symlink() else []
    return [
        Path(root) / name
        for root, folders, names in os.walk(folder)
        for name in [*names, *_links(root, folders)]
    ]


def _links(root: str, folders: list[str]) -> list[str]:
    return [name for name in folders if (Path(root) / name).is_symlink()]


def key_of(lease: Lease) -> KeyRef | None:
    """Return the run's key, from the lease; found by the run's id if a crash came before the lease recorded the key."""
    if lease.key_ref is not None or lease.provider != KernelKeyring.name:
        return lease.key_ref
    return KernelKeyring().find(lease.run_id)


def probe(lease: Lease, segments: int = 12) -> int:
    """Return the number of sealed segments, of at most `segments`, that open with the run's key; -1 if none can.

    A separate, short process tries them.
    """
    ref = key_of(lease)
    if ref is None:
        return -1
    order = ProbeOrder(ref, lease.staging, lease.run_id, segments)
    done = run_python("vault.staging.probe", dump(order).decode())
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else -1


def destroy_run(
    home: Home, lease: Lease, inventory: list[StagedFile], opened_before: int
) -> DestructionEvidence:
    """Destroy key and files of a run, and the identity of its intake; check that they are gone. It can be repeated.

    For a run of another host (`vault.runs.lease.Locality`), neither key nor process can be checked; these checks are then false.
    """
    end_data_process(lease)
    ended = data_process_ended(lease)
    state = _destroy_key(lease)
    intake = intake_of(home, lease)
    identity = _destroy_identity(home, lease, intake) if intake else KeyState.ABSENT
    fails = probe(lease) < 0
    for folder in lease.folders:
        with contextlib.suppress(OSError):  # the next check finds what is left
            remove(folder)
    absent = not lease.has_files
    return DestructionEvidence(
        files=len(inventory),
        bytes=sum(file.size for file in inventory),
        opened_before=max(opened_before, 0),
        key_state=state.value,
        verification=Verification({state, identity} <= KEY_GONE, fails, absent, ended),
        intake=_intake_evidence(home, lease, intake, identity),
    )


def _intake_evidence(
    home: Home, lease: Lease, intake: Intake | None, state: KeyState
) -> IntakeEvidence | None:
    if intake is None:
        return None
    seen = clear_was_seen(home, lease.authorisation_id)
    return IntakeEvidence(intake.provider, state.value, bool(intake.only_key), seen)


def _destroy_identity(home: Home, lease: Lease, intake: Intake) -> KeyState:
    if locality(lease) is Locality.FOREIGN_HOST:
        return KeyState.NOT_OBSERVABLE
    return destroy_identity(home, intake)


def _destroy_key(lease: Lease) -> KeyState:
    if locality(lease) is Locality.FOREIGN_HOST:
        return KeyState.NOT_OBSERVABLE  # a key of this name on this host would be another run's
    ref = key_of(lease)
    if ref is None:
        return KeyState.ABSENT
    keys = provider(lease.provider)
    keys.destroy(ref)
    return keys.state(ref)


def remove(folder: Path) -> None:
    """Unlink a file, a link, or a folder with everything in it. Links are never followed."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)
    if folder.parent.is_dir():
        sync_folder(folder.parent)


def destroy_stray(folder: Path) -> tuple[int, int]:
    """Destroy a marked folder that belongs to no lease, and a kernel key of its name. Return its numbers of files and bytes."""
    paths = [path for path in _files(folder) if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in paths)
    ref = KernelKeyring().find(folder.name)
    if ref is not None:
        KernelKeyring().destroy(ref)
    _remove_marked(folder)
    return len(paths), size


def _remove_marked(folder: Path) -> None:
    """Remove a folder, its mark last, so that after an interruption the folder can still be identified as this home's."""
    for path in folder.iterdir():
        if path.name != MARK:
            remove(path)
    remove(folder)
