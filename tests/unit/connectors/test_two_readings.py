"""A folder read at once gives what it gives event by event: every row and reject, and every refusal with its place."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kmehr_rebuilding import file_of
from lxml import etree
from support.mutating import base, mutate
from support.rewritings import REWRITINGS

from connectors.base import Admission, Limits, Reject, Verdict
from connectors.sources.kmehr import _cut as kmehr_cut
from connectors.sources.kmehr._cut import FolderCut
from connectors.sources.kmehr.connector import KmehrConnector
from schemas.disposition import Disposition, Reason
from schemas.errors import SourceError
from trial.practice.write import write_practice

VECTORS = Path(__file__).parents[2] / "vectors"
CUT: list[FolderCut[Any]] = []  # the last is that of the last reading
off = False


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remembers what was cut out; while `off` is set nothing is."""
    real = FolderCut.pieces

    def pieces(self: FolderCut[Any], given: Iterator[bytes], is_between: Any) -> Iterator[bytes]:
        CUT.append(self)
        return given if off else real(self, given, is_between)

    monkeypatch.setattr(FolderCut, "pieces", pieces)


def everything(data: bytes, admit: Admission, limits: Limits) -> Any:
    """Rows by table and rejects, in an order of their own; or the refusal."""
    found: Counter[str] = Counter()
    headers: list[Any] = []
    try:
        headers += KmehrConnector().headers(file_of(data), limits)
        for each in KmehrConnector().read(file_of(data), 1, admit, limits):
            if isinstance(each, Reject):
                found[repr((each, each.raw.reveal()))] += 1
            else:
                each.rows.validate(full=True)
                found.update(f"{each.table}: {row}" for row in map(str, each.rows.to_pylist()))
    except SourceError as error:
        return type(error).__name__, error.code, error.facts
    return found, [repr(each) for each in headers]


def admit_all(_path: str) -> None:
    return None


def assert_same(data: bytes, admit: Admission = admit_all, limits: Limits | None = None) -> int:
    """Both ways agree; gives the number of folders that were read at once."""
    global off
    CUT.clear()
    off = False
    one = everything(data, admit, limits or Limits())
    count = CUT[-1].count
    off = True
    assert one == everything(data, admit, limits or Limits())
    return count


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("practice")
    write_practice(folder, patients=6, defects=True)
    (file,) = folder.iterdir()
    return file.read_bytes()


def test_samples_and_cases(shared: Path) -> None:
    files = [*(shared / "samples" / "kmehr").rglob("*.xml"), *(shared / "cases").rglob("*.xml")]
    files += VECTORS.rglob("*.xml")
    assert len(files) > 60
    read = sum(assert_same(file.read_bytes()) for file in files)
    assert read > 60, "few folders need the events"


@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_rewritings(rewriting: str, practice: bytes, shared: Path) -> None:
    sample = shared / "samples" / "kmehr" / "_ours" / "smf_reference.xml"
    for data in (practice, sample.read_bytes()):
        assert_same(REWRITINGS[rewriting](data))


@pytest.mark.parametrize(
    "rewriting",
    ["as it is", "pretty", "tabs and CRLF", "single quotes", "blanks in tags", "references in texts",
     "empty elements expanded", "latin-1 declared", "UTF-16", "attributes on items", "messages", "attachments"],
)  # fmt: skip
def test_what_is_often_met_is_read_at_once(rewriting: str, practice: bytes) -> None:
    assert assert_same(REWRITINGS[rewriting](practice)) == practice.count(b"<folder>")


