"""A sealed home: what is in it, that Debian's age and tar open it, and that one which is not whole restores nothing."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from flows.admin import backup as safekeeping
from flows.session.control import SWEEPER, Control
from schemas.errors import ForkError, OperatorError, PackageError, RepriseError, TargetRefusedError
from trial.home import OPERATORS
from vault.age.sealing import make_identity, open_bytes, seal_bytes
from vault.home.backup import KEPT, LEFT
from vault.home.create import FOLDERS, create_home
from vault.home.host_record import record_folder
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.ledger.home_log import open_store
from vault.records.operators import enrol_operator
from vault.records.subjects import Subjects

NAME = OPERATORS[0]


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    return make_identity()


@pytest.fixture
def home(tmp_path) -> Path:
    home = tmp_path / "home"
    create_home(Home(home), trial=True, origin="test.example/log")
    enrol_operator(Home(home), NAME)
    for _ in range(3):
        Control.open(Home(home), NAME).record(EntryType.SUBJECT_SHOWN, None, "access")
    (home / "staging/some-run").mkdir()
    (home / "staging/some-run/segment").write_bytes(b"sealed")
    (home / "keys/intake.age").write_text("AGE-SECRET-KEY-OF-OTHERS")
    (home / "orders/0011").write_bytes(b"order")
    (home / "subjects/.half.tmp").write_bytes(b"half")
    (home / "foreign").write_bytes(b"?")
    return home


@pytest.fixture
def sealed(home, tmp_path, keys) -> Path:
    found = safekeeping.backup(Control.open(Home(home), NAME), [keys[1]], tmp_path / "home.age")
    assert found["left_out"] == 1, "what nobody knows is left out, and counted"
    return tmp_path / "home.age"


def members(sealed: Path, identity: str) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(open_bytes(sealed.read_bytes(), identity))) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}


def move_to_another_host(home: Path) -> None:
    shutil.rmtree(record_folder(Home(home)), ignore_errors=True)
    shutil.rmtree(home)


def test_every_folder_of_a_home_is_either_kept_or_left():
    tops = {folder.partition("/")[0] for folder in FOLDERS}
    assert tops <= set(KEPT) | LEFT, "a new folder: say in vault/home/backup.py whether a backup holds it"
    assert not set(KEPT) & LEFT


@pytest.mark.skipif(shutil.which("age") is None, reason="age is missing")
def test_debians_age_and_tar_list_it_and_nothing_that_dies_is_in_it(sealed, tmp_path, keys):
    (tmp_path / "id").write_text(keys[0])
    opened = subprocess.run(["age", "-d", "-i", tmp_path / "id", sealed], capture_output=True, check=True)
    listed = (
        subprocess.run(["tar", "t"], input=opened.stdout, capture_output=True, check=True)
        .stdout.decode()
        .split()
    )
    assert listed[0] == "backup.json"
    assert {"site.toml", "id", "keys/site.key", "keys/log.key", "ledger/checkpoint", "ledger/.tree"} <= set(
        listed
    )
    tops = {name.partition("/")[0] for name in listed[1:]}
    assert tops <= set(KEPT)
    assert [n for n in listed if "intake" in n or "lock" in n or n.endswith(".tmp")] == []
    for needle in (b"segment", b"AGE-SECRET-KEY-OF-OTHERS", b"sealed", b"order"):
        assert needle not in opened.stdout
    assert b"trial = true" in opened.stdout
    assert b"trial = true" not in sealed.read_bytes()


def test_what_comes_out_is_what_went_in(home, sealed, tmp_path, keys):
    before = members(sealed, keys[0])
    move_to_another_host(home)
    found = safekeeping.restore(sealed, keys[0], Home(home), NAME)
    assert (found["size"], found["rolled_back"]) == (4, False)
    for name, data in before.items():
        if name.startswith(("subjects/", "keys/", "trust/", "site.toml", "id")):
            assert (home / name).read_bytes() == data, name
    assert Subjects(Home(home)).read(Subjects(Home(home)).identify("operator", NAME)).name == NAME
    told = json.loads(open_store(Home(home)).read(4, 5)[0])
    assert (told["type"], told["code"]) == ("home.restored", "restored")
    assert told["c"]["operator"] != SWEEPER, "whoever restored it answers for it"
    copied = json.loads(open_store(Home(home)).read(3, 4)[0])
    assert (copied["type"], copied["n"]) == ("home.backed_up", {"recipients": 1})
    mark = json.loads((home / "restored.json").read_bytes())
    assert (mark["replayed"], mark["size"]) == (True, 4)
    Control.open(Home(home), NAME).record(EntryType.SUBJECT_SHOWN, None, "access")
    assert open_store(Home(home)).head().size == 6, "forgotten again once"
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.rglob("*"))


def test_a_restore_killed_before_it_forgot_again_does_so_at_the_next_opening(home, sealed, keys, monkeypatch):
    move_to_another_host(home)
    monkeypatch.setattr(
        "flows.admin.backup.Control.open_restored", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        safekeeping.restore(sealed, keys[0], Home(home), NAME)
    monkeypatch.undo()
    assert open_store(Home(home)).head().size == 4
    Control.open_to_look(Home(home))
    assert json.loads(open_store(Home(home)).read(4, 5)[0])["type"] == "home.restored"


def test_nothing_is_restored_of_a_backup_that_is_not_whole(home, sealed, tmp_path, keys):
    whole = sealed.read_bytes()
    move_to_another_host(home)
    damaged = [whole[:cut] for cut in (0, 1, 100, 300, len(whole) // 2, len(whole) - 1)]
    places = (10, 200, 400, len(whole) // 3, len(whole) // 2, len(whole) - 20)
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places]
    damaged.append(whole + b"\0")
    for number, data in enumerate(damaged):
        path = tmp_path / f"{number}.age"
        path.write_bytes(data)
        with pytest.raises(PackageError):
            safekeeping.restore(path, keys[0], Home(home), NAME)
        assert not home.exists(), number
    with pytest.raises(PackageError):
        safekeeping.restore(sealed, make_identity()[0], Home(home), NAME)
    assert not home.exists()


def forge(keys, files: dict[str, bytes | str]) -> bytes:
    """A backup by somebody who knows the recipient: age does not say who sealed. A text is a link to it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(data, str):
                member.type, member.linkname = tarfile.SYMTYPE, data
                tar.addfile(member)
            else:
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return seal_bytes([keys[1]], out.getvalue())


