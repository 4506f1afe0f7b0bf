"""What a person sees on the practice's page: a refusal with its reason and nothing left behind; a zip where there are no folders."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support.practice_page import choose, visit, written
from support.sealing import needs_browser, needs_node
from support.small_package import IDENTITY, OTHER, RECIPIENT, SMALL, Files, package, zipped

from schemas.texts import text
from vault.age.sealing import seal_bytes

pytestmark = [pytest.mark.slow, needs_node, needs_browser]
ENDED = ("ended", "wait", "#opened:not([hidden]), #open-status:not(:empty)")
IN_ENGLISH = ("language", "pick", "language", "en")


def laid_out(folder: Path, files: Files, identity: str = IDENTITY) -> tuple[Path, Path]:
    at, key = folder / "package", folder / "key.txt"
    at.mkdir()
    for name, data in files.items():
        (at / name).write_bytes(data)
    key.write_text(f"# a comment\n{identity}\n")
    return at, key


BROKEN = package(zipped(("patients/a.xml", b"<chart>")), zipped(("../out.xml", b"x")))


@pytest.mark.parametrize(
    ("files", "identity", "code"),
    [
        ({**SMALL, "part-0002.zip.age": SMALL["part-0002.zip.age"][:-1]}, IDENTITY, "part_altered"),
        (SMALL, OTHER, "sealed_part_does_not_open"),
        (BROKEN, IDENTITY, "member_leaves_folder"),
    ],
    ids=["damaged", "foreign", "its second part malicious"],
)
def test_a_refusal_says_its_reason_and_leaves_nothing(tmp_path, files, identity, code):
    at, key = laid_out(tmp_path, files, identity)
    (tmp_path / "import").mkdir()
    said = visit(
        IN_ENGLISH,
        *choose(at, key),
        ("open", "press", "open-folder"),
        ENDED,
        ("told", "text", "open-status"),
        folder=str(tmp_path / "import"),
    )
    assert said["told"].endswith(text("en", f"desk.refusal.{code}"))
    assert written(tmp_path / "import") == {}


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path):
    at, key = laid_out(tmp_path, SMALL)
    (tmp_path / "import").mkdir()
    (tmp_path / "import" / "thesis.txt").write_bytes(b"mine")
    said = visit(
        IN_ENGLISH,
        *choose(at, key),
        ("open", "press", "open-folder"),
        ENDED,
        ("told", "text", "open-status"),
        folder=str(tmp_path / "import"),
    )
    assert said["told"] == text("en", "desk.refusal.into_not_new")
    assert written(tmp_path / "import") == {"thesis.txt": b"mine"}


def test_a_browser_without_folders_saves_a_zip(tmp_path):
    at, key = laid_out(tmp_path, SMALL)
    said = visit(
        IN_ENGLISH,
        *choose(at, key),
        ("open", "press", "open-zip"),
        ENDED,
        ("name", "save", "open-download", str(tmp_path / "import.zip")),
        ("hint", "value", "document.getElementById('open-folder').hidden"),
    )
    assert (said["name"], said["hint"]) == ("import.zip", True)
    with zipfile.ZipFile(tmp_path / "import.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("patients/a.xml") == b"<chart>" * 30
        assert len(archive.namelist()) == 4


def test_what_is_no_challenge_is_not_shown(tmp_path):
    """Else anybody could have a practice open what was sealed to its key, and send it back."""
    secret = b"a patient's record, 64 hex digits beside it: " + b"0" * 64
    (tmp_path / "challenge.age").write_bytes(seal_bytes([RECIPIENT], secret))
    _, key = laid_out(tmp_path, {})
    said = visit(
        IN_ENGLISH,
        ("challenge", "choose", "challenge", str(tmp_path / "challenge.age")),
        ("key", "choose", "challenge-key", str(key)),
        ("told", "wait", "#challenge-status:not(:empty)"),
        ("hold", "hold", 300),
        ("status", "text", "challenge-status"),
        ("page", "value", "document.body.textContent.includes('patient\\'s record')"),
    )
    assert (said["status"], said["page"]) == (text("en", "desk.refusal.challenge_is_none"), False)


def test_a_key_typed_from_the_sheet_opens(tmp_path):
    at, _ = laid_out(tmp_path, SMALL)
    (tmp_path / "import").mkdir()
    groups = " ".join(IDENTITY.lower()[n : n + 8] for n in range(0, len(IDENTITY), 8))
    said = visit(
        IN_ENGLISH,
        ("to open", "click", "to-open"),
        ("package", "choose", "package-folder", str(at)),
        ("unfold", "value", "document.querySelector('#choose details').open = true"),
        ("typed", "fill", "typed-key", groups),
        ("use", "click", "use-typed"),
        ("known", "wait", "#key-chosen:not(:empty)"),
        ("open", "press", "open-folder"),
        ENDED,
        ("told", "text", "open-status"),
        folder=str(tmp_path / "import"),
    )
    assert said["told"] == ""
    assert len(written(tmp_path / "import")) == 4
