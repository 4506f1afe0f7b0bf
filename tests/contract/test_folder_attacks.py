"""What the owner of a destination folder can do to the user who delivers there: nothing but lose what was delivered."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.destinations.base import MANIFEST, bring
from connectors.destinations.folder import FolderDestination
from connectors.destinations.held_folder import HeldFolder
from connectors.targets.manifest import build_manifest
from schemas.digests import stream_digest
from schemas.errors import IntegrityError, TargetError

RUN, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
HIDDEN, PACKAGE = f".reprise-{RUN}.incoming", f"reprise-{RUN}"
NAME = "part-0001.zip.age"
OWNER = 40_123
"""A user id that nobody on a test machine has; this process must be root to act as him."""


def as_owner(code: str) -> None:
    """Run a few statements of Python as the owner of the destination."""
    command = [sys.executable, "-I", "-c", f"import os\nos.setuid({OWNER})\n{code}"]
    subprocess.run(command, check=True, cwd="/")


@pytest.fixture
def drop(tmp_path) -> Path:
    """A folder of another user, who may do with it what he likes."""
    if os.geteuid() != 0:
        pytest.fail("this test needs root, to act as two users")
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/") and folder.stat().st_uid == 0 and folder != Path("/tmp"):
            folder.chmod(0o755)
    made = tmp_path / "drop"
    made.mkdir()
    os.chown(made, OWNER, OWNER)
    made.chmod(0o777)
    return made


@pytest.fixture
def sealed(tmp_path) -> Path:
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o700)
    (folder / NAME).write_bytes(os.urandom(100_000))
    (folder / MANIFEST).write_bytes(manifest(folder, RUN))
    return folder


@pytest.fixture
def victim(tmp_path) -> Path:
    """Files of the delivering user, among them one of a name that packages have."""
    folder = tmp_path / "victim"
    folder.mkdir(mode=0o700)
    for name in ("id_ed25519", "thesis.txt", NAME, MANIFEST):
        (folder / name).write_bytes(b"mine")
    return folder


def digest(path: Path):
    with open(path, "rb") as stream:
        return stream_digest(stream)


def manifest(folder: Path, run: str) -> bytes:
    found = digest(folder / NAME)
    return build_manifest("profile", {}, [(NAME, found.size, found.sha256)], run)


def bring_part(place: FolderDestination, sealed: Path) -> None:
    bring(place, sealed / NAME, NAME, digest(sealed / NAME))


def publish(place: FolderDestination, sealed: Path) -> None:
    place.publish(sealed / MANIFEST, frozenset({NAME}))


def intact(victim: Path) -> bool:
    return {p.name: p.read_bytes() for p in victim.iterdir()} == dict.fromkeys(
        ("id_ed25519", "thesis.txt", NAME, MANIFEST), b"mine"
    )


def test_a_link_put_in_the_place_of_the_growing_folder_has_no_effect(drop, sealed, victim):
    place = FolderDestination(drop, RUN)
    bring_part(place, sealed)
    as_owner(f"os.rename('{drop}/{HIDDEN}', '{drop}/stolen'); os.symlink('{victim}', '{drop}/{HIDDEN}')")
    publish(place, sealed)
    assert (drop / PACKAGE / NAME).read_bytes() == (sealed / NAME).read_bytes()
    assert intact(victim)
    with pytest.raises(TargetError, match="destination_no_folder"):
        place.discard()  # the package goes; that something may be left is said
    assert not (drop / PACKAGE).exists()
    assert intact(victim)


@pytest.mark.parametrize("name", [HIDDEN, PACKAGE])
def test_a_link_that_waits_is_refused_and_what_it_names_is_left_alone(drop, sealed, victim, name):
    as_owner(f"os.symlink('{victim}', '{drop}/{name}')")
    place = FolderDestination(drop, RUN)
    for act in (
        lambda: place.put(sealed / NAME, NAME),
        lambda: place.publish(sealed / MANIFEST, frozenset()),
        place.discard,
    ):
        with pytest.raises(TargetError, match=r"destination_no_folder"):
            act()
            place.published()
    assert intact(victim)


@pytest.mark.parametrize("name", [HIDDEN, PACKAGE])
def test_a_folder_of_the_owner_s_is_not_filled(drop, sealed, name):
    as_owner(f"os.mkdir('{drop}/{name}', 0o777); os.chmod('{drop}/{name}', 0o777)")
    place = FolderDestination(drop, RUN)
    with pytest.raises(TargetError, match="destination_not_private"):
        bring_part(place, sealed)
        publish(place, sealed)
    assert list((drop / name).iterdir()) == []


def test_bytes_swapped_in_a_folder_of_the_owner_s_are_never_published(drop, sealed):
    """He puts a folder of his own in the place of the one that was filled, and his own bytes into it."""
    place = FolderDestination(drop, RUN)
    bring_part(place, sealed)
    as_owner(
        f"os.rename('{drop}/{HIDDEN}', '{drop}/stolen'); os.makedirs('{drop}/{HIDDEN}/{PACKAGE}');"
        f"open('{drop}/{HIDDEN}/{PACKAGE}/{NAME}', 'wb').write(b'forged')"
    )
    publish(place, sealed)
    assert (drop / PACKAGE / NAME).read_bytes() == (sealed / NAME).read_bytes()


def test_a_package_exchanged_in_the_moment_of_publication_is_not_called_delivered(drop, sealed, monkeypatch):
    place = FolderDestination(drop, RUN)
    bring_part(place, sealed)
    rename = os.rename

    def and_then_exchanged(*arguments, **named) -> None:
        rename(*arguments, **named)
        as_owner(f"os.rename('{drop}/{PACKAGE}', '{drop}/stolen'); os.mkdir('{drop}/{PACKAGE}')")

    monkeypatch.setattr(os, "rename", and_then_exchanged)
    with pytest.raises(TargetError, match="destination_lies"):
        publish(place, sealed)


@pytest.mark.parametrize("state", ["published", "growing"])
@pytest.mark.parametrize("name", [HIDDEN, PACKAGE])
def test_another_run_s_files_are_not_removed_under_this_run_s_name(drop, sealed, state, name):
    (sealed / MANIFEST).write_bytes(manifest(sealed, OTHER))
    other = FolderDestination(drop, OTHER)
    bring_part(other, sealed)
    if state == "published":
        publish(other, sealed)
    found = f"reprise-{OTHER}" if state == "published" else f".reprise-{OTHER}.incoming"
    as_owner(f"os.rename('{drop}/{found}', '{drop}/{name}')")
    before = sorted(path for path in drop.rglob("*") if path.is_file())
    assert before
    for act in (FolderDestination.discard, bring_part, publish, FolderDestination.discard):
        place = FolderDestination(drop, RUN)
        arguments = (sealed,) if act in (bring_part, publish) else ()
        try:
            act(place, *arguments)
        except TargetError:
            continue
    assert [path for path in before if not path.is_file()] == []


@pytest.mark.parametrize("name", ["../../victim/thesis.txt", "/etc/nothing", "..", ".", "", "a\0b", "\ud800"])
def test_a_manifest_that_names_files_elsewhere_removes_none(tmp_path, sealed, victim, name):
    """Where a file system shows another's files as this user's, a manifest may be another's."""
    package = tmp_path / "out" / PACKAGE
    package.mkdir(parents=True, mode=0o700)
    (package / MANIFEST).write_text(json.dumps({"run": RUN, "parts": [{"name": name}]}))
    with pytest.raises(TargetError, match="package_altered"):
        FolderDestination(tmp_path / "out", RUN).discard()
    assert intact(victim)
    assert (package / MANIFEST).is_file()


