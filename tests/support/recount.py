"""A second program that recounts fidelity pages from an export and its package. It shares no code with the writer.

It reads both with lxml, classifies what it finds by the tables below, and says per patient how many of each sort came, how many
stand as structure and how many as text. It knows exports as `trial.practice` writes them.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from lxml import etree

SORTS = {
    "healthcareelement": "problem", "problem": "problem", "medication": "medication", "allergy": "allergy", "adr": "allergy",
    "vaccine": "vaccination", "risk": "risk", "socialrisk": "risk", "familyrisk": "risk", "professionalrisk": "risk",
    "patientwill": "patient_wish", "treatment": "treatment", "parameter": "measurement", "lab": "lab_result",
}  # fmt: skip
TRANSACTIONS = {
    "clinicalsummary": "summary", "contactreport": "contact", "labresult": "lab_report",
    "pharmaceuticalprescription": "prescription",
}  # fmt: skip
STATUS = {"active": "active", "stopped": "stopped", "prescribed": "prescribed"}
YEAR = re.compile(r"([0-9]{4})-")
MARK = re.compile(r" \[Reprise (\d+)\]\Z")
UNITS = ("item", "heading", "text", "text-with-layout", "lnk", "transaction")
MAGIC = {b"\xff\xd8\xff": "image", b"\x89PNG": "image", b"GIF8": "image"}
DATED = {"contact", "lab_report", "letter", "prescription", "image", "document", "lab_result"}
Key = tuple[str, str]
"""Sort and part."""


@dataclass
class Account:
    """What one side holds of a patient."""

    whole: Counter[Key] = field(default_factory=Counter)
    as_text: Counter[Key] = field(default_factory=Counter)
    undecodable: int = 0
    is_chart: bool = False
    files: Counter[str] = field(default_factory=Counter)  # SHA-256
    years: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    year: int = 0  # of the transaction that is being counted

    def add(self, key: Key, count: int = 1) -> None:
        """Count units that stand as structure."""
        self.whole[key] += count
        if key[0] in DATED:
            self.years[*key, self.year] += count

    @property
    def all(self) -> Counter[Key]:
        """Whole or as text."""
        return self.whole + self.as_text


def local(root: Any) -> Any:
    """The tree without namespaces."""
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    return root


def mf_ids(folder: Any) -> set[str]:
    """The MF-IDs of the transactions of a folder."""
    return set(folder.xpath("transaction/id[@SL='MF-ID']/text()"))


def of_source(folder: Any) -> Account:
    """Counts a folder of the export."""
    account = Account()
    for child in folder.find("patient"):
        account.add(patient_key(child))
    for transaction in folder.findall("transaction"):
        _walk(transaction, account, {}, set())
    return account


def of_package(folder: Any, originals: Any) -> Account:
    """Counts a chart, with the elements that it holds as text."""
    account = Account(is_chart=True)
    kept = {} if originals is None else {each.get("n"): each[0] for each in originals}
    taken: set[str] = set()
    filled = " ".join(folder.xpath("patient/id[@SL='REPRISE-FILLED']/text()")).split()
    for child in folder.find("patient"):
        if child.tag not in filled or child.tag == "id":
            _count_field(child, account, kept, taken)
    for transaction in folder.findall("transaction"):
        _walk(transaction, account, kept, taken)
    return account


def _count_field(child: Any, account: Account, kept: dict[str, Any], taken: set[str]) -> None:
    if child.tag == "id" and (child.get("SL") or "").startswith("REPRISE-"):
        return
    number = _mark(child)
    if number is None:
        account.add(patient_key(child))
    else:
        taken.add(number)
        account.as_text[patient_key(kept[number])] += 1


def _walk(element: Any, account: Account, kept: dict[str, Any], taken: set[str]) -> None:
    """Counts a transaction, heading or item and what it holds."""
    if element.tag == "transaction":
        found = YEAR.match(element.findtext("date") or "")
        account.year = int(found[1]) if found else 0
    own = [child for child in element if child.tag not in UNITS]
    texts = [child for child in element if child.tag == "text"]
    marks = [
        number for child in (*own, *(texts if element.tag == "item" else [])) if (number := _mark(child))
    ]
    for child in element:
        if child.tag in ("item", "heading"):
            _walk(child, account, kept, taken)
        elif child.tag == "lnk":
            _count_link(child, account)
        elif child.tag in ("text", "text-with-layout") and element.tag != "item":
            number = _mark(child)
            if number is None:
                _count_text(child, account)
            elif kept[number].tag in UNITS:
                taken.add(number)
                account.as_text[key_of(kept[number])] += 1
            else:
                marks.append(number)
        elif _mark(child) and kept[str(_mark(child))].tag in UNITS:
            taken.add(str(_mark(child)))
    inner = [number for number in marks if kept[number].tag == "lnk"]
    for number in inner:  # a link of an item that stands as a text of it
        account.as_text[key_of(kept[number])] += 1
    taken.update(marks)
    if set(marks) - set(inner):
        account.as_text[key_of(element)] += 1
    else:
        account.add(key_of(element))


def _count_text(text: Any, account: Account) -> None:
    said = text.text or ""
    if not said and text.get("L") == "und":
        return  # forced by the format
    account.add(("note", ""))
    if said.startswith("A1\\"):
        _count_message(said, account)


def _count_message(said: str, account: Account) -> None:
    """In a source, each result line becomes an item beside the message; in a chart it is there as one."""
    if not account.is_chart:
        account.add(("lab_result", ""), sum(line.startswith("L1\\") for line in said.splitlines()))


def _count_link(link: Any, account: Account) -> None:
    content = "".join((link.text or "").split())
    if not content:
        account.add(("link", ""))
        return
    try:
        data = b64decode(content, validate=True)
    except ValueError:
        account.undecodable += 1
        return
    account.files[sha256(data).hexdigest()] += 1
    image = any(data.startswith(magic) for magic in MAGIC)
    account.add(("image" if image else "document", ""))
    if data.startswith(b"A1\\"):
        _count_message(data.decode("latin-1"), account)


def _mark(element: Any) -> str | None:
    """The number of the element for which a text in it stands."""
    for text in element.iter("text"):
        found = MARK.search(text.text or "")
        if found:
            return found[1]
    return None


def patient_key(_child: Any) -> Key:
    """Each child of a patient is administrative."""
    return "patient_data", ""


def key_of(element: Any) -> Key:
    """Sort and part of a transaction, heading, item, text or link."""
    if element.tag == "heading":
        return "section", ""
    if element.tag == "lnk":
        return ("document", "") if (element.text or "").strip() else ("link", "")
    if element.tag in ("text", "text-with-layout"):
        return "note", ""
    if element.tag == "transaction":
        stated = element.xpath("cd[@SL='REPRISE-TRANSACTION']/text()") or element.xpath(
            "cd[@S='CD-TRANSACTION']/text()"
        )
        sort = TRANSACTIONS.get(stated[0], "letter")
        return sort, stated[0] if sort == "letter" else ""
    kind = element.xpath("cd[@S='CD-ITEM']/text()")[0]
    status = (element.xpath("lifecycle/cd/text()") or [""])[0]
    sort = SORTS.get(kind, "other_item")
    if sort == "medication":
        return sort, STATUS.get(status, "other")
    if status == "planned":
        return "reminder", ""
    return sort, kind if sort == "other_item" else ""
