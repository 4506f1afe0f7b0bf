"""The normal form once more, over whole trees and with lxml: to be compared with the counter's digests.

It shares nothing with the counter but the conventions written down at the top of normal_form.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata

from lxml import etree

RS, US = "\x1e", "\x1f"
WHITE = " \t\r\n"
ORDERED = {"regimen", "compoundprescription", "text-with-layout"}


def name(element) -> str:
    return etree.QName(element).localname


def elements(element) -> list:
    return [child for child in element if isinstance(child.tag, str)]


def clean(text: str) -> str:
    return re.sub(r"([\\()|])", r"\\\1", unicodedata.normalize("NFC", text))


def attribute_list(element, leave=()) -> list[str]:
    found = {}
    for key, value in element.attrib.items():
        if "XMLSchema-instance" not in key:
            found[etree.QName(key).localname] = value
    if found.get("SV") == "":
        del found["SV"]
    if found.get("L") or ("L" in found and name(element) != "text"):
        found["L"] = found["L"].lower()
    elif name(element) == "text":
        found["L"] = "und"
    return sorted(f"{k}={clean(v)}" for k, v in found.items() if k not in leave)


def runs(element) -> list[str]:
    found = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            found.append(child.tail or "")
        else:
            found[-1] += child.tail or ""
    return found


def is_id(element, scheme: str) -> bool:
    return name(element) == "id" and element.get("S") == "LOCAL" and element.get("SL") == scheme


def is_position(element) -> bool:
    said = (element.get("SV") or "") + "".join(runs(element))
    return element.get("S") == "ID-KMEHR" and re.fullmatch(r"[0-9A-Fa-f.\s-]*", said) is not None


def children_forms(children, ordered=False) -> list[str]:
    forms = []
    for child in children:
        text = "".join(runs(child))
        if name(child) == "id" and is_position(child) and set(child.attrib) <= {"S", "SV"}:
            continue
        if is_id(child, "MF-ID"):
            forms.append(f"(id|S=LOCAL{US}SL=MF-ID|{clean(text)})")
        else:
            forms.append(canon(child, ordered))
    return forms


FORMS = [
    ("time", r"(\d):(\d\d)(?::(\d\d))?", lambda m: f"0{m[1]}:{m[2]}:{m[3] or '00'}"),
    ("time", r"(\d\d):(\d\d)", lambda m: f"{m[1]}:{m[2]}:00"),
    ("date|deliverydate|expirationdate", r"(.{10})T0?0:00(?::00)?(?:\..*)?", lambda m: m[1]),
    ("yearmonth", r"(\d{4})(\d\d)", lambda m: f"{m[1]}-{m[2]}"),
    ("decimal", r"([+-]*\d+),(\d+)", lambda m: f"{m[1]}.{m[2]}"),
    ("iscomplete|isvalidated|isrelevant|boolean", r"(?i:true|false)", lambda m: m[0].lower()),
]


def settled(name: str, text: str) -> str:
    """The form of a value that counts."""
    found = [(pattern, form) for names, pattern, form in FORMS if name in names.split("|")]
    text = text.strip(WHITE) if found else text
    for pattern, form in found:
        match = re.fullmatch(pattern, text, re.ASCII)
        if match:
            return form(match)
    return text


def canon(element, ordered=False) -> str:
    ordered = ordered or name(element) in ORDERED
    inside = [
        c
        for c in elements(element)
        if name(c) != "housenumber" or len(c) or c.text or c.attrib or name(element) != "address"
    ]
    if not elements(element):
        text = "".join(runs(element))
        content = clean(settled(name(element), text))
    else:
        forms = children_forms([c for c in inside if c.get("UNIT") is None], ordered)
        own = " ".join(clean(run.strip(WHITE)) for run in runs(element) if run.strip(WHITE))
        content = own + "".join(forms if ordered else sorted(forms))
    return f"({name(element)}|{US.join(attribute_list(element, ('UNIT',)))}|{content})"


def shorten(body: str) -> str:
    raw = body.encode()
    return body if len(body) <= 1024 else f"sha256:{hashlib.sha256(raw).hexdigest()}:{len(raw)}"


def target(url: str) -> str | None:
    at = url.find("MF-ID")
    found = re.search(r"(?:\.|text\(\))\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", url[at:]) if at >= 0 else None
    return (found.group(1) or found.group(2)) if found else None


def lnk_body(element) -> tuple[str, str]:
    text = "".join(runs(element)).translate(str.maketrans("", "", WHITE))
    if not text:
        attributes = dict(element.attrib)
        if target(attributes.get("URL", "")):
            attributes["URL"] = "mf:" + target(attributes["URL"])
        pairs = sorted(f"{k}={clean(v)}" for k, v in attributes.items() if k != "UNIT")
        return "link", US.join(pairs)
    content = base64.b64decode(text, validate=True)
    pairs = attribute_list(element, ("UNIT", "MEDIATYPE", "L"))
    pairs = sorted([*pairs, "TYPE=multimedia"]) if element.get("TYPE") is None else pairs
    return "attachment", RS.join([US.join(pairs), hashlib.sha256(content).hexdigest(), str(len(content))])


class Oracle:
    """All units of a document, in document order: (path, kind, digest)."""

    def __init__(self, content: bytes, key: bytes) -> None:
        self.key = key
        self.units: list[tuple[str, str, bytes]] = []
        root = etree.fromstring(content, etree.XMLParser(huge_tree=True, strip_cdata=False))
        self.walk(root, "1/1")
        self.remarks = {
            self.place(note) for note in root.getroottree().xpath("//comment()|//processing-instruction()")
        }

    @staticmethod
    def place(note) -> str:
        """The path of what lies loose where a comment or an instruction stands: of the place around it."""
        around = [note, *note.iterancestors()]
        while len(around) > 1 and name(around[1]) not in ("transaction", "folder", "kmehrmessage"):
            del around[1]
        if len(around) == 1:
            return "1/0"
        ordinals = [
            1 + sum(1 for _ in element.itersiblings("*", preceding=True))
            for element in (around[1], *around[1].iterancestors())
        ]
        return "1/" + ".".join(map(str, [*reversed(ordinals), 0]))

    def add(self, path, kind, context, body) -> str:
        form = RS.join([kind, context, shorten(body)])
        self.units.append((path, kind, hmac.digest(self.key, form.encode(), "sha256")))
        return hashlib.sha256(form.encode()).hexdigest()

    def walk(self, element, path) -> None:
        for n, child in enumerate(elements(element), 1):
            here = f"{path}.{n}"
            if name(element) == "folder" and name(child) == "patient":
                for m, one in enumerate(elements(child), 1):
                    single = children_forms([one])
                    self.add(f"{here}.{m}", "patient_field", "patient", single[0])
            elif name(element) == "folder":
                self.unit(child, here, "folder", False)
            elif name(child) != "header":
                self.walk(child, here)

    def unit(self, element, path, context, nested, beside=None) -> None:
        """`beside`: the context of items and headings, where it is another one."""
        what = name(element)
        if what in ("text", "text-with-layout") and not nested:
            self.add(path, "text", context, canon(element))
        elif what == "lnk":
            kind, body = lnk_body(element)
            self.add(path, kind, context, body)
        elif what in ("transaction", "heading", "item"):
            self.head(element, path, "folder" if what == "transaction" else beside or context)
        else:
            for n, child in enumerate(elements(element), 1):
                self.unit(child, f"{path}.{n}", context, True, beside)

    def mark(self, element, top) -> None:
        for child in elements(element):
            direct_text = top and name(child) in ("text", "text-with-layout") and name(element) != "item"
            if name(child) in ("item", "heading", "transaction", "lnk") or direct_text:
                child.set("UNIT", "1")
            else:
                self.mark(child, False)

    def head(self, element, path, context) -> None:
        self.mark(element, True)
        what = name(element)
        own = [c for c in elements(element) if c.get("UNIT") is None]
        at = len(self.units)
        digest = self.add(path, what, context, RS.join(sorted(children_forms(own))))
        if what == "transaction":
            kinds = [c for c in own if name(c) == "cd" and c.get("S") == "CD-TRANSACTION"]
            kind = (kinds[0].text or "").strip() if kinds else ""
            inner = kind + US + ("" if kind == "clinicalsummary" else digest)
        else:
            inner = context + US + digest
        assert len(self.units) == at + 1
        for n, child in enumerate(elements(element), 1):
            nested = child.get("UNIT") is None or what == "item"
            self.unit(child, f"{path}.{n}", inner, nested, context if what == "item" else None)
