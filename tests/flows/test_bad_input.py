"""Bad input: one clear line, a documented exit code, no word of a patient; and a resumable run or nothing at all."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.whole_run import WholeRun

from schemas.errors import RepriseError

pytestmark = pytest.mark.slow
CANARY = "Zorgenkanarie"


@pytest.fixture
def good(shared):
    text = (shared / "samples/kmehr/_ours/smf_reference.xml").read_text(encoding="utf-8")
    return text.replace("Exemple</familyname>", f"{CANARY}</familyname>")


@pytest.fixture
def case(good, tmp_path):
    """A trial for the good export; each test then puts something else in its place."""
    source = tmp_path / "export"
    source.mkdir()
    (source / "1.xml").write_text(good, encoding="utf-8")
    return WholeRun(tmp_path / "trial", source)


def migrate(case: WholeRun, source: Path | None = None, **run: Any) -> tuple[int, dict[str, Any], str]:
    command = [
        Path(sys.executable).with_name("reprise"), "migrate", str(source or case.made["source"]), "--json",
        "--authorisation", case.made["authorisation"], "--to", case.made["destination"],
    ]  # fmt: skip
    settings = {**os.environ, "REPRISE_HOME": str(case.home), "REPRISE_OPERATOR": "trial"}
    done = subprocess.run(
        run.pop("before", []) + command,
        capture_output=True,
        text=True,
        check=False,
        env=settings,
        timeout=300,
        **run,
    )
    lines = done.stdout.splitlines()
    assert CANARY not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(lines[-1]) if lines else {}, done.stderr


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def laughs(text: str) -> str:
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    head, _, rest = text.partition("<kmehrmessage")
    return f'{head}<!DOCTYPE kmehrmessage [<!ENTITY l0 "ha">{entities}]><kmehrmessage{rest}'.replace(
        "Namur", "&l9;", 1
    )


def external(text: str) -> str:
    head, _, rest = text.partition("<kmehrmessage")
    doctype = '<!DOCTYPE kmehrmessage [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return f"{head}{doctype}<kmehrmessage{rest}".replace("Namur", "&x;", 1)


Make = Callable[[Path, str], None]
# name: (exit code, code, what is put in the place of the export)
WHOLE: dict[str, tuple[int, str, Make]] = {
    "not XML": (21, "no_known_file", lambda p, _: (p / "1.xml").write_bytes(b"\x00\x01\x02 not at all")),
    "cut short": (20, "cut_short", lambda p, t: (p / "1.xml").write_text(t[: len(t) // 2], encoding="utf-8")),
    "not well-formed": (
        20,
        "not_well_formed",
        lambda p, t: (p / "1.xml").write_text(t.replace("</patient>", "")),
    ),
    "billion laughs": (23, "doctype", lambda p, t: (p / "1.xml").write_text(laughs(t), encoding="utf-8")),
    "external entity": (23, "doctype", lambda p, t: (p / "1.xml").write_text(external(t), encoding="utf-8")),
    "empty folder": (20, "source_empty", lambda p, _: (p / "1.xml").unlink()),
    "zip bomb": (
        22,
        "zip_ratio",
        lambda p, t: zipped(p / "1.xml", {"a.xml": t.encode() + b" " * (300 << 20)}),
    ),
    "path out of a zip": (23, "zip_path", lambda p, t: zipped(p / "1.xml", {"../../x.xml": t.encode()})),
    "missing": (20, "source_missing", lambda p, _: shutil.rmtree(p)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_bad_source_is_refused_in_one_line(name, case, good, tmp_path):
    exit_code, code, make = WHOLE[name]
    source = Path(case.made["source"])
    make(source, good)
    if (source / "1.xml").is_file() and zipfile.is_zipfile(source / "1.xml"):
        source = (source / "1.xml").rename(tmp_path / "export.zip")
    found, told, shown = migrate(case, source)
    assert (found, told["error"][: len(code)]) == (exit_code, code), told
    assert told["advice"]
    if exit_code == 20 and code in ("cut_short", "not_well_formed"):
        assert {"file", "line", "column"} <= told["facts"].keys()
        assert f"column={told['facts']['column']}" in shown
    assert shown.count("reprise:") == 1
    case.nothing_left()
    assert not list(case.destination.glob("*"))


def test_one_bad_file_does_not_stop_the_others(case, good):
    (Path(case.made["source"]) / "2.xml").write_text(good[: len(good) // 2], encoding="utf-8")
    (Path(case.made["source"]) / "3.bin").write_bytes(b"\x00\x01")
    found, told, _ = migrate(case)
    assert (found, told["error"]) == (
        72,
        "too_many_quarantined",
    )  # two files of three: above what the doctor accepts
    assert {k: told["facts"][k] for k in ("kind", "count", "of", "files")} == {
        "kind": "file", "count": 2, "of": 3, "files": "2,3",
    }  # fmt: skip
    (Path(case.made["source"]) / "3.bin").write_bytes(b"")
    run = case.reprise("abandon", told["facts"]["run"], "--yes")
    assert run.returncode == 0, run.stderr
    found, told, _ = migrate(case)
    assert found == 0, told
    assert told["counts"]["inventory"]["reasons"] == {
        "quarantined": {"cut_short": {"file": 1}, "no_record": {"file": 1}}
    }


def test_an_attachment_above_the_limit_is_quarantined(case, tmp_path):
    accepted = {"degraded_permille": 1000, "quarantined_permille": 1000}
    case = WholeRun(tmp_path / "accepting", Path(case.made["source"]), ceilings=accepted)
    site = case.home / "site.toml"
    site.write_text(site.read_text() + "\n[limits]\nmax_attachment_bytes = 5\n")
    found, told, _ = migrate(case)
    assert found == 0, told
    assert told["dispositions"]["quarantined"] == 3  # the letter, the message and a comment
    assert told["counts"]["extract"]["rejects"] == {"attachment_too_large": 2, "remark": 1}


def test_a_program_among_the_documents_is_handed_over_and_not_delivered(case, good, tmp_path):
    program = b"MZ" + b"\0" * 58 + (64).to_bytes(4, "little") + b"PE\0\0" + b"canary program"
    lnk = f'<lnk TYPE="multimedia" MEDIATYPE="application/pdf">{b64encode(program).decode()}</lnk></item>'
    (Path(case.made["source"]) / "1.xml").write_text(good.replace("</item>", lnk, 1), encoding="utf-8")
    accepted = {"degraded_permille": 1000, "quarantined_permille": 1000}
    case = WholeRun(tmp_path / "accepting", Path(case.made["source"]), ceilings=accepted)
    found, told, _ = migrate(case)
    assert found == 0, told
    assert told["dispositions"]["quarantined"] == 2  # and a comment of the file
    content = case.content()
    kept = [name for name in content if name.startswith("quarantine/")]
    assert sorted(name.rpartition("-")[2] for name in kept) == [
        "contract.bin",
        "contract.jsonl",
        "remark.txt",
    ]
    assert [content[name] for name in kept if name.endswith("contract.bin")] == [program]
    assert not any(b64encode(program) in data for name, data in content.items() if name.startswith("CHART"))
    case.nothing_left()


def test_a_folder_without_read_permission(case):
    os.chmod(case.made["source"], 0)
    drop = [
        "setpriv",
        "--bounding-set=-dac_override,-dac_read_search",
        "--inh-caps=-dac_override,-dac_read_search",
    ]
    found, told, _ = migrate(case, before=drop)
    os.chmod(case.made["source"], 0o700)
    assert (found, told["error"]) == (20, "source_unreadable"), told
    case.nothing_left()


def test_a_full_disk_leaves_a_resumable_run(case):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))

    found, told, _ = migrate(case, preexec_fn=limit)
    assert (found, told["error"]) == (41, "disk_full"), told
    assert case.resume().state == "certified"
    case.nothing_left()


def test_a_destination_that_cannot_be_used(good, tmp_path):
    source = tmp_path / "export"
    source.mkdir()
    (source / "1.xml").write_text(good, encoding="utf-8")
    (tmp_path / "file").write_text("in the way")
    case = WholeRun(tmp_path / "trial", source, destination=str(tmp_path / "file" / "out"))
    case.made["destination"] = str(tmp_path / "file" / "out")
    found, told, _ = migrate(case)
    assert (found, told["error"]) == (60, "destination_unusable")
    case.nothing_left()


def test_errors_on_the_way_are_documented() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "exit-codes.md").read_text()
    for exit_code, _, _ in WHOLE.values():
        assert f"| {exit_code} |" in page
    assert RepriseError.exit_code == 1
