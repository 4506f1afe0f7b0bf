"""Medication of every form that the schemas of both releases take: how it is to be taken arrives as it came, in its place."""

from __future__ import annotations

from random import Random

from balancing import open_books
from delivering import write
from kmehr_instances import Instances
from lxml import etree
from support.mutating import NAMESPACE, base

from schemas.disposition import Disposition

SCHEMES = 150
TIMING = ("temporality", "quantity", "frequency", "duration", "dayperiod", "posology", "regimen")
INSTRUCTIONS = (
    "deliverydate",
    "renewal",
    "route",
    "batch",
    "instructionforpatient",
    "instructionforpharmacist",
    "issubstitutionallowed",
)
PRODUCTS = (
    ('<medicinalproduct><intendedcd S="CD-DRUG-CNK" SV="2010-07">0036111</intendedcd><intendedname>A 80 mg</intendedname>'
    "</medicinalproduct>"),
    ('<medicinalproduct><intendedcd S="CD-DRUG-CNK" SV="2010-07">0036111</intendedcd><deliveredcd S="CD-DRUG-CNK" SV="2010-07">'
    "0036112</deliveredcd><intendedname>A</intendedname><deliveredname>B</deliveredname></medicinalproduct>"),
    ('<substanceproduct><intendedcd S="CD-INNCLUSTER" SV="2010-07">0012345</intendedcd><intendedname>C</intendedname>'
    "</substanceproduct>"),
    '<text L="nl">zalf, dun aanbrengen</text>',
)  # fmt: skip


class Valid(Instances):
    """Makes nothing wrong."""

    def _odd(self) -> bool:
        return False


def scheme(random: Random, release: str) -> etree._Element | None:
    """A valid file with one medication of a form chosen at random; None where one of the releases knows no such form."""
    made = Valid(release, random).make("itemType")
    parts = [each for each in made if etree.QName(each).localname in TIMING + INSTRUCTIONS]
    if not any(etree.QName(each).localname in ("posology", "regimen") for each in parts):
        return None
    root = base()
    (item, *_) = [
        found.getparent() for found in root.iter(f"{{{NAMESPACE}}}cd") if found.text == "medication"
    ]
    for each in list(item):
        if etree.QName(each).localname in ("content", *TIMING, *INSTRUCTIONS, "lnk"):
            item.remove(each)
    product = f'<content xmlns="{NAMESPACE}">{random.choice(PRODUCTS)}</content>'
    names = [etree.QName(each).localname for each in item]
    item.insert(names.index("cd") + 1, etree.fromstring(product))
    item.extend(parts)
    return root


def degraded(root: etree._Element) -> list[str]:
    """The reasons for which items of a file are not delivered whole."""
    outcome, account, _ = write(open_books(etree.tostring(root)), 1)
    assert account.problems == []
    return [
        str(each.reason)
        for each in outcome.outcomes
        if each.kind == "item" and Disposition(each.disposition) is not Disposition.DELIVERED
    ]


def test_every_form_of_a_scheme_arrives_whole(schemas):
    random, seen, wrong = Random(97), 0, {}
    forms: set[str] = set()
    for seed in range(20_000):
        root = scheme(random, random.choice(["1.7", "1.43"]))
        if root is None or not all(schema.validate(root) for schema in schemas):
            continue
        seen += 1
        forms |= {etree.QName(each).localname for each in root.iter(f"{{{NAMESPACE}}}*")}
        reasons = degraded(root)
        if reasons:
            wrong[seed] = reasons
        if seen == SCHEMES:
            break
    assert wrong == {}
    assert seen == SCHEMES
    assert {
        "daynumber",
        "date",
        "weekday",
        "dayperiod",
        "time",
        "takes",
        "low",
        "high",
        "nominator",
        "periodicity",
    } <= forms
