"""The schema that we make says what the official one says: of whole documents, and of every named type."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from kmehr_instances import ALL, Instances, changed
from lxml import etree
from official_types import as_text, official_table

from connectors.targets.conform import is_valid
from connectors.targets.kmehr_schema import NAMESPACE, RELEASES, schema_of, types_of
from connectors.targets.tree import Node, leaf, parse_fragment, wrap

ROOT = Path(__file__).resolve().parents[4]
TABLE = ROOT / "schemas" / "codes" / "kmehr_types.json"
SPACES = {
    prefix: f"http://www.ehealth.fgov.be/standards/kmehr/{prefix.lower()}/v1" for prefix in ("CD", "DT", "ID")
}
FOREIGN = ("http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmlenc#")
LARGEST = 150_000


def test_the_table_is_that_of_the_official_files(shared):
    assert TABLE.read_text(encoding="utf-8") == as_text(official_table(shared / "xsd"))


def whole(folder: Path) -> list[tuple[str, etree._Element]]:
    """The KMEHR documents of a folder that are neither signed nor encrypted."""
    found = []
    for path in sorted(folder.rglob("*.xml")):
        try:
            root = etree.parse(str(path)).getroot()
        except etree.XMLSyntaxError:
            continue
        spaces = {etree.QName(node).namespace for node in root.iter(etree.Element)}
        if etree.QName(root).localname == "kmehrmessage" and not spaces & set(FOREIGN):
            found.append((path.name, root))
    return found


@pytest.fixture(scope="module")
def documents(shared):
    found = whole(shared / "samples") + whole(ROOT / "tests" / "vectors" / "cases")
    assert len(found) >= 60
    return found


def verdicts(schemas, root) -> list[tuple[bool, bool]]:
    return [
        (schema_of(r).validate(root), official.validate(root))
        for r, official in zip(RELEASES, schemas, strict=True)
    ]


def test_it_judges_every_sample_and_case_as_the_official_one(documents, schemas):
    for name, root in documents:
        assert all(ours == theirs for ours, theirs in verdicts(schemas, root)), name


@pytest.mark.slow
def test_it_judges_changed_documents_as_the_official_one(documents, schemas):
    random, seen = Random(13), Counter()
    words = [*ALL, *{value for known in types_of("1.43").values() for value in known.get("enum", ())}]
    small = [root for _, root in documents if len(etree.tostring(root)) < LARGEST]
    for _ in range(3000):
        root = changed(random.choice(small), random, words)
        for ours, theirs in verdicts(schemas, root):
            assert ours == theirs, [str(schema_of(r).error_log) for r in RELEASES]
            seen[ours] += 1
    assert min(seen[True], seen[False]) > 500, seen


@pytest.fixture(scope="module")
def official_parts(shared, tmp_path_factory):
    """The official schemas with a global element besides for each named type, named as in ours."""
    return [
        official_with_elements(shared / "xsd", release, tmp_path_factory.mktemp("parts"))
        for release in RELEASES
    ]


def official_with_elements(xsd: Path, release: str, folder: Path) -> etree.XMLSchema:
    version = release.replace(".", "_")
    home = (xsd / f"kmehr-{version}" / "ehealth-kmehr" / "XSD").resolve().as_uri()
    lines = [
        f'<xsd:import namespace="{SPACES[p]}" schemaLocation="{home}/{p.lower()}-{version}.xsd"/>'
        for p in SPACES
    ]
    lines.insert(0, f'<xsd:include schemaLocation="{home}/kmehr_elements-{version}.xsd"/>')
    lines += [
        f'<xsd:element name="as.{name.replace(":", ".")}" type="{name}"/>'
        for name in types_of(release)
        if "/" not in name
    ]
    spaces = "".join(f' xmlns:{prefix}="{space}"' for prefix, space in SPACES.items())
    path = folder / "parts.xsd"
    path.write_text(
        f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns="{NAMESPACE}"{spaces} '
        f'targetNamespace="{NAMESPACE}" elementFormDefault="qualified">{"".join(lines)}</xsd:schema>'
    )
    return etree.XMLSchema(etree.parse(str(path)))


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, 1])
def test_it_judges_random_parts_as_the_official_one(at, official_parts):
    release = RELEASES[at]
    instances, seen = Instances(release, Random(at)), Counter()
    ours, theirs = schema_of(release), official_parts[at]
    names = [name for name in types_of(release) if "/" not in name]
    for name in names * 40:
        part = instances.make(name)
        verdict = ours.validate(part)
        assert verdict == theirs.validate(part), etree.tostring(part)
        seen[verdict] += 1
    assert min(seen[True], seen[False]) > 300, seen


@pytest.mark.parametrize(
    ("xml", "type_name", "right"),
    [
        ("<date>1901-01-01</date>", "DT:date", True),
        ("<date>1900-12-31</date>", "DT:date", False),
        ("<date>9999-12-31</date>", "DT:date", True),
        ("<date>2023-02-29</date>", "DT:date", False),
        ("<time>23:59:59</time>", "DT:time", True),
        ("<time>23:59:59.5</time>", "DT:time", False),
        ("<time>24:00:00</time>", "xsd:time", True),
        ("<daytime><time>08:00:00</time></daytime>", "itemType/regimen/daytime", True),
        ("<cd S='CD-SEX' SV='1.0'>male</cd>", "CD:CD-SEX", True),
        ("<cd S='CD-SEX' SV='1.0'>Male</cd>", "CD:CD-SEX", False),
        ("<text L='fr'>a &lt; b &amp; c</text>", "DT:textType", True),
        ("<text>a</text>", "DT:textType", False),
        ("<x>anything<y z='1'/></x>", "compoundType/medicinalproduct/deliveredname", False),  # not in 1.43
        ("<lnk TYPE='multimedia'>QQ=</lnk>", "CD:lnkType", False),
    ],
)
def test_a_part_is_valid_when_both_releases_say_so(xml, type_name, right):
    assert is_valid(parse_fragment(xml), type_name) is right


def test_what_only_the_newest_release_knows_is_not_valid_in_both():
    assert not is_valid(wrap("feedback", leaf("text", "x")), "itemType/feedback")


def test_an_attribute_whose_prefix_nothing_declares_is_not_valid():
    assert not is_valid(Node("text", {"L": "fr", "xsi:nil": "true"}), "DT:textType")


def test_the_content_of_a_streamed_attachment_is_not_looked_at():
    assert is_valid(Node("lnk", {"TYPE": "multimedia"}, stream=object()), "CD:lnkType")
