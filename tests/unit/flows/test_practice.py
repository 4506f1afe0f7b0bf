"""The synthetic practice: valid, varied, the same for the same seed, and read without a single reject."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from lxml import etree

from connectors.base import Batch, Limits
from connectors.opening import open_source
from connectors.registry import choose
from schemas.errors import UnreadableSourceError
from schemas.identifiers import clean_inss
from trial.practice.defects import DEFECTS
from trial.practice.write import SHAPES, write_practice

PATIENTS = {"ordinary": 30, "attachments": 3, "items": 6}


def text_of(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()))


@pytest.fixture(scope="module", params=SHAPES)
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("practice") / request.param
    write_practice(folder, patients=PATIENTS[request.param], shape=request.param, patients_per_file=20)
    return request.param, folder


def test_valid_in_both_releases(made, shared):
    schemas = [
        etree.XMLSchema(etree.parse(str(path)))
        for path in sorted((shared / "xsd").rglob("kmehr_elements*.xsd"))
    ]
    assert len(schemas) == 2
    for path in made[1].iterdir():
        document = etree.parse(str(path), etree.XMLParser(huge_tree=True))
        for schema in schemas:
            schema.assertValid(document)


def test_every_number_checks_and_agrees_with_the_sex(made):
    found = re.findall(r'"INSS" SV="1.0">(\d+)<.*?CD-SEX" SV="1.0">(\w+)<', text_of(made[1]))
    assert len(found) == PATIENTS[made[0]]
    for number, sex in found:
        assert clean_inss(number) == number
        assert (int(number[6:9]) % 2 == 1) == (sex == "male")


def test_documents_are_whole_pdfs(made):
    coded = re.findall(r'application/pdf">([^<]+)<', text_of(made[1]))
    assert len(coded) == PATIENTS[made[0]] * SHAPES[made[0]].documents
    for data in map(b64decode, set(coded)):
        assert data.startswith(b"%PDF-1.4")
        assert data.endswith(b"%%EOF\n")


def test_the_reader_rejects_nothing(made):
    rows: Counter[str] = Counter()
    for file in open_source(made[1], Limits()):
        connector = choose(file)
        for found in connector.read(file, 1, lambda _: None, Limits()):
            assert isinstance(found, Batch)
            rows[found.table] += found.rows.num_rows
            if found.table == "unit":
                rows.update(found.rows["kind"].to_pylist())
    assert rows["patient"] == PATIENTS[made[0]]
    assert min(rows[table] for table in ("item", "transaction", "link", "text", "heading")) > 0


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    digests = set()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_practice(tmp_path / name, patients=3, seed=seed)
        digests.add(sha256(text_of(tmp_path / name).encode()).hexdigest())
    assert len(digests) == 2


def test_each_defect_is_made_in_a_patient_of_its_own(tmp_path):
    for name, defects in (("clean", False), ("spoilt", True)):
        write_practice(tmp_path / name, patients=len(DEFECTS) + 1, defects=defects)
    clean, spoilt = (text_of(tmp_path / name).split("<folder>") for name in ("clean", "spoilt"))
    changed = [number for number, (one, other) in enumerate(zip(clean, spoilt, strict=True)) if one != other]
    assert changed == list(range(1, len(DEFECTS) + 1))


def test_a_big_attachment_has_the_size_asked_for(tmp_path):
    write_practice(tmp_path / "big", patients=1, big_attachment_bytes=3_000_001)
    (coded,) = (
        c for c in re.findall(r'application/pdf">([^<]+)<', text_of(tmp_path / "big")) if len(c) > 1 << 20
    )
    assert len(b64decode(coded)) == 3_000_001


def test_an_unknown_shape_is_refused(tmp_path):
    with pytest.raises(UnreadableSourceError) as refused:
        write_practice(tmp_path / "x", patients=1, shape="odd")
    assert refused.value.code == "unknown_shape"
    assert not (tmp_path / "x").exists()
