"""The description of a package for whoever imports it: written beside the parts, and read from there.

It is not sealed: it says how records are written, and nothing of any patient or doctor.
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
_MOST_BYTES = 16 << 20
_DESCRIPTION = msgspec.json.Decoder(PackageDescription)


@dataclass(frozen=True)
class Described:
    """What a package says of itself: its form, and the counts in its manifest."""

    run: str
    description: PackageDescription
    counts: Mapping[str, int]


def description_files(profile: str, language: str, counts: Mapping[str, int]) -> dict[str, bytes]:
    """Returns page and data, by name, for a package of this profile. `counts`: those of its manifest."""
    made = describe(profile, RULES)
    return {PAGE: b"".join(page(made, language, counts)), DATA: msgspec.json.encode(made) + b"\n"}


def description_page(described: Described, language: str) -> bytes:
    """Returns the page of one package, with its counts."""
    return b"".join(page(described.description, language, described.counts))


def read_description(package: Path) -> Described:
    """Read what lies beside the parts, as the manifest lists it. The parts stay sealed and are not looked at.

    Raises PackageError: those of a manifest, beside_altered, description_missing (a package of an earlier release),
    package_version_unknown.
    """
    manifest = read_manifest(package)
    check_beside(package, manifest)
    if DATA not in {part.name for part in manifest.beside} or not (package / DATA).is_file():
        raise PackageError("description_missing")
    with open_regular(package / DATA) as stream:
        data = stream.read(_MOST_BYTES)
    try:
        return Described(manifest.run, _DESCRIPTION.decode(data), dict(manifest.counts))
    except msgspec.DecodeError:
        pass
    raise PackageError("package_version_unknown")