@pytest.mark.parametrize("seed", range(150))
def test_any_change_of_structure(seed: int) -> None:
    assert_same(etree.tostring(mutate(base(), random.Random(seed))))


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_pieces_of_any_size(size: int, practice: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    data = REWRITINGS["CDATA with folders"](practice) if size == 7 else practice
    monkeypatch.setattr("connectors.sources.kmehr.connector.CHUNK", size)
    small = data[: data.index(b"</folder>") + 9] + b"</kmehrmessage>" if size < 64 else data
    assert_same(small)


def test_a_scope(practice: bytes) -> None:
    paths: list[str] = []

    def admit(path: str) -> Verdict | None:
        paths.append(path)
        out = sum(map(int, path.partition("/")[2].split("."))) % 3 == 0
        return Verdict(Disposition.OUT_OF_SCOPE, Reason.PATIENT_OUT_OF_SCOPE) if out else None

    assert assert_same(practice, admit) == practice.count(b"<folder>")
    assert len({path for path in paths if path.count(".") > 1}) > 20


def test_limits(practice: bytes) -> None:
    for limits in (Limits(max_unit_bytes=20_000), Limits(max_depth=6), Limits(max_attachment_bytes=5_000)):
        assert_same(practice, limits=limits)


LONG = "QUJD" * 5_000
CONTENTS = {
    "base64": LONG, "in lines": "\n".join(["QUJD" * 19] * 300), "CR LF": "\r\n".join(["QUJD" * 19] * 300),
    "not base64": LONG + "?", "padding inside": f"QUI={LONG}", "a reference": f"&#10;{LONG}", "a reference within": f"{LONG}&#10;{LONG}",
    "a bracket": f"{LONG}>{LONG}", "not ASCII": f"{LONG}é", "an element": f"{LONG}<b/>{LONG}", "a comment": f"{LONG}<!-- -->{LONG}",
    "a mark": "\ue0000", "a mark by reference": "&#xE000;0", "a mark before": f"\ue0000{LONG}", "a tag name": f"kmehrmessage {LONG}",
    "not well-formed": f"{LONG}]]>{LONG}", "a control character": f"{LONG}\x01{LONG}", "blank": " " * 20_000,
}  # fmt: skip


@pytest.mark.parametrize("content", CONTENTS)
def test_long_contents(content: str, practice: bytes) -> None:
    """Beside a long one, so that marks are in use."""
    link = practice.index(b"<lnk", practice.index(b"MEDIATYPE") - 200)
    begin = practice.index(b">", link) + 1
    end = practice.index(b"</lnk>", begin)
    for beside in ("", f'</lnk><lnk TYPE="multimedia" MEDIATYPE="text/plain">{LONG}'):
        made = practice[:begin] + f"{CONTENTS[content]}{beside}".encode() + practice[end:]
        read = assert_same(made)
        if content in ("base64", "in lines", "not base64", "padding inside"):
            assert read == practice.count(b"<folder>")


@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_every_text_is_long(rewriting: str, practice: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sources.kmehr._contents._BLOCK", 4)
    assert_same(REWRITINGS[rewriting](practice))


def test_large_folders_stream_by(practice: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kmehr_cut, "LARGEST", 4_000)
    large = assert_same(practice)
    assert large < practice.count(b"<folder>")


def test_folders_of_documents_are_read_at_once(tmp_path: Path) -> None:
    write_practice(tmp_path, patients=1, shape="attachments")
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size > 1 << 20
    assert assert_same(file.read_bytes()) == 1


def test_notes_that_go_on_over_pieces(practice: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sources.kmehr.connector.CHUNK", 512)
    long = b"<!-- " + b"x" * 5_000 + b"<folder><id/></folder>" + b"y" * 5_000 + b" -->"
    assert assert_same(practice.replace(b"</header>", b"</header>" + long, 1)) > 3
    instruction = long.replace(b"<!--", b"<?a").replace(b"-->", b"?>")
    assert assert_same(practice.replace(b"</header>", b"</header>" + instruction, 1)) > 3
    broken = long.replace(b"x" * 5_000, b"x" * 2_000 + b"--" + b"x" * 3_000).replace(b"y", b">", 1)
    assert_same(practice.replace(b"</header>", b"</header>" + broken, 1))


def test_the_mark_cannot_be_written_by_a_source(practice: bytes) -> None:
    forged = practice.replace(b"<folder>", b'<folder cut-0000000000000000=""/><folder>', 1)
    assert_same(forged)
