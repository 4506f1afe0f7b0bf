"""The page that checks proofs, opened in a real browser with its network off: by drop, zip and folder, and as a stranger would."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from support.sealing import ROOT, needs_browser, needs_node
from support.whole_run import WholeRun

from schemas.texts import LANGUAGES, text
from trial.practice.write import write_practice
from vault.proof.programs import VERIFIER, program_digests, verify_page
from vault.verify import packed, read_folder

PAGE = ROOT / "vault" / "proof" / "pages" / "verify.html"
VECTOR = ROOT / "tests" / "vectors" / "release-2"
STEPS = 11
SHOTS = os.environ.get("REPRISE_SHOTS")
"""A folder to leave pictures in, for somebody to look at."""


def drive(tmp_path: Path, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """Do it in one browser; gives what each page said. None may ask for anything, or complain."""
    (tmp_path / "tasks.json").write_text(json.dumps([{"url": f"file://{PAGE}", **task} for task in tasks]))
    words = ["node", "drive/verify.mjs", str(tmp_path / "tasks.json")]
    done = subprocess.run(words, cwd=ROOT / "desk", capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    said: list[dict[str, Any]] = json.loads(done.stdout)
    assert [(one["requested"], one["complaints"]) for one in said] == [([], [])] * len(tasks)
    return said


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> dict[str, str]:
    """A proof of a former release as folder and zip, with one file altered, and one with HTML in a name."""
    folder = tmp_path_factory.mktemp("given")
    with tarfile.open(VECTOR / "home.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    run = json.loads((VECTOR / "runs.json").read_text())["published"]
    proof = folder / "home" / "runs" / run / "proof"
    files = read_folder(proof)
    html = {**files, "authorisation/crls-<img src=x onerror=document.title=1>": b"x"}
    for name, held in {"true": files, "bad": {**files, "README.txt": b"x"}, "html": html}.items():
        (folder / f"{name}.zip").write_bytes(packed(held))
    (folder / "bomb.zip").write_bytes(b"PK\3\4" + bytes(18) + b"\xff" * 4 + bytes(8) + b"x" * 100)
    with (folder / "huge.zip").open("wb") as stream:
        stream.truncate(5 << 30)
    named = {name: str(folder / f"{name}.zip") for name in ("true", "bad", "html", "bomb", "huge")}
    return {**named, "folder": str(proof), "run": run, "policy": str(VECTOR / "policy.txt")}


def checked(given: dict[str, str], verb: str, place: str, what: str, *more: list[str]) -> list[list[str]]:
    return [
        ["in", verb, place, given[what]],
        ["chosen", "wait", "#found:not(:empty)"],
        ["anchor", "choose", "policy-file", given["policy"]],
        *more,
        ["check", "click", "check"],
        ["told", "wait", "#verdict"],
        ["verdict", "text", "verdict"],
        ["result", "text", "result"],
        ["passed", "count", "li.passed"],
    ]


@needs_node
def test_the_committed_page_is_what_its_sources_give(tmp_path):
    made = tmp_path / "made.html"
    subprocess.run(["node", "build.mjs", "verify", made], cwd=ROOT / "desk", check=True)
    assert made.read_bytes() == verify_page()


def test_the_page_names_nothing_to_fetch_and_forbids_it():
    page = verify_page().decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src" not in policy
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page)
    assert "innerHTML" not in page


@needs_browser
def test_every_way_in_gives_the_same_answer(given, tmp_path):
    ways = [
        ("choose", "zip", "true"),
        ("choose", "folder", "folder"),
        ("drop", "drop", "true"),
        ("drop", "drop", "folder"),
    ]
    tasks = [{"steps": checked(given, *way)} for way in ways]
    older = [{"steps": tasks[0]["steps"], "without": [what]} for what in ("Ed25519", "subtle")]
    said = drive(tmp_path, *tasks, *older)
    assert {one["verdict"] for one in said} == {text("fr", "verify.verdict.accepted")}
    assert {one["passed"] for one in said} == {STEPS}
    read = [one["result"].replace("\N{NO-BREAK SPACE}", " ") for one in said]  # French: before a colon
    assert all(given["run"] in result and text("fr", "certificate.trial") in result for result in read)


@needs_browser
def test_what_is_false_large_or_hostile_is_refused_in_words(given, tmp_path):
    names = ("bad", "html", "bomb", "huge")
    tasks = [
        {"steps": [*checked(given, "choose", "zip", name), ["images", "count", "img"]]} for name in names
    ]
    other = [["p", "fill", "policy", "log x"]]
    tasks.append({"steps": checked(given, "choose", "zip", "true", *other)})
    said = drive(tmp_path, *tasks)
    assert {one["verdict"] for one in said} == {text("fr", "verify.verdict.refused")}
    codes = [
        "file_altered",
        "files_added_or_missing",
        "folder_too_large",
        "folder_too_large",
        "folder_malformed",
    ]
    assert [
        one["result"].split(f"{text('fr', 'verify.refused.code', code='')}")[1].split()[0] for one in said
    ] == codes
    assert [one.get("images", 0) for one in said] == [0] * 5
    assert [one["passed"] for one in said] == [1, 1, 0, 0, 0]


@needs_browser
def test_without_a_policy_it_says_that_nothing_is_anchored(given, tmp_path):
    steps = [["in", "choose", "zip", given["true"]], ["c", "click", "check"], ["w", "wait", "#verdict"]]
    (said,) = drive(
        tmp_path, {"steps": [*steps, ["verdict", "text", "verdict"], ["good", "count", ".verdict.good"]]}
    )
    assert (said["verdict"], said["good"]) == (text("fr", "verify.verdict.unanchored"), 0)


@needs_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_accessible_and_fits_in_each_language(given, language, tmp_path):
    tasks = []
    for width, scheme, what in ((1280, "light", "true"), (390, "dark", "true"), (390, "light", "bad")):
        shot = [["shot", "shot", f"{SHOTS}/verify-{language}-{width}-{scheme}-{what}.png"]] if SHOTS else []
        first = [["language", "pick", "language", language], ["before", "axe"]]
        after = [
            ["after", "axe"],
            ["wide", "wide"],
            ["lang", "value", "document.documentElement.lang"],
            *shot,
        ]
        tasks.append(
            {
                "width": width,
                "scheme": scheme,
                "steps": [*first, *checked(given, "choose", "zip", what), *after],
            }
        )
    said = drive(tmp_path, *tasks)
    assert [(one["before"], one["after"], one["wide"], one["lang"]) for one in said] == [
        ([], [], 0, language)
    ] * 3


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stranger_follows_the_words_of_the_printed_certificate(language, tmp_path):
    """With the paper, a zip, a page and a policy from elsewhere: presses what the paper names, in its order; clicks counted."""
    write_practice(tmp_path / "export", patients=2)
    case = WholeRun(tmp_path / "trial", tmp_path / "export", language=language)
    proof = Path(str(case.start().proof))
    zipped = tmp_path / "proof.zip"
    assert case.reprise("proof", "zip", str(proof), "--to", str(zipped)).returncode == 0
    assert case.reprise("proof", "page", "--to", str(tmp_path / "verify.html")).returncode == 0
    words = ["pdftotext", "-layout", str(proof / "certificate.pdf"), "-"]
    paper = " ".join(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
    about = paper[paper.index(text(language, "certificate.section.verify")) :]
    digest = re.search(r"verify\.html ((?:[0-9a-f]{8} ?){8})", about)
    assert digest
    assert digest[1].replace(" ", "") == hashlib.sha256((tmp_path / "verify.html").read_bytes()).hexdigest()
    quoted = [found.strip() for found in re.findall(r"[«“„]\s?([^»”“]+?)\s?[»”“]", about)]
    *buttons, verdict = quoted[:4]
    files = [str(zipped), case.made["policy"], None]
    steps = [
        [f"press {n}", "label", one, *([path] if path else [])]
        for n, (one, path) in enumerate(zip(buttons, files, strict=True))
    ]
    after = [
        ["w", "wait", "#verdict"],
        ["verdict", "text", "verdict"],
        ["result", "text", "result"],
        ["clicks", "value", "window.pressed"],
    ]
    page, locale = f"file://{tmp_path / 'verify.html'}", {"en": "en-GB"}.get(language, f"{language}-BE")
    (said,) = drive(tmp_path, {"url": page, "locale": locale, "steps": [*steps, *after]})
    assert said["verdict"] == verdict
    assert said["clicks"] == 3
    run = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", paper)
    root = (proof / "checkpoint").read_text().split("\n")[2]
    assert run
    assert run[0] in said["result"]
    assert root in said["result"]
    assert root in paper


@pytest.mark.slow
def test_readme_and_certificate_state_the_programs(tmp_path):
    write_practice(tmp_path / "export", patients=2)
    case = WholeRun(tmp_path / "trial", tmp_path / "export")
    proof = Path(str(case.start().proof))
    files = read_folder(proof)
    stated = json.loads(files["certificate.json"])["programs"]
    assert stated == program_digests()
    assert stated[VERIFIER] == hashlib.sha256((ROOT / "vault/verify.py").read_bytes()).hexdigest()
    for name, digest in stated.items():
        assert f"    {digest}  {name}\n" in files["README.txt"].decode()
        grouped = " ".join(re.findall("[0-9a-f]{8}", digest))
        assert grouped in files["certificate.html"].decode()
    zipped = tmp_path / "proof.zip"
    assert case.reprise("proof", "zip", str(proof), "--to", str(zipped)).returncode == 0
    assert zipped.read_bytes() == packed(files)
    assert case.reprise("verify", str(zipped), "--policy", case.made["policy"]).returncode == 0
    zipped.write_bytes(zipped.read_bytes()[:-1])
    assert case.reprise("verify", str(zipped), "--policy", case.made["policy"]).returncode == 93


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_certificate_names_the_buttons_as_the_page_does(language):
    said = {
        step: text(language, f"certificate.sentence.verify_{step}") for step in ("open", "policy", "said")
    }
    assert text(language, "verify.proof.zip") in said["open"]
    assert text(language, "verify.policy.file") in said["policy"]
    assert text(language, "verify.check") in said["said"]
    assert text(language, "verify.verdict.accepted") in said["said"]