def change(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {**files, name: files[name][:-9] + b"\0" + files[name][-8:]}


@pytest.mark.parametrize(
    "hurt",
    [
        lambda f: {**f, "../outside": b"x"},
        lambda f: {**f, "/etc/outside": b"x"},
        lambda f: {**f, "runs/../../outside": b"x"},
        lambda f: {**f, "staging/run/segment": b"x"},
        lambda f: {**f, "keys/other.key": b"x"},
        lambda f: {**f, "runs/link": "/etc/passwd"},
        lambda f: {k: v for k, v in f.items() if k != "backup.json"},
        lambda f: {k: v for k, v in f.items() if k != "site.toml"},
        lambda f: {k: v for k, v in f.items() if k != "keys/site.key"},
        lambda f: {k: v for k, v in f.items() if k != "ledger/checkpoint"},
        lambda f: {k: v for k, v in f.items() if "tile/entries" not in k},
        lambda f: change(f, next(k for k in f if k.startswith("subjects/") and k.endswith("record"))),
        lambda f: change(f, next(k for k in f if "tile/entries" in k)),
        lambda f: {**f, "backup.json": f["backup.json"].replace(b'"size":4', b'"size":3')},
        lambda _: {},
    ],
)
def test_a_forged_backup_makes_no_home_and_writes_nowhere_else(home, sealed, tmp_path, keys, hurt):
    files = members(sealed, keys[0])
    move_to_another_host(home)
    path = tmp_path / "forged.age"
    path.write_bytes(forge(keys, hurt(files)))
    around = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(RepriseError):
        safekeeping.restore(path, keys[0], Home(home), NAME)
    assert sorted(p.name for p in tmp_path.iterdir()) == around


def test_what_is_refused(home, sealed, tmp_path, keys):
    with pytest.raises(TargetRefusedError, match="home_exists"):
        safekeeping.restore(sealed, keys[0], Home(home), NAME)
    with pytest.raises(ForkError, match="home_lives_here"):
        safekeeping.restore(sealed, keys[0], Home(tmp_path / "second"), NAME)
    assert not (tmp_path / "second").exists()
    before = sealed.read_bytes()
    with pytest.raises(TargetRefusedError, match="backup_exists"):
        safekeeping.backup(Control.open(Home(home), NAME), [keys[1]], sealed)
    assert sealed.read_bytes() == before
    for recipients, code in (([], "no_recipient"), (["age1nonsense"], "recipient_not_age")):
        with pytest.raises(TargetRefusedError, match=code):
            safekeeping.backup(Control.open(Home(home), NAME), recipients, tmp_path / "other.age")
    assert list(tmp_path.glob("*other*")) == []


def test_who_makes_or_restores_a_backup_is_known(home, sealed, tmp_path, keys):
    for name, code in (("", "no_operator"), ("nobody", "operator_not_enrolled")):
        with pytest.raises(OperatorError, match=code):
            safekeeping.backup(Control.open(Home(home), name), [keys[1]], tmp_path / "other.age")
    assert not (tmp_path / "other.age").exists()
    move_to_another_host(home)
    for name, code in (("", "no_operator"), ("nobody", "operator_not_enrolled")):
        with pytest.raises(OperatorError, match=code):
            safekeeping.restore(sealed, keys[0], Home(home), name)
        assert not home.exists()


def test_where_this_host_remembers_more_the_restored_home_waits(home, sealed, keys):
    Control.open(Home(home), NAME).record(EntryType.SUBJECT_SHOWN, None, "access")
    shutil.rmtree(home)
    assert safekeeping.restore(sealed, keys[0], Home(home), NAME)["rolled_back"]
    with pytest.raises(ForkError, match="home_rolled_back"):
        Control.open(Home(home), NAME)
    assert safekeeping.accept_rollback(Home(home), NAME, safekeeping.Reason.DISK_FAILED)["lost"] == 1
    Control.open(Home(home), NAME)
