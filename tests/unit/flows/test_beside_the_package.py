"""What lies beside the sealed parts, with its digests in the manifest: a README, the practice's page, the description."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from support.whole_run import WholeRun

from connectors.targets.manifest import build_manifest
from flows.package.description import DATA, PAGE, description_files, description_page, read_description
from flows.package.desk import NAME, desk_page, fill_page
from flows.package.open_package import open_package
from flows.package.readme import NAME as README
from flows.package.readme import readme
from schemas.errors import PackageError
from schemas.texts import LANGUAGES, text
from trial.practice.write import write_practice
from vault.instruction.acceptance import NAME as ACCEPTANCE

FILES = description_files("p", "nl", {"charts": 1})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_says_all_in_four_languages_the_doctor_s_first(language):
    data = readme("RUN-1", "The Processor", language)
    said = data.decode("utf-8-sig").replace("\r\n", " ")
    assert data.count(b"\n") == data.count(b"\r\n") > 20
    first, *others = sorted(LANGUAGES, key=lambda each: each != language)
    assert said.startswith(text(first, "package.readme.title"))
    assert all(text(each, "package.readme.title") in said for each in others)
    assert said.count("RUN-1") == said.count("The Processor") == 4
    assert said.count("desk.html") == said.count("acceptance.pdf") + 4 == 8


def test_a_page_is_filled_in_without_a_change_of_its_program():
    filled = fill_page("age1x", "2099-01-01T00:00:00Z", "nl")
    assert filled.replace('{"recipient":"age1x","until":"2099-01-01T00:00:00Z","language":"nl"}', "") == (
        desk_page().decode().replace('{"recipient":"","until":"","language":""}', "")
    )
    assert filled != desk_page().decode()


@pytest.mark.slow
def test_a_package_holds_them_and_its_manifest_lists_them(tmp_path):
    write_practice(tmp_path / "export", patients=2)
    case = WholeRun(tmp_path / "trial", tmp_path / "export", language="de")
    assert case.start().state == "certified"
    (package,) = case.destination.glob("reprise-*")
    manifest = json.loads((package / "manifest.json").read_bytes())
    listed = {row["name"]: (row["bytes"], row["sha256"]) for row in manifest["beside"]}
    found = {name: (package / name).read_bytes() for name in (README, NAME, PAGE, DATA, ACCEPTANCE)}
    assert listed == {name: (len(data), sha256(data).hexdigest()) for name, data in found.items()}
    assert found[NAME] == desk_page()
    assert found[README] == readme(case.run_id, "Reprise trial", "de")
    assert {path.name for path in package.iterdir()} == {
        "manifest.json", *found, *(row["name"] for row in manifest["parts"]),
    }  # fmt: skip
    described = read_description(package)
    assert (described.run, dict(described.counts)) == (case.run_id, manifest["counts"])
    assert found[PAGE] == description_page(described, "de")
    printed = case.reprise("describe", str(package), "--json")
    told = json.loads(printed.stdout.splitlines()[-1])
    assert told["description"] == json.loads(found[DATA])
    assert told["counts"] == manifest["counts"]
    page = tmp_path / "page.html"
    assert (
        case.reprise("describe", package, "--page", tmp_path / "page.html", "--language", "de").returncode
        == 0
    )
    assert page.read_bytes() == found[PAGE]
    identity = (tmp_path / "trial" / "identity.age").read_text()
    open_package(package, identity, tmp_path / "in")
    (package / NAME).write_bytes(found[NAME] + b" ")
    with pytest.raises(PackageError, match="beside_altered"):
        open_package(package, identity, tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.fixture
def described(tmp_path):
    """A package with its description alone beside a part that is not there."""

    def write(**changed: bytes | None) -> Path:
        files = {name: changed.get(name.partition(".")[2], data) for name, data in FILES.items()}
        listed = [(n, len(d), sha256(d).hexdigest()) for n, d in files.items() if d is not None]
        parts = [("part-0001.zip.age", 1, "0" * 64)]
        (tmp_path / "manifest.json").write_bytes(build_manifest("p", {"charts": 1}, parts, "r", listed))
        for name, data in files.items():
            if data is not None:
                (tmp_path / name).write_bytes(data)
        return tmp_path

    return write


def test_a_description_is_read_without_the_sealed_parts(described):
    found = read_description(described())
    assert (found.run, dict(found.counts), found.description.profile) == ("r", {"charts": 1}, "p")
    assert FILES[PAGE] == description_page(found, "nl")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"json": None}, "description_missing"),
        ({"json": b'{"version":2}'}, "package_version_unknown"),
        ({"json": b"\xff"}, "package_version_unknown"),
    ],
)
def test_a_description_that_is_none_is_refused(described, changed, code):
    with pytest.raises(PackageError, match=code):
        read_description(described(**changed))


def test_an_exchanged_description_is_refused(described):
    package = described()
    (package / DATA).write_bytes(FILES[DATA].replace(b"REPRISE-FILLED", b"REPRISE-FOUND!"))
    with pytest.raises(PackageError, match="beside_altered"):
        read_description(package)
