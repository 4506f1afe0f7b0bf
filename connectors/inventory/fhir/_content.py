"""What the resources of a FHIR message say, for the counter (docs/formats/fhir.md)."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from connectors.inventory.flat.expected import Stated, follows
from connectors.inventory.flat.reading import Text

Json = dict[str, Any]
_COMMENT_CODES = ("55752-0", "86468-6", "94330-8")
_BLOCKS = "br p div li tr h1 h2 h3 h4 h5 h6 table ul ol td th".split()  # noqa: SIM905 - a table


def get(node: Any, *path: str) -> str:
    """The text at the end of a path of elements; of a number its digits; empty if there is none."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    if not isinstance(node, str):
        return ""
    if not node.isascii():
        node = "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in node)
    if "\r" in node:
        node = node.replace("\r\n", "\n").replace("\r", "\n")
    return str(node.strip())


def sub(node: Json, name: str) -> Json:
    """An element with elements of its own."""
    found = node.get(name)
    return found if isinstance(found, dict) else {}


def each(node: Json, name: str) -> list[Json]:
    """The elements of this name, in a list or alone."""
    found = node.get(name)
    if isinstance(found, dict):
        return [found]
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def strings(node: Json, name: str) -> list[str]:
    """The texts in a list."""
    found = node.get(name)
    said = [get({"said": one}, "said") for one in found] if isinstance(found, list) else []
    return [one for one in said if one]


def concept(node: Json) -> str:
    """The words of a coded value, else its code."""
    codings = each(node, "coding")
    for candidates in (
        [get(node, "text")],
        [get(c, "display") for c in codings],
        [get(c, "code") for c in codings],
    ):
        for candidate in candidates:
            if candidate:
                return candidate
    return ""


@dataclass
class Resource:
    """A resource of the message and the ordinal of its stretch."""

    first: int
    node: Json
    address: str = ""

    @property
    def type(self) -> str:
        """The type that it names."""
        return get(self.node, "resourceType")

    @property
    def count(self) -> int:
        """How many ordinals it takes."""
        inner = each(self.node, "contained")
        return 1 + len(each(self.node, "component")) + sum(1 + len(each(node, "component")) for node in inner)

    def inner(self) -> list[Resource]:
        """The resources within it, counted behind its components."""
        found: list[Resource] = []
        at = self.first + 1 + len(each(self.node, "component"))
        for node in each(self.node, "contained"):
            found.append(Resource(at, node))
            at += 1 + len(each(node, "component"))
        return found


@dataclass
class Message:
    """The resources of one message."""

    resources: list[Resource] = field(default_factory=list)
    _known: dict[str, Resource] = field(default_factory=dict)
    _within: dict[int, dict[str, Resource]] = field(default_factory=dict)

    @cached_property
    def types(self) -> dict[int, str]:
        """The types of all resources by their ordinals."""
        return {one.first: one.type for one in self.resources}

    def of(self, *types: str) -> list[Resource]:
        """Those of some types, in order."""
        return [one for one in self.resources if one.type in types]

    def named(self, address: str, holder: Resource) -> Resource | None:
        """The resource that an address names."""
        if not address:
            return None
        if address[0] == "#":
            within = self._within.get(id(holder.node))
            if within is None:
                within = self._within[id(holder.node)] = {}
                for one in holder.inner():
                    within.setdefault(get(one.node, "id"), one)
            return within.get(address[1:])
        if not self._known:
            for one in self.resources:
                for key in (one.address, f"{one.type}/{get(one.node, 'id')}"):
                    self._known.setdefault(key, one)
        return self._known.get(address) or self._known.get("/".join(address.split("/")[-2:]))


