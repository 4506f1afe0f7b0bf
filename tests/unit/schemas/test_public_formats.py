"""The types of the public formats: proofs of every release fit them, what is changed does not, and the schemas are current."""

from __future__ import annotations

import json
import tarfile
from base64 import b64decode
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from connectors.targets.manifest import build_manifest
from schemas.public_formats import (
    FORMATS,
    AuthorisationCheck,
    Certificate,
    Destruction,
    Holder,
    Instruction,
    Language,
    LedgerEntry,
    PackageManifest,
    ProofManifest,
    Role,
    Use,
    json_schema,
)
from schemas.texts import LANGUAGES
from vault.instruction import fields

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "tests" / "vectors"
PREDICATES = {"authorisation-check": AuthorisationCheck, "destruction": Destruction}


@pytest.fixture(scope="module", params=["release-1", "release-2"])
def proofs(request, tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp(request.param)
    with tarfile.open(VECTORS / request.param / "home.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return sorted((folder / "home/runs").glob("*/proof"))


def documents(proof: Path) -> list[tuple[Any, bytes]]:
    """Each document of a proof folder that has a public format, with its type."""
    found: list[tuple[Any, bytes]] = [
        (Certificate, (proof / "certificate.json").read_bytes()),
        (ProofManifest, (proof / "manifest.json").read_bytes()),
        *((LedgerEntry, path.read_bytes()) for path in (proof / "entries").glob("*.json")),
    ]
    for path in (proof / "statements").glob("*.dsse.json"):
        statement = json.loads(b64decode(json.loads(path.read_bytes())["payload"]))
        kind = PREDICATES.get(path.name.partition(".")[0])
        if kind is not None:
            found.append((kind, json.dumps(statement["predicate"]).encode()))
    instruction = (proof / "authorisation/instruction.json").read_bytes()
    if json.loads(instruction)["version"] == 2:
        found.append((Instruction, instruction))
    return found


def test_proofs_of_earlier_releases_fit(proofs):
    kinds = set()
    for proof in proofs:
        for kind, data in documents(proof):
            msgspec.json.decode(data, type=kind)
            kinds.add(kind)
    assert kinds >= {Certificate, ProofManifest, LedgerEntry, AuthorisationCheck, Destruction}


def test_what_misses_a_field_or_has_one_more_does_not_fit(proofs):
    tried = 0
    for kind, data in documents(proofs[0]):
        body = json.loads(data)
        optional = {f.name for f in msgspec.structs.fields(kind) if not f.required}
        for name in body.keys() - optional:
            with pytest.raises(msgspec.ValidationError):
                msgspec.json.decode(json.dumps({k: v for k, v in body.items() if k != name}), type=kind)
            tried += 1
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(json.dumps({**body, "more": 1}), type=kind)
    assert tried > 40


def test_a_package_s_manifest_fits():
    made = build_manifest("medinect-unconfirmed", {"delivered": 3}, [("part-1.zip.age", 7, "0" * 64)], "run")
    assert msgspec.json.decode(made, type=PackageManifest).parts[0].bytes == 7


@pytest.mark.parametrize(
    ("stated", "held"),
    [(Role, fields.ROLES), (Use, fields.USES), (Holder, fields.HOLDERS), (Language, LANGUAGES)],
)
def test_the_closed_lists_are_those_that_the_product_holds_to(stated, held):
    assert get_args(stated) == held


@pytest.mark.parametrize("name", FORMATS)
def test_the_schemas_are_current(name):
    path = ROOT / "docs/formats/schemas" / f"{name}.schema.json"
    assert path.read_bytes() == json_schema(FORMATS[name]), "run `python -m schemas.public_formats`"
