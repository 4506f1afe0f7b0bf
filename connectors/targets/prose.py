"""An element in words: what people call it, then every value, in the language of the record.

The counter looks for the values in it (docs/formats/facts.md), so a code that has a word keeps the code in parentheses behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from connectors.targets.skeleton import is_mf_id
from connectors.targets.templates import says_position
from connectors.targets.tree import Node
from schemas.texts import section

_TABLES = {"S": r"[A-Z][A-Z0-9._-]*", "SL": r"[A-Z][A-Z0-9._-]*", "SV": r"[\d.]*", "L": r"[A-Za-z]{2}"}
"""Attributes that name a value's table and its version, and the form they then have."""
_SPEAKING = frozenset(
    {
        "cd",
        "text",
        "text-with-layout",
        "hcparty",
        "person",
        "telecom",
        "id",
        "daytime",
        "dayperiod",
        "weekday",
    }
)
"""They are read without a label."""
_WRAPPERS = frozenset({"content", "medicinalproduct", "substanceproduct", "item", "location"})
_CODES = frozenset({"cd", "intendedcd", "deliveredcd"})
_MOMENTS = frozenset(
    {
        "beginmoment",
        "endmoment",
        "birthdate",
        "deathdate",
        "transaction",
        "deliverydate",
        "daytime",
        "regimen",
    }
)
_INSTANTS = frozenset({"date", "time", "year", "yearmonth", "datetime"})
_AMOUNTS = frozenset(
    {"content", "quantity", "strength", "duration", "frequency", "minref", "maxref", "nominator"}
)
_PLAIN = re.compile(r"[A-Z]+-")  # how names of national tables begin
_LETTERS = re.compile(r"[^\W\d_]{3}")
_OBVIOUS = frozenset({"CD-ITEM", "CD-TRANSACTION", "CD-HEADING", "CD-UNIT", "UCUM", "CD-FED-COUNTRY"})
"""Tables that need no name beside a value; so do those of `TABLES_IN_WORDS`."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TABLES_IN_WORDS: dict[str, frozenset[str]] = {
    name: frozenset(codes.split())
    for name, codes in {
        "CD-LIFECYCLE": """aborted active added administrated cancelled completed corrected delivered substituted inactive
            planned prescribed reported refused switched suspended stopped excluded notpresent ordered scheduled todo
            postponed pending expected obtained proposed retracted""",
        "CD-CERTAINTY": "excluded probable proven unprobable undefined",
        "CD-TEMPORALITY": "oneshot acute chronic reactivation remission subacute ifnecessary",
        "CD-SEX": "male female unknown changed undefined",
        "CD-SEVERITY": "normal abnormal veryabnormal high veryhigh extremelyhigh low verylow extremelylow",
        "CD-ADDRESS": "home work careaddress vacation other",
        "CD-TELECOM": "phone mobile fax email",
        "CD-HCPARTY": """persphysician persnurse perspharmacist persdentist persphysiotherapist persmidwife
            persadministrative orghospital orgpractice orglaboratory orgpharmacy hub application""",
        "CD-LNK": """isachildof isaconsequenceof isanewversionof isareplyto multimedia thumbnail isanappendixof
            isaservicefor isrealisationof isapproachfor isplannedfor isattestationof""",
        "CD-DAYPERIOD": """morning afternoon evening night thehourofsleep aftermeal betweenmeals
            beforebreakfast duringbreakfast afterbreakfast
            beforelunch duringlunch afterlunch beforedinner duringdinner afterdinner betweenbreakfastandlunch
            betweenlunchanddinner betweendinnerandsleep""",
        "CD-PARAMETER": "weight height bmi sbp dbp heartrate peakflow headcircumference hipcircumference",
        "CD-HEADING": """assessment clinical subjective technical treatment history familyhistory prescription medication
            anamnesis examination plan""",
        "CD-WEEKDAY": " ".join(_DAYS),
    }.items()
}
"""Codes that have a word, by the table in which they have it."""
_TRUTHS = frozenset({"true", "false"})
_TRUE_OR_FALSE = frozenset(
    {"iscomplete", "isvalidated", "isrelevant", "issubstitutionallowed", "boolean", "reportrequested"}
)
_NUMBERS = {"ID-HCPARTY": "inami", "INSS": "inss", "ID-PATIENT": "inss", "ID-CBE": "enterprise"}


def prose(node: Node, language: str, token: str = "") -> str:
    """A sentence: "label: value, label value". Files are named, not quoted. `language` is one of `schemas.texts.LANGUAGES`.

    `token`: what the run made itself, which is no value, has it.
    """
    return _Speaker(language, token).sentence(node)


def code_in_words(code: Node, language: str) -> str:
    """The word for a code; the code itself if it has none."""
    value = code.text.strip()
    worded = value in TABLES_IN_WORDS.get(code.attributes.get("S", ""), ())
    return section(language, "value")[value] if worded else value


def word_for(name: str, language: str) -> str | None:
    """The word for an element; None if it has none."""
    return section(language, "prose").get(name)


class _Speaker:
    """Speaks one language."""

    def __init__(self, language: str, token: str) -> None:
        self._words = section(language, "prose")
        self._values = section(language, "value")
        self._kinds = section(language, "report.kind")
        self._colon = "\u00a0: " if language == "fr" else ": "
        self._token = token
        self._special: dict[str, Callable[[Node], str]] = {
            **dict.fromkeys(_CODES, self._code),
            "id": self._number,
            "hcparty": self._party,
            "person": self._party,
            "address": self._address,
            "telecom": self._telecom,
            "regimen": self._regimen,
        }

    def sentence(self, node: Node) -> str:
        inner = self._inside(node)
        label = self._words.get(node.name, node.name)
        if node.name in _WRAPPERS or node.name in _SPEAKING:
            return inner or label
        return f"{label}{self._colon}{inner}" if inner else label

    def _inside(self, node: Node) -> str:
        """The values of an element and of all elements in it."""
        special = self._special.get(node.name)
        return ", ".join(self._parts(node)) if special is None else special(node)

    def _parts(self, node: Node) -> Iterator[str]:
        text = "" if node.name == "lnk" else node.text.strip()
        if text:
            yield self._truth(text) if node.name in _TRUE_OR_FALSE else text
        yield from self._labels(node)
        numbers = [child for child in node.children if child.name == "id"]
        amount = [child for child in node.children if _is_amount(child)] if node.name in _AMOUNTS else []
        taken = {id(child) for child in (*numbers, *amount)}
        if amount:
            yield " ".join(filter(None, (c.text.strip() or self._inside(c) for c in amount)))
        for child in node.children:
            part = "" if id(child) in taken else self._child(child, node.name)
            if part:
                yield part
            if child.tail.strip():
                yield child.tail.strip()
        yield from filter(None, map(self._number, numbers))

    def _child(self, child: Node, owner: str) -> str:
        inner = self._inside(child)
        bare = child.name in _SPEAKING or child.name in _WRAPPERS or child.name in _CODES
        if bare or not inner or (child.name in _INSTANTS and owner in _MOMENTS):
            return inner
        if child.name == "intendedname" and owner in _WRAPPERS:
            return inner
        label = self._words.get(child.name, child.name)
        return f"{label} ({inner})" if len(child.children) > 1 and ", " in inner else f"{label} {inner}"

    def _party(self, party: Node) -> str:
        """A person or an organisation: role and name, then the rest in parentheses."""
        roles = [
            self._code(c) for c in party.children if c.name == "cd" and c.attributes.get("S") == "CD-HCPARTY"
        ]
        name = _named(party, "firstname", "familyname", "name")
        rest = [
            self._child(child, party.name)
            for child in party.children
            if child.name not in ("firstname", "familyname", "name", "id")
            and not (child.name == "cd" and child.attributes.get("S") == "CD-HCPARTY")
        ]
        rest += [self._number(child) for child in party.children if child.name == "id"]
        rest += [*self._labels(party), party.text.strip(), *(c.tail.strip() for c in party.children)]
        for child in party.children:
            if child.name in ("firstname", "familyname", "name"):
                rest += [*self._labels(child), *(self._inside(inner) for inner in child.children)]
        head = " ".join(part for part in (*roles, name) if part) or self._words[party.name]
        inner = ", ".join(part for part in rest if part)
        return f"{head} ({inner})" if inner else head

    def _address(self, address: Node) -> str:
        """Kind, street and number, code and city, then whatever else there is."""
        plain = {c.name: c for c in address.children if not c.attributes and not c.children}
        lines = [("street", "housenumber", "postboxnumber"), ("zip", "city")]
        said = [
            " ".join(plain[n].text.strip() for n in line if n in plain and plain[n].text.strip())
            for line in lines
        ]
        used = [id(plain[name]) for line in lines for name in line if name in plain]
        kinds = [self._code(child) for child in address.children if child.name == "cd"]
        rest = [
            self._child(child, address.name)
            for child in address.children
            if child.name != "cd" and id(child) not in used
        ]
        tails = [child.tail.strip() for child in address.children]
        parts = (*kinds, *said, *rest, address.text.strip(), *self._labels(address), *tails)
        return ", ".join(part for part in parts if part)

    def _telecom(self, telecom: Node) -> str:
        kinds = [self._code(child) for child in telecom.children if child.name == "cd"]
        rest = [self._inside(child) for child in telecom.children if child.name != "cd"]
        tails = [child.tail.strip() for child in telecom.children]
        return " ".join(p for p in (*kinds, *rest, telecom.text.strip(), *self._labels(telecom), *tails) if p)

    def _regimen(self, regimen: Node) -> str:
        """The intakes, separated by semicolons; each ends with its quantity."""
        intakes: list[list[str]] = [[regimen.text.strip(), *self._labels(regimen)]]
        for child in regimen.children:
            intakes[-1] += [self._child(child, regimen.name), child.tail.strip()]
            if child.name == "quantity":
                intakes.append([])
        return "; ".join(said for said in (", ".join(filter(None, each)) for each in intakes) if said)

    def _number(self, node: Node) -> str:
        """An identifier. Positions, and what the run made, are none."""
        if self._token and node.attributes.get("SV") == self._token and is_mf_id(node):
            return ""
        if _is_position(node):
            return ""
        scheme = node.attributes.get("S", "")
        label = self._words[f"number-{_NUMBERS.get(scheme, 'other')}"]
        inner = [node.text.strip(), *self._labels(node), *(self._inside(child) for child in node.children)]
        said = " ".join(part for part in inner if part)
        return f"{label} {said}" if said else ""

    def _labels(self, node: Node) -> Iterator[str]:
        for name, value in node.attributes.items():
            if value.strip() and (node.name == "reprise-itself" or not _names_table(name, value)):
                word = self._worded(value.strip(), "CD-LNK") if name == "TYPE" else value
                yield f"{self._words.get(name, name)} {word}"

    def _code(self, node: Node) -> str:
        """A code: its label first if it has one, then the code with its table."""
        label, value = node.attributes.get("DN", "").strip(), node.text.strip()
        table = node.attributes.get("S", "")
        others = [
            f"{self._words.get(k, k)} {v}"
            for k, v in node.attributes.items()
            if k != "DN" and v.strip() and not _names_table(k, v)
        ]
        inner = [part for part in (*(self._inside(child) for child in node.children), *others) if part]
        inner += [child.tail.strip() for child in node.children if child.tail.strip()]
        code = self._worded(value, table)
        if table not in _OBVIOUS and table not in TABLES_IN_WORDS and code:
            name = table
            if table == "LOCAL":  # a code in words needs no table
                name = "" if _LETTERS.search(value) else node.attributes.get("SL", "").strip()
            name = name if re.fullmatch(_TABLES["S"], name) else ""
            code = f"{self._words.get(name) or _PLAIN.sub('', name, count=1)} {code}".strip()
        code = " ".join(part for part in (code, *inner) if part)
        if label and label not in code:
            return f"{label} ({code})" if code else label
        return code

    def _worded(self, code: str, table: str) -> str:
        if table in ("CD-ITEM", "CD-TRANSACTION"):
            word = self._kinds.get(code)
        else:
            word = self._values.get(code) if code in TABLES_IN_WORDS.get(table, ()) else None
        return code if word is None or word == code else f"{word} ({code})"

    def _truth(self, text: str) -> str:
        return f"{self._values[text]} ({text})" if text in _TRUTHS else text


def _is_amount(node: Node) -> bool:
    """Whether it is a bare number, or a unit without anything else."""
    if node.attributes or node.tail.strip():
        return False
    return node.name == "unit" or (node.name in ("decimal", "unsignedInt") and not node.children)


def _named(party: Node, *names: str) -> str:
    return " ".join(
        c.text.strip() for name in names for c in party.children if c.name == name and c.text.strip()
    )


def _names_table(name: str, value: str) -> bool:
    return name in _TABLES and re.fullmatch(_TABLES[name], value) is not None


def _is_position(node: Node) -> bool:
    """Whether an id is a position, which is numbered anew."""
    labels = node.attributes
    return (
        labels.get("S") == "ID-KMEHR"
        and labels.keys() <= {"S", "SV"}
        and not node.children
        and says_position(labels.get("SV", ""), node.text)
    )


def codes_in_words() -> Iterable[str]:
    """Every code that has a word."""
    return _TRUTHS.union(*TABLES_IN_WORDS.values())
