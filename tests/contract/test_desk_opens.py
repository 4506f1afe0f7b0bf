"""The page opens what `reprise open` opens and refuses what it refuses, for the same reason: every flipped byte, every attack."""

from __future__ import annotations

import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from reportlab.graphics.barcode import qrencoder
from support.practice_page import outcomes
from support.sealing import needs_browser, needs_node
from support.small_package import IDENTITY, OTHER, SMALL, Files, package, streamed, zipped

from flows.package.open_package import open_package
from schemas.errors import PackageError

pytestmark = [pytest.mark.slow, needs_node, needs_browser]


def task(files: Files, identity: str = IDENTITY, flips: list[tuple[str, int, int]] | None = None) -> dict:
    coded = {name: b64encode(data).decode() for name, data in files.items()}
    return {"files": coded, "identity": identity, "flips": flips or []}


def by_command(folder: Path, files: Files, identity: str = IDENTITY) -> str:
    """The same by `reprise open`; nothing is left after a refusal."""
    into = folder / "in"
    at = folder / "package"
    at.mkdir(exist_ok=True)
    for path in at.iterdir():
        path.unlink()
    for name, data in files.items():
        (at / name).write_bytes(data)
    try:
        opened = open_package(at, identity, into)
    except PackageError as error:
        assert not into.exists()
        return error.code
    found = [path for path in into.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in found)
    shutil.rmtree(into)
    return f"{opened['files']} files, {size} bytes"


def flips(files: Files) -> Iterator[tuple[str, int, int]]:
    """One bit of each byte, another bit from byte to byte."""
    for name, data in files.items():
        yield from ((name, at, 1 << at % 8) for at in range(len(data)))


@pytest.mark.slow
def test_every_flipped_byte_has_the_same_outcome_as_in_the_command(tmp_path):
    every = list(flips(SMALL))
    (found,) = outcomes(task(SMALL, flips=every))
    assert found["outcomes"][0] == by_command(tmp_path, SMALL) == "4 files, 220 bytes"
    refused = 0
    for (name, at, mask), outcome in zip(every, found["outcomes"][1:], strict=True):
        data = bytearray(SMALL[name])
        data[at] ^= mask
        assert outcome == by_command(tmp_path, {**SMALL, name: bytes(data)}), (name, at, mask)
        refused += "files" not in outcome
        assert name == "manifest.json" or "files" not in outcome, (name, at, mask)
    assert refused > 0.9 * sum(len(data) for name, data in SMALL.items() if name != "manifest.json")


def without(name: str) -> Files:
    return {other: data for other, data in SMALL.items() if other != name}


CASES: dict[str, tuple[Files, str, str]] = {
    "whole": (SMALL, IDENTITY, "4 files, 220 bytes"),
    "no README": (without("README.txt"), IDENTITY, "4 files, 220 bytes"),
    "no manifest": (without("manifest.json"), IDENTITY, "manifest_missing"),
    "a part missing": (without("part-0002.zip.age"), IDENTITY, "part_altered"),
    "a part too long": ({**SMALL, "part-0001.zip.age": SMALL["part-0001.zip.age"] + b"x"}, IDENTITY, "part_altered"),
    "another page": ({**SMALL, "desk.html": b"<b>"}, IDENTITY, "beside_altered"),
    "another key": (SMALL, OTHER, "sealed_part_does_not_open"),
    "no key": (SMALL, "AGE-SECRET-KEY-1NONSENSE", "identity_not_age"),
    "a newer version": (package(zipped(("a", b"a")), version=2), IDENTITY, "package_version_unknown"),
    "no zip": (package(b"no zip at all" * 9), IDENTITY, "part_is_no_zip"),
    "a cut zip": (package(zipped(("a", b"a" * 99))[:-9]), IDENTITY, "part_is_no_zip"),
    "leaves the folder": (package(zipped(("../out.xml", b"x"))), IDENTITY, "member_leaves_folder"),
    "from the root": (package(zipped(("/out.xml", b"x"))), IDENTITY, "member_leaves_folder"),
    "a drive": (package(zipped(("C:out.xml", b"x"))), IDENTITY, "member_leaves_folder"),
    "a folder": (package(zipped(("patients/", b""))), IDENTITY, "member_leaves_folder"),
    "named twice": (package(zipped(("A.xml", b"x"), ("a.xml", b"x"))), IDENTITY, "member_named_twice"),
    "named twice in two parts": (
        package(zipped(("\N{LATIN CAPITAL LETTER E WITH ACUTE}", b"x")), zipped(("e\N{COMBINING ACUTE ACCENT}", b"x"))),
        IDENTITY,
        "member_named_twice",
    ),
    "a file for a folder": (package(zipped(("a", b"x"), ("a/b", b"x"))), IDENTITY, "part_is_no_zip"),
    "several chunks": (package(streamed(("a", bytes(range(256)) * 9999))), IDENTITY, "1 files, 2559744 bytes"),
    "nothing in it": (package(zipped()), IDENTITY, "0 files, 0 bytes"),
}  # fmt: skip


@pytest.fixture(scope="module")
def seen() -> dict[str, str]:
    found = outcomes(*(task(files, identity) for files, identity, _ in CASES.values()))
    return {name: each["outcomes"][0] for name, each in zip(CASES, found, strict=True)}


@pytest.mark.parametrize("name", CASES)
def test_a_package_has_the_same_outcome_as_in_the_command(tmp_path, seen, name):
    files, identity, expected = CASES[name]
    assert (seen[name], by_command(tmp_path, files, identity)) == (expected, expected)


def test_the_qr_code_is_one_that_another_encoder_draws():
    """With one of the eight masks: every reader takes each of them."""
    (found,) = outcomes({**task({}), "codes": [IDENTITY]})
    assert found["codes"][0] in [drawn(IDENTITY, mask) for mask in range(8)]


def drawn(text: str, mask: int) -> list[list[bool]]:
    code = qrencoder.QRCode(4, qrencoder.QRErrorCorrectLevel.M)
    code.addData(qrencoder.QRAlphaNum(text))
    code.makeImpl(False, mask)
    return [[bool(dark) for dark in row] for row in code.modules]
