"""What `reprise open` promises: a new private folder with all of a package in it, or nothing at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from connectors.targets.manifest import build_manifest
from flows.package import open_package as opening
from flows.package.open_package import open_package
from schemas.digests import Digest
from schemas.errors import PackageError, RepriseError
from vault.age.sealing import ciphertext_digest, make_identity, seal_bytes

IDENTITY, RECIPIENT = make_identity()
CANARY = b"Zzcanary, a patient's chart"
BIG = 3 << 20


def package(folder: Path, *parts: dict[str, bytes]) -> Path:
    folder.mkdir()
    rows = []
    for number, members in enumerate(parts, 1):
        made = BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        path = folder / f"part-{number:04}.zip.age"
        path.write_bytes(seal_bytes([RECIPIENT], made.getvalue()))
        found: Digest = ciphertext_digest(path)
        rows.append((path.name, found.size, found.sha256))
    (folder / "manifest.json").write_bytes(build_manifest("profile", {}, rows, "run"))
    return folder


@pytest.fixture
def small(tmp_path) -> Path:
    return package(
        tmp_path / "package", {"patients/a.xml": CANARY, "note.html": b"n"}, {"patients/b.xml": b"b"}
    )


def below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def test_all_of_it_lies_in_a_new_folder_for_this_user_alone(small, tmp_path):
    into = tmp_path / "not" / "yet" / "there"
    os.umask(0o000)
    try:
        opened = open_package(small, IDENTITY, into)
    finally:
        os.umask(0o022)
    assert opened == {"files": 3, "parts": 2, "compared_with_proof": False}
    assert below(tmp_path / "not") == [
        "yet", "yet/there", "yet/there/note.html", "yet/there/patients", "yet/there/patients/a.xml",
        "yet/there/patients/b.xml",
    ]  # fmt: skip
    for path in [into, *into.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_an_empty_folder_is_taken_and_made_private(small, tmp_path):
    (tmp_path / "in").mkdir(mode=0o777)
    open_package(small, IDENTITY, tmp_path / "in")
    assert (tmp_path / "in").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "in" / "patients" / "a.xml").read_bytes() == CANARY


@pytest.mark.parametrize("kind", ["file in it", "file", "link", "link to nothing"])
def test_what_is_there_is_never_written_over(small, tmp_path, kind):
    into, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if kind == "file in it":
        into.mkdir()
        (into / "note.html").write_bytes(b"mine")
    elif kind == "file":
        into.write_bytes(b"mine")
    else:
        into.symlink_to(elsewhere if kind == "link" else tmp_path / "nothing")
    before = below(tmp_path)
    with pytest.raises(PackageError, match="into_not_new"):
        open_package(small, IDENTITY, into)
    assert below(tmp_path) == before
    assert not into.is_dir() or kind == "link" or (into / "note.html").read_bytes() == b"mine"


def test_a_folder_that_fills_while_it_is_opened_is_not_replaced(small, tmp_path, monkeypatch):
    real = opening._unpack

    def and_somebody_writes(*arguments) -> None:
        real(*arguments)
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / "thesis.txt").write_bytes(b"mine")

    monkeypatch.setattr(opening, "_unpack", and_somebody_writes)
    with pytest.raises(RepriseError, match="into_unusable"):
        open_package(small, IDENTITY, tmp_path / "in")
    assert below(tmp_path / "in") == ["thesis.txt"]
    assert not (tmp_path / ".in.opening").exists()


def test_another_folder_put_in_the_place_of_the_one_that_was_filled_is_not_called_opened(
    small, tmp_path, monkeypatch
):
    real = opening._unpack

    def and_somebody_renames(*arguments) -> None:
        real(*arguments)
        if not (tmp_path / "aside").exists():
            (tmp_path / ".in.opening").rename(tmp_path / "aside")
            (tmp_path / ".in.opening").mkdir()
            (tmp_path / ".in.opening" / "forged.xml").write_bytes(b"f")

    monkeypatch.setattr(opening, "_unpack", and_somebody_renames)
    with pytest.raises(RepriseError, match="into_unusable"):
        open_package(small, IDENTITY, tmp_path / "in")
    assert below(tmp_path / "aside") == [], "nothing in clear is left"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"../out.xml": b"x"}, "member_leaves_folder"),
        ({"a": b"x", "a/b": b"x"}, "part_is_no_zip"),
        ({"A.xml": b"x", "a.xml": b"x"}, "member_named_twice"),
    ],
)
def test_a_part_that_fails_leaves_nothing_of_those_before_it(tmp_path, members, code):
    made = package(tmp_path / "package", {"patients/a.xml": CANARY}, members)
    before = below(tmp_path)
    with pytest.raises(PackageError, match=code):
        open_package(made, IDENTITY, tmp_path / "new" / "in")
    assert below(tmp_path) == before


@pytest.mark.parametrize("harm", [lambda d: d[:-1], lambda d: d + b"x", lambda d: bytes([d[0] ^ 1]) + d[1:]])
def test_an_altered_part_leaves_nothing(small, tmp_path, harm):
    part = small / "part-0002.zip.age"
    part.write_bytes(harm(part.read_bytes()))
    with pytest.raises(PackageError, match="part_altered"):
        open_package(small, IDENTITY, tmp_path / "in")
    assert below(tmp_path) == below(tmp_path / "package" / "..")
    assert not list(tmp_path.glob("*in*"))


def test_a_part_exchanged_after_it_was_looked_at_is_not_opened(small, tmp_path, monkeypatch):
    """What was hashed is what is opened, whoever may write where the package lies."""
    real = opening._copied

    def and_exchanged(path, *arguments):
        found = real(path, *arguments)
        forged = BytesIO()
        with zipfile.ZipFile(forged, "w") as archive:
            archive.writestr("forged.xml", b"forged")
        path.write_bytes(seal_bytes([RECIPIENT], forged.getvalue()))
        return found

    monkeypatch.setattr(opening, "_copied", and_exchanged)
    assert open_package(small, IDENTITY, tmp_path / "in")["files"] == 3
    assert "forged.xml" not in below(tmp_path / "in")


def test_nothing_in_clear_is_written_outside_of_the_folder(tmp_path, monkeypatch):
    """Large parts too: the folder for temporary files, and every other, stay as they were. All files have no name or theirs."""
    made = package(tmp_path / "package", {"patients/big.xml": CANARY + bytes(BIG)})
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    opened: list[str] = []

    def note(event: str, arguments: tuple) -> None:
        if event == "open" and noting and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT:
            opened.append(str(arguments[0]))

    noting = True
    sys.addaudithook(note)
    open_package(made, IDENTITY, tmp_path / "in")
    noting = False
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [name for name in opened if "/" in name] == [], "only names relative to a held folder"
    assert sum(name.startswith(".spool-") for name in opened) == 2
    assert below(tmp_path / "in") == ["patients", "patients/big.xml"]


def test_what_a_killed_process_left_is_removed_by_the_next(small, tmp_path):
    waiting = (
        "import sys, time; from pathlib import Path; from flows.package import open_package as p; real = p._unpack\n"
        "def slow(*a):\n    real(*a); print('written', flush=True); time.sleep(60)\n"
        "p._unpack = slow; p.open_package(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", waiting, str(small), IDENTITY, str(tmp_path / "in")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(PackageError, match="into_being_opened"):
            open_package(small, IDENTITY, tmp_path / "in")
        process.send_signal(signal.SIGKILL)
    assert (tmp_path / ".in.opening" / "patients" / "a.xml").is_file()
    assert not (tmp_path / "in").exists(), "half a package has no name"
    assert open_package(small, IDENTITY, tmp_path / "in")["files"] == 3
    assert not (tmp_path / ".in.opening").exists()


def test_another_s_folder_in_the_hidden_place_is_refused(small, tmp_path):
    (tmp_path / ".in.opening").mkdir()
    (tmp_path / ".in.opening").chmod(0o777)
    with pytest.raises(PackageError, match="into_unusable"):
        open_package(small, IDENTITY, tmp_path / "in")
    assert (tmp_path / ".in.opening").is_dir()


def test_the_members_of_a_part_are_counted_before_any_is_held_or_unpacked(small, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "MAX_MEMBERS", 2)
    assert (
        open_package(small, IDENTITY, tmp_path / "as many")["files"] == 3
    )  # two in a part, one in the other
    monkeypatch.setattr(opening, "MAX_MEMBERS", 1)
    monkeypatch.setattr(zipfile.ZipFile, "infolist", lambda _: pytest.fail("all of them are held"))
    with pytest.raises(PackageError, match="part_has_too_many_members") as refused:
        open_package(small, IDENTITY, tmp_path / "too many")
    assert (refused.value.exit_code, refused.value.facts) == (61, {"limit": 1})
    assert not (tmp_path / "too many").exists() and not [
        p for p in tmp_path.iterdir() if p.name.startswith(".")
    ]
