"""The page on which a practice seals: built from its sources, asking for nothing, and opened by others' tools."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pyrage
import pytest
from support.sealing import ROOT, drive, needs_age, needs_browser, needs_node, served, task

from flows.package.desk import fill_page
from schemas.texts import LANGUAGES
from vault.intake.record import check_number

TEMPLATE = ROOT / "flows" / "package" / "desk.html"
IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())
LATER = "2099-01-01T00:00:00Z"
TITLES = {
    "en": "Seal your export",
    "fr": "Sceller votre export",
    "nl": "Verzegel uw export",
    "de": "Ihren Export versiegeln",
}


def opened(sealed: bytes, tmp_path: Path) -> bytes:
    """By Debian's `age`."""
    key = tmp_path / "key.txt"
    key.write_text(f"{IDENTITY}\n")
    return subprocess.run(["age", "-d", "-i", key], input=sealed, capture_output=True, check=True).stdout


@needs_node
def test_the_committed_page_is_what_its_sources_give(tmp_path):
    made = tmp_path / "made.html"
    subprocess.run(["node", "build.mjs", "desk", made], cwd=ROOT / "desk", check=True)
    assert made.read_bytes() == TEMPLATE.read_bytes()


@pytest.mark.slow
@needs_node
def test_its_sources_hold_to_their_types():
    tsc = ROOT / "desk" / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        ["node", tsc, "--noEmit"], cwd=ROOT / "desk", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_page_names_nothing_to_fetch_and_forbids_it():
    text = fill_page(RECIPIENT, LATER, "fr")
    assert '"recipient":"' + RECIPIENT in text
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    visible = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    assert not re.search(
        r"""(src|href)=["']?(?!#)[^"'> ]""", re.sub(r"<script>.*?</script>", "", visible, flags=re.DOTALL)
    )
    assert not re.search(
        r"https?://(?!www\.w3\.org/2000/svg\b)", visible
    )  # a namespace, which nobody fetches


def test_the_lock_names_no_host_to_fetch_from():
    lock = (ROOT / "desk" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 5


WAYS = ("private", "picker", "memory")


@pytest.fixture(scope="module")
def driven(tmp_path_factory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """Everything that is asked of a browser, in one browser: the folder of what it made, and what each page said."""
    folder = tmp_path_factory.mktemp("driven")
    export = folder / "export"
    (export / "below").mkdir(parents=True)
    for name, size in (("a.xml", 0), ("b.xml", 65536), ("été.xml", 3), ("below/c.xml", (1 << 20) + 5)):
        (export / name).write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    large = folder / "large.xml"
    with large.open("wb") as stream:
        stream.truncate((512 << 20) + 1)  # a hole: takes no room
    for language in TITLES:
        (folder / f"{language}.html").write_text(fill_page(RECIPIENT, LATER, language))
    (folder / "old.html").write_text(fill_page(RECIPIENT, "2020-01-01T00:00:00Z", "en"))
    shutil.copy(TEMPLATE, folder / "empty.html")
    from_disk = (folder / "en.html").as_uri()
    with served(folder) as address:
        tasks = {
            **{w: task(f"{address}/nl.html", export, out=folder / f"{w}.age", way=w) for w in WAYS},
            "disk": task(from_disk, export / "below" / "c.xml", out=folder / "disk.age"),
            "large": task(from_disk, large),
            **{n: task(f"{address}/{n}.html", export) for n in ("old", "empty", *TITLES)},
        }
        return folder, dict(zip(tasks, drive(*tasks.values()), strict=True))


@pytest.mark.slow
@needs_browser
@needs_age
@pytest.mark.parametrize("way", WAYS)
def test_a_folder_is_sealed_as_a_zip_that_others_read(driven, tmp_path, way):
    folder, said = driven
    assert said[way]["number"] == check_number(RECIPIENT)
    assert said[way]["recipient"] == RECIPIENT
    plain = opened((folder / f"{way}.age").read_bytes(), tmp_path)
    with zipfile.ZipFile(BytesIO(plain)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    export = folder / "export"
    expected = {f"export/{p.relative_to(export)}": p.read_bytes() for p in export.rglob("*") if p.is_file()}
    assert found == expected


@pytest.mark.slow
@needs_browser
@needs_age
def test_a_single_file_is_sealed_as_it_is_from_a_page_opened_from_disk(driven, tmp_path):
    folder, said = driven
    plain = opened((folder / "disk.age").read_bytes(), tmp_path)
    assert plain == (folder / "export" / "below" / "c.xml").read_bytes()
    assert said["disk"]["name"] == "export-sealed.age"  # names nobody


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize(
    ("name", "words"), [("large", "512 MB"), ("old", "out of date"), ("empty", "not made for anybody")]
)
def test_a_page_that_cannot_seal_says_why(driven, name, words):
    said = driven[1][name]
    assert words in said["status"]
    assert not said.get("name")


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_it_speaks_the_doctor_s_language(driven, language):
    said = driven[1][language]
    assert (said["language"], said["title"]) == (language, TITLES[language])
    assert said["name"] == "export-sealed.age"
