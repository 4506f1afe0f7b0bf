"""Parcels: packages and backups, sealed by anybody who knows the recipient. What opens one believes nothing inside."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from unicodedata import normalize

from flows.package.open_package import MAX_RATIO, MIN_ALLOWANCE_BYTES, open_package
from fuzz import seeds
from fuzz.promises import coded
from vault.age.sealing import seal_bytes
from vault.home.restore import restore_backup
from vault.home_folder import Home
from vault.system.clock import SystemClock


def package(data: bytes) -> None:
    sealed = seal_bytes([seeds.identity()[1]], data)
    _open_package(json.dumps(seeds.package_manifest(sealed)).encode(), sealed)


def package_manifest(data: bytes) -> None:
    _open_package(data, sealed_part())


def backup(data: bytes) -> None:
    place = Path(tempfile.mkdtemp(prefix="reprise-fuzz-"))
    try:
        (place / "sealed").write_bytes(seal_bytes([seeds.identity()[1]], data))
        told = coded(
            lambda: restore_backup(
                place / "sealed", seeds.identity()[0], Home(place / "home"), SystemClock(), "one"
            )
        )
        left = {path.name for path in place.iterdir()} - {"sealed"}
        assert left <= {"home", ".home.host"} if told else not left, (
            "a backup that is not whole left something"
        )
    finally:
        shutil.rmtree(place)


@cache
def sealed_part() -> bytes:
    return seal_bytes([seeds.identity()[1]], seeds.zip_of(a=b"a"))


def _open_package(manifest: bytes, sealed: bytes) -> None:
    place = Path(tempfile.mkdtemp(prefix="reprise-fuzz-"))
    try:
        (place / "manifest.json").write_bytes(manifest)
        (place / "p.zip.age").write_bytes(sealed)
        opened = coded(lambda: open_package(place, seeds.identity()[0], place / "in/into"))
        assert {path.name for path in place.iterdir()} <= {"manifest.json", "p.zip.age", "in"}, (
            "left its folder"
        )
        if opened is not None:
            files = [path for path in (place / "in/into").rglob("*") if path.is_file()]
            names = [str(path.relative_to(place / "in/into")) for path in files]
            assert len(files) == opened["files"], "a file was lost"
            assert len({normalize("NFC", name).casefold() for name in names}) == len(names), "lost elsewhere"
            assert all(name.isprintable() and "\\" not in name for name in names), "a name that does harm"
            assert sum(path.stat().st_size for path in files) <= MIN_ALLOWANCE_BYTES + MAX_RATIO * len(
                sealed
            ), "more than deflate makes"
    finally:
        shutil.rmtree(place)
