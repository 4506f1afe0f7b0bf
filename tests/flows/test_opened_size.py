"""A large package: the page opens it into the same folder as `reprise open`, in constant memory. `make open-2gib`: 2 GiB."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest
from support.practice_page import PAGE, choose, visit
from support.sealing import needs_browser, needs_node, served

from connectors.targets.manifest import Listed, build_manifest
from flows.package.open_package import open_package
from flows.steps.parts import sealed_zip
from vault.age.sealing import make_identity

MIB = int(os.environ.get("REPRISE_OPEN_MIB", "64"))
PART_MIB, MEMBER_MIB = 512, 8
GROWTH_MIB = 160
"""What a renderer may take above the page at rest, whatever the size of the package: pieces, and what is not collected yet."""
pytestmark = [pytest.mark.slow, needs_node, needs_browser]


def large_package(folder: Path, recipient: str) -> None:
    """As the writer makes it: parts of deflated members, here of bytes that do not compress."""
    folder.mkdir()
    rows: list[Listed] = []
    with open("/dev/urandom", "rb") as noise:
        for number, left in enumerate(range(MIB, 0, -PART_MIB), 1):
            name = f"part-{number:04}.zip.age"
            rows.append(_part(folder / name, recipient, noise, min(left, PART_MIB) // MEMBER_MIB))
    (folder / "manifest.json").write_bytes(build_manifest("profile", {}, rows, "run"))


def _part(path: Path, recipient: str, noise: BinaryIO, members: int) -> Listed:
    with sealed_zip(path, (recipient,)) as archive:
        for number in range(members):
            with archive.member(f"patients/{path.name[5:9]}-{number}.xml") as emit:
                for _ in range(MEMBER_MIB):
                    emit(noise.read(1 << 20))
    digest = archive.digest()
    return path.name, digest.size, digest.sha256


def test_a_large_package_is_opened_in_constant_memory(tmp_path):
    identity, recipient = make_identity()
    package, key = tmp_path / "package", tmp_path / "key.txt"
    large_package(package, recipient)
    key.write_text(identity)
    (tmp_path / PAGE.name).write_bytes(PAGE.read_bytes())
    with served(tmp_path) as address:  # there the browser has files of its own, which a test can read back
        said = visit(
            *choose(package, key),
            ("at rest", "memory"),
            ("open", "press", "open-folder"),
            ("ended", "wait", "#opened:not([hidden]), #open-status:not(:empty)"),
            ("refusal", "text", "open-status"),
            ("after", "memory"),
            ("found", "digests"),
            url=f"{address}/{PAGE.name}",
            folder="own",
            served=True,
        )
    assert said["refusal"] == ""
    before, after = said["at rest"], said["after"]
    print(f"{MIB} MiB opened; MiB of each kind of process: at rest {before}, after {after}")
    assert after["renderer"] < before["renderer"] + GROWTH_MIB
    open_package(package, identity, tmp_path / "in")
    expected = {str(p.relative_to(tmp_path / "in")): p for p in (tmp_path / "in").rglob("*.xml")}
    assert said["found"] == {name: sha256(path.read_bytes()).hexdigest() for name, path in expected.items()}
    assert len(expected) == MIB // MEMBER_MIB