class Reading:
    """Reads a message: `results`, `text`, `documents`."""

    def __init__(self, message: Message, *, is_lab: bool) -> None:
        self._message, self._is_lab = message, is_lab
        self.results: list[Stated] = []
        self.text = Text()
        self._documents: list[tuple[int, str, int]] = []
        self._title_before = ""
        self._told: set[int] = set()
        self._taken: set[int] = set()

    @property
    def documents(self) -> list[tuple[str, int]]:
        """Digest and size of each document, by the place that holds it."""
        return [(digest, size) for _, digest, size in sorted(self._documents, key=lambda one: one[0])]

    def take(self) -> None:
        """Read all of it."""
        of = self._message.of
        for one in of("Composition") if not self._is_lab else ():
            self._title(get(one.node, "title") or concept(sub(one.node, "type")))
            self._sections(one.node)
        for one in of("DiagnosticReport"):
            self._report(one)
        for one in of("Observation"):
            self._observation(one)
        for one in of("DocumentReference", "Media"):
            node = one.node
            title = get(node, "description") or concept(sub(node, "type")) or concept(sub(node, "category"))
            for content in each(node, "content"):
                inner = content if one.type == "Media" else sub(content, "attachment")
                self._attachment(one, inner, get(inner, "title") or title)
        for one in of("Binary"):
            if one.first not in self._taken:
                self._attachment(one, one.node, "")

    def _title(self, title: str) -> None:
        if title not in ("", self._title_before):
            self.text.add(title, "title")
        self._title_before = title

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line.strip():
                self.text.add(line, "remark" if self._is_lab else "letter")

    def _sections(self, node: Json) -> None:
        for section in each(node, "section"):
            self._title(get(section, "title"))
            self._say(_narrative(get(section, "text", "div")))
            self._sections(section)

    def _report(self, one: Resource) -> None:
        for link in each(one.node, "result"):
            found = self._message.named(get(link, "reference"), one)
            if found is not None and found.type == "Observation":
                self._observation(found)
        self._say(get(one.node, "conclusion").split("\n"))
        self._say(concept(code) for code in each(one.node, "conclusionCode"))
        for form in each(one.node, "presentedForm"):
            self._attachment(one, form, get(form, "title"))

    def _observation(self, start: Resource) -> None:
        stack = [start]
        while stack:
            one = stack.pop()
            if id(one.node) in self._told:
                continue
            self._told.add(id(one.node))
            self._tell(one)
            members = [
                self._message.named(get(link, "reference"), one) for link in each(one.node, "hasMember")
            ]
            stack.extend(
                found for found in reversed(members) if found is not None and found.type == "Observation"
            )

    def _tell(self, one: Resource) -> None:
        node = one.node
        result = _result(one.first, node, get(node, "status"))
        notes = [line for note in each(node, "note") for line in _of_note(note)]
        if result.loinc in _COMMENT_CODES and not result.unit:
            self._say([*result.value.split("\n"), *notes])
            return
        if any((result.value, result.unit, result.limits, result.flag, result.state)):
            specimen = self._message.named(get(node, "specimen", "reference"), one)
            kind = concept(sub(specimen.node, "type")) if specimen is not None else ""
            result.notes += [*notes, *([kind] if kind else [])]
            self._add(result)
        else:
            self._title(result.label or result.code)
            self._say(notes)
        for number, component in enumerate(each(node, "component"), start=one.first + 1):
            self._add(_result(number, component, get(node, "status")))

    def _add(self, result: Stated) -> None:
        first, *more = result.value.split("\n")
        limits = f"({result.limits})" if result.limits else ""
        said = [result.label or result.code, first, result.unit, limits, result.flag]
        self._title_before = ""
        self.text.add("  ".join(word for word in said if word), "result")
        self._say(more)
        self._say(result.notes)
        if self._is_lab:
            self.results.append(result)

    def _attachment(self, one: Resource, node: Json, title: str) -> None:
        self._title(title)
        data, url = get(node, "data"), get(node, "url")
        if not data and url:
            found = self._message.named(url, one)
            if found is not None and found.type == "Binary":
                self._taken.add(found.first)
                data = get(found.node, "data")
        with suppress(ValueError):
            content = base64.b64decode("".join(data.split()).encode("ascii"), validate=True)
            if content:
                self._documents.append((one.first, sha256(content).hexdigest(), len(content)))


def _of_note(note: Json) -> Iterator[str]:
    subject = "".join(
        f"{said}: " for one in each(note, "extension") if (said := concept(sub(one, "valueCodeableConcept")))
    )
    for line in get(note, "text").split("\n"):
        if line.strip():
            yield subject + line.strip()
            subject = ""


