"""Writes the description of a package for its importer into files beside the parts, and reads these files.

They are not sealed. They describe how records are written, and hold no data about a patient or a doctor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from connectors.inventory.facts.tiles import RULES
from connectors.targets.description import describe, page
from flows.package._manifest import check_beside, read_manifest
from schemas.errors import PackageError
from schemas.package_description import PackageDescription
from schemas.regular_file import open_regular

PAGE = "describe.html"
DATA = "describe.json"
_MAX_BYTES = 16 << 20
_DESCRIPTION = msgspec.json.Decoder(PackageDescription)


@dataclass(frozen=True)
class Described:
    """The description of a package: its run, its form, and the counts in its manifest."""

    run: str
    description: PackageDescription
    counts: Mapping[str, int]


def description_files(profile: str, language: str, counts: Mapping[str, int]) -> dict[str, bytes]:
    """Return page and data, by name, for a package of this profile. `counts` are those of its manifest."""
    described = describe(profile, RULES)
    return {PAGE: b"".join(page(described, language, counts)), DATA: msgspec.json.encode(described) + b"\n"}


def description_page(described: Described, language: str) -> bytes:
    """Return the page of one package, with its counts."""
    return b"".join(page(described.description, language, described.counts))


def read_description(package: Path) -> Described:
    """Return the description beside the parts of a package. The sealed parts are not read.

    Raises PackageError: beside_altered, description_missing (a package of an earlier release), package_version_unknown, and the
    codes of `read_manifest`.
    """
    manifest = read_manifest(package)
    check_beside(package, manifest)
    if DATA not in {part.name for part in manifest.beside} or not (package / DATA).is_file():
        raise PackageError("description_missing")
    with open_regular(package / DATA) as stream:
        data = stream.read(_MAX_BYTES)
    try:
        return Described(manifest.run, _DESCRIPTION.decode(data), dict(manifest.counts))
    except msgspec.DecodeError:
        pass
    raise PackageError("package_version_unknown")
