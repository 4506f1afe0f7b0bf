"""Valid KMEHR files and random changes of their structure: the files stay well-formed, and little else."""

from __future__ import annotations

import random
from copy import deepcopy

from lxml import etree

NAMESPACE = "http://www.ehealth.fgov.be/standards/kmehr/schema/v1"
PARTY = (
    '<hcparty><id S="ID-HCPARTY" SV="1.0">19999054004</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
    "<firstname>A</firstname><familyname>B</familyname></hcparty>"
)
HEADER = (
    '<header><standard><cd S="CD-STANDARD" SV="1.7">20131001</cd><specialisation><cd S="CD-MESSAGE" SV="1.0">'
    'gpsoftwaremigration</cd><version>2.0</version></specialisation></standard><id S="ID-KMEHR" SV="1.0">1.1</id>'
    f"<date>2026-01-01</date><time>12:00:00</time><sender>{PARTY}</sender><recipient>{PARTY}</recipient></header>"
)
PATIENT = (
    '<patient><id S="INSS" SV="1.0">85073003328</id><firstname>J</firstname><familyname>E</familyname><birthdate>'
    '<date>1985-07-30</date></birthdate><sex><cd S="CD-SEX" SV="1.0">male</cd></sex><address><cd S="CD-ADDRESS" '
    'SV="1.0">home</cd><text L="fr">Rue Haute 1</text></address></patient>'
)
LETTER = '<lnk TYPE="multimedia" MEDIATYPE="text/plain">QTFcUjFcTGFib1wNCkwxXFIxXEdMVVxHbHVjb3NlXDcwLTEwNVxtZy9kbFwrXDEzMVwNCg==</lnk>'


def _mf_id(value: str, position: int) -> str:
    return f'<id S="ID-KMEHR" SV="1.0">{position}</id><id S="LOCAL" SV="1.0" SL="MF-ID">{value}</id>'


def _transaction(value: str, position: int, kind: str, body: str) -> str:
    return (
        f'<transaction>{_mf_id(value, position)}<cd S="CD-TRANSACTION" SV="1.5">{kind}</cd><date>2020-02-03</date>'
        f"<time>09:30:00</time><author>{PARTY}</author><iscomplete>true</iscomplete><isvalidated>true</isvalidated>"
        f"{body}</transaction>"
    )


def _item(value: str, position: int, kind: str, content: str, more: str = "") -> str:
    return (
        f'<item>{_mf_id(value, position)}<cd S="CD-ITEM" SV="1.6">{kind}</cd><content>{content}</content><beginmoment>'
        '<date>2019-05-06</date></beginmoment><lifecycle><cd S="CD-LIFECYCLE" SV="1.6">active</cd></lifecycle>'
        f"<isrelevant>true</isrelevant>{more}</item>"
    )


def _to(target: str, kind: str = "isaservicefor") -> str:
    return f'<lnk TYPE="{kind}" URL="{target}"/>'.replace("'", "&quot;")


def base() -> etree._Element:
    """A small valid message that has one of each unit."""
    problem = _item("P-1", 1, "healthcareelement", '<cd S="ICPC" SV="2">K86</cd>')
    drug = '<medicinalproduct><intendedcd S="CD-DRUG-CNK" SV="2010-07">1234567</intendedcd><intendedname>M</intendedname></medicinalproduct>'
    taken = (
        _item("M-1", 2, "medication", drug).replace("<isrelevant>true</isrelevant>", "")
    )  # fmt: skip
    glucose = _item("L-1", 1, "lab", "<decimal>131</decimal>")
    visit = _item(
        "T-1", 1, "treatment", '<text L="fr">controle</text>', _to("//item[id[@SL='MF-ID' and .='P-1']]")
    )
    plan = f'<heading><id S="ID-KMEHR" SV="1.0">1</id><cd S="CD-HEADING" SV="1.0">plan</cd>{visit}<text L="fr">revoir</text></heading>'
    layout = '<text-with-layout L="fr">un <strong>deux</strong></text-with-layout>'
    folder = "".join(
        (
            _transaction("S-1", 1, "clinicalsummary", problem + taken),
            _transaction("C-1", 2, "contactreport", plan + '<text L="nl">hoest</text>'),
            _transaction("R-1", 3, "labresult", glucose + LETTER),
            _transaction(
                "N-1", 4, "note", layout + _to("//transaction[id[@SL='MF-ID' and .='C-1']]", "isachildof")
            ),
        )
    )
    message = f'<kmehrmessage xmlns="{NAMESPACE}">{HEADER}<folder><id S="ID-KMEHR" SV="1.0">1</id>{PATIENT}{folder}</folder></kmehrmessage>'
    return etree.fromstring(message)


NAMES = ("item", "heading", "transaction", "text", "lnk", "patient", "folder", "content", "cd", "id", "odd", "date",
         "header", "text-with-layout", "author", "kmehrmessage", "confidentiality", "regimen")  # fmt: skip
ATTRIBUTES = ("S", "SL", "SV", "L", "DN", "TYPE", "URL", "MEDIATYPE", "odd")
VALUES = ("", "LOCAL", "MF-ID", "ID-KMEHR", "CD-ITEM", "CD-TRANSACTION", "fr", "1.0", "INSS", "multimedia",
          "isanewversionof", "P-1", "//item[id[@SL='MF-ID' and .='P-1']]", "REPRISE-FILLED")  # fmt: skip


def mutate(root: etree._Element, chance: random.Random) -> etree._Element:
    """A copy with one to four changes."""
    root = deepcopy(root)
    for _ in range(chance.randint(1, 4)):
        chance.choice((_drop, _double, _swap, _move, _nest, _rename, _attribute))(root, chance)
    return root


def _inner(root: etree._Element, chance: random.Random) -> etree._Element:
    found = [each for each in root.iter() if each is not root]
    return chance.choice(found) if found else etree.SubElement(root, f"{{{NAMESPACE}}}folder")


def _drop(root: etree._Element, chance: random.Random) -> None:
    each = _inner(root, chance)
    each.getparent().remove(each)


def _double(root: etree._Element, chance: random.Random) -> None:
    each = _inner(root, chance)
    each.addnext(deepcopy(each))


def _swap(root: etree._Element, chance: random.Random) -> None:
    one, other = _inner(root, chance), _inner(root, chance)
    if one is other or one in other.iterancestors() or other in one.iterancestors():
        return
    here, there = deepcopy(one), deepcopy(other)
    one.getparent().replace(one, there)
    other.getparent().replace(other, here)


def _move(root: etree._Element, chance: random.Random) -> None:
    _place(root, chance, chance.choice([root, _inner(root, chance)]))


def _nest(root: etree._Element, chance: random.Random) -> None:
    units = [each for each in root.iter() if etree.QName(each).localname in NAMES[:7] and each is not root]
    _place(root, chance, chance.choice(units or [root]))


def _place(root: etree._Element, chance: random.Random, target: etree._Element) -> None:
    each = _inner(root, chance)
    if target is each or each in target.iterancestors() or each.getparent() is None:
        return
    target.insert(chance.randint(0, len(target)), deepcopy(each) if chance.random() < 0.5 else each)


def _rename(root: etree._Element, chance: random.Random) -> None:
    _inner(root, chance).tag = f"{{{NAMESPACE}}}{chance.choice(NAMES)}"


def _attribute(root: etree._Element, chance: random.Random) -> None:
    each = _inner(root, chance)
    if each.attrib and chance.random() < 0.3:
        del each.attrib[chance.choice(sorted(each.attrib))]
    else:
        each.set(chance.choice(ATTRIBUTES), chance.choice(VALUES))
