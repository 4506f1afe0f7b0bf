"""What lies beside the sealed parts: a README in four languages and the practice's page, both in the manifest."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from support.whole_run import WholeRun

from flows.package.desk import NAME, desk_page, fill_page
from flows.package.open_package import open_package
from flows.package.readme import NAME as README
from flows.package.readme import readme
from schemas.errors import PackageError
from schemas.texts import LANGUAGES, text
from trial.practice.write import write_practice


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_says_all_in_four_languages_the_doctor_s_first(language):
    data = readme("RUN-1", "The Processor", language)
    said = data.decode("utf-8-sig").replace("\r\n", " ")
    assert data.count(b"\n") == data.count(b"\r\n") > 20
    first, *others = sorted(LANGUAGES, key=lambda each: each != language)
    assert said.startswith(text(first, "package.readme.title"))
    assert all(text(each, "package.readme.title") in said for each in others)
    assert said.count("RUN-1") == said.count("The Processor") == said.count("desk.html") == 4


def test_a_page_is_filled_in_without_a_change_of_its_program():
    filled = fill_page("age1x", "2099-01-01T00:00:00Z", "nl")
    assert filled.replace('{"recipient":"age1x","until":"2099-01-01T00:00:00Z","language":"nl"}', "") == (
        desk_page().decode().replace('{"recipient":"","until":"","language":""}', "")
    )
    assert filled != desk_page().decode()


@pytest.mark.slow
def test_a_package_holds_both_and_its_manifest_lists_them(tmp_path):
    write_practice(tmp_path / "export", patients=2)
    case = WholeRun(tmp_path / "trial", tmp_path / "export", language="de")
    assert case.start().state == "certified"
    (package,) = case.destination.glob("reprise-*")
    manifest = json.loads((package / "manifest.json").read_bytes())
    listed = {row["name"]: (row["bytes"], row["sha256"]) for row in manifest["beside"]}
    found = {name: (package / name).read_bytes() for name in (README, NAME)}
    assert listed == {name: (len(data), sha256(data).hexdigest()) for name, data in found.items()}
    assert found[NAME] == desk_page()
    assert found[README] == readme(case.run_id, "Reprise trial", "de")
    assert {path.name for path in package.iterdir()} == {
        "manifest.json", README, NAME, *(row["name"] for row in manifest["parts"]),
    }  # fmt: skip
    identity = (tmp_path / "trial" / "identity.age").read_text()
    open_package(package, identity, tmp_path / "in")
    (package / NAME).write_bytes(found[NAME] + b" ")
    with pytest.raises(PackageError, match="beside_altered"):
        open_package(package, identity, tmp_path / "again")
    assert not (tmp_path / "again").exists()