def _result(first: int, node: Json, status: str) -> Stated:
    code, label, loinc = _name(sub(node, "code"))
    raw, unit = _value(node)
    value = "\n".join(line.rstrip() for line in raw.split("\n"))
    limits = [said for stated in each(node, "referenceRange") if (said := _limits(stated))]
    flags = [said for one in each(node, "interpretation") if (said := _flag(one))]
    notes = limits[1:]
    absent = concept(sub(node, "dataAbsentReason"))
    if absent and absent != value:
        notes.append(absent)
    state = "pending" if status in ("registered", "preliminary") or follows(value) else ""
    if status in ("cancelled", "entered-in-error"):
        state = "cancelled"
    if not value and not state and notes:
        value = notes.pop()
    result = Stated(
        first,
        "FHIR",
        code,
        label,
        value,
        unit,
        "",
        limits[0] if limits else "",
        "; ".join(flags),
        state,
        loinc,
    )
    result.notes += notes
    return result


def _name(code: Json) -> tuple[str, str, str]:
    codings = each(code, "coding")
    loinc, own = [], []
    for coding in codings:
        value = get(coding, "code")
        number, dash, check = value.partition("-")
        plain = dash and re.match(r"[0-9]{1,7}\Z", number) and re.match(r"[0-9]\Z", check)
        if get(coding, "system") == "http://loinc.org" and plain:
            loinc.append(value)
        elif value:
            own.append(value)
    label = get(code, "text") or next((said for coding in codings if (said := get(coding, "display"))), "")
    return next(iter(own + loinc), ""), label, next(iter(loinc), "")


def _value(node: Json) -> tuple[str, str]:
    if sub(node, "valueQuantity"):
        quantity = sub(node, "valueQuantity")
        return _quantity(quantity), get(quantity, "unit") or get(quantity, "code")
    if sub(node, "valueRange"):
        low, high = sub(sub(node, "valueRange"), "low"), sub(sub(node, "valueRange"), "high")
        return _between(get(low, "value"), get(high, "value")), get(low, "unit") or get(high, "unit")
    if sub(node, "valueRatio"):
        ratio = sub(node, "valueRatio")
        return f"{_quantity(sub(ratio, 'numerator'))}:{_quantity(sub(ratio, 'denominator'))}", ""
    if sub(node, "valuePeriod"):
        return _between(get(node, "valuePeriod", "start"), get(node, "valuePeriod", "end")), ""
    return _plain_value(node), ""


def _plain_value(node: Json) -> str:
    for said in (True, False):
        if node.get("valueBoolean") is said:
            return "true" if said else "false"
    for name in ("valueString", "valueInteger", "valueDateTime", "valueTime"):
        if get(node, name):
            return get(node, name)
    return concept(sub(node, "valueCodeableConcept"))


def _between(begin: str, end: str) -> str:
    return f"{begin} - {end}" if begin and end else begin or end


def _quantity(node: Json) -> str:
    return get(node, "comparator") + get(node, "value")


def _limits(stated: Json) -> str:
    low, high = get(stated, "low", "value"), get(stated, "high", "value")
    if low:
        return f"{low} - {high}" if high else f">= {low}"
    return f"<= {high}" if high else get(stated, "text")


def _flag(node: Json) -> str:
    return next((code for coding in each(node, "coding") if (code := get(coding, "code"))), "") or get(
        node, "text"
    )


def _narrative(markup: str) -> Iterator[str]:
    """The lines of a narrative: tags of blocks end a line, other tags are blanks."""
    plain, at = list[str](), 0
    while True:
        begin = markup.find("<", at)
        end = markup.find(">", begin) if begin >= 0 else -1
        if end < 0:
            plain.append(markup[at:])
            break
        tag = markup[begin + 1 : end].removeprefix("/")
        name = re.match("[A-Za-z]*[0-9]?", tag)
        plain += [markup[at:begin], "\n" if name and name[0].lower() in _BLOCKS else " "]
        at = end + 1
    for line in html.unescape(re.sub(r"&#([0-9]{8,});?", _long_reference, "".join(plain))).split("\n"):
        if line.split():
            yield " ".join(line.split())


def _long_reference(found: re.Match[str]) -> str:
    """A reference to a sign in many digits: without its zeros, or U+FFFD if what is left is beyond all signs."""
    digits = found[1].lstrip("0") or "0"
    return f"&#{digits};" if len(digits) < 8 else "\ufffd"