def test_the_destination_itself_may_be_no_link(drop, sealed, victim, tmp_path):
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(TargetError, match="destination_no_folder"):
        FolderDestination(tmp_path / "link", RUN).try_out()
    with pytest.raises(TargetError, match="destination_missing"):
        FolderDestination(tmp_path / "nothing", RUN).put(sealed / NAME, NAME)
    assert not (tmp_path / "nothing").exists(), "a disk that is not mounted is not written under"


def test_a_fifo_in_a_package_is_not_waited_for(tmp_path, sealed):
    (tmp_path / "own").mkdir()
    place = FolderDestination(tmp_path / "own", RUN)
    bring_part(place, sealed)
    publish(place, sealed)
    (tmp_path / "own" / PACKAGE / NAME).unlink()
    os.mkfifo(tmp_path / "own" / PACKAGE / NAME)
    with pytest.raises(TargetError, match="destination_unusable"):
        place.digest(NAME, 1 << 20)


def test_a_folder_that_others_may_write_is_no_place_for_files_to_arrive(tmp_path, sealed):
    (tmp_path / HIDDEN).mkdir()
    (tmp_path / HIDDEN).chmod(0o777)
    with pytest.raises(TargetError, match="destination_not_private"):
        FolderDestination(tmp_path, RUN).put(sealed / NAME, NAME)


def test_what_no_longer_is_what_was_sealed_here_is_told_from_a_destination_that_lies(tmp_path, sealed):
    was = digest(sealed / NAME)
    (sealed / NAME).write_bytes(b"another")
    with pytest.raises(IntegrityError, match="sealed_part_altered"):
        bring(FolderDestination(tmp_path, RUN), sealed / NAME, NAME, was)


def test_a_crash_right_after_publication_leaves_nothing_beside_the_package(tmp_path, sealed, monkeypatch):
    (tmp_path / "own").mkdir()
    place = FolderDestination(tmp_path / "own", RUN)
    bring_part(place, sealed)
    with monkeypatch.context() as patch:
        patch.setattr(FolderDestination, "_drop_hidden", lambda _: None)
        publish(place, sealed)
    assert (tmp_path / "own" / HIDDEN).is_dir()
    FolderDestination(tmp_path / "own", RUN).tidy()
    assert [path.name for path in (tmp_path / "own").iterdir()] == [PACKAGE]


def test_of_two_folders_the_second_of_which_cannot_be_made_none_stays(tmp_path, monkeypatch):
    real, made = HeldFolder.make, []

    def make_one(self, name):
        made.append(name)
        if len(made) > 1:
            raise OSError(errno.EIO, "injected")
        return real(self, name)

    monkeypatch.setattr(HeldFolder, "make", make_one)
    with pytest.raises(TargetError):
        FolderDestination(tmp_path, RUN).try_out()
    assert len(made) == 2
    assert list(tmp_path.iterdir()) == []
