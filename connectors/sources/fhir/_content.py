"""What the resources of a message say: results in the order of the report, remarks, letters, documents (docs/formats/fhir.md)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from connectors.sources.fhir._resources import (
    Held,
    Resources,
    Tree,
    cleaned,
    codes,
    many,
    name_of,
    one,
    plain_lines,
    spoken,
    text,
)
from connectors.sources.flat.message import Document, Doubt, Part, Result
from connectors.sources.flat.values import is_pending

READ = frozenset(
    {
        "Binary", "Composition", "DiagnosticReport", "DocumentReference", "Media", "Observation", "Organization", "Patient",
        "Practitioner", "PractitionerRole", "ServiceRequest", "Specimen",
    }
)  # fmt: skip
_COMMENTS = frozenset({"55752-0", "86468-6", "94330-8"})
_PENDING = frozenset({"registered", "preliminary"})
_NEVER = frozenset({"cancelled", "entered-in-error"})


class Content:
    """Reads the resources; `lab`: whether observations are results rather than lines of a letter."""

    def __init__(self, resources: Resources, *, lab: bool) -> None:
        self._resources, self._lab = resources, lab
        self.parts: list[Part] = []
        self.results: list[Result] = []
        self.doubts: list[Doubt] = []
        self.documents: list[Document] = []
        self._seen: set[int] = set()
        self._titled = ""
        self._used: set[int] = set()

    def read(self) -> Content:
        """Read all resources."""
        for each in self._resources.all("Composition"):
            self._composition(each)
        for each in self._resources.all("DiagnosticReport"):
            self._report(each)
        for each in self._resources.all("Observation"):
            self._observation(each)
        for each in self._resources.all("DocumentReference", "Media"):
            self._document(each)
        for each in self._resources.all("Binary"):
            if each.line not in self._used:
                self._attachment(each, each.tree, "")
        self._unread()
        self.documents.sort(key=lambda document: document.line)
        return self

    def _unread(self) -> None:
        named: set[str] = set()
        for each in self._resources.held:
            inner = [text(tree, "resourceType") for tree in many(each.tree, "contained")]
            for kind in (each.type, *inner):
                if kind not in READ | named:
                    self.doubts.append(Doubt(each.line, "resource_not_read", kind))
                named.add(kind)

    def _title(self, line: int, title: str) -> None:
        if title and title != self._titled:
            self.parts.append(Part(line, "title", title))
        self._titled = title

    def _lines(self, line: int, said: Iterable[str]) -> None:
        kind = "remark" if self._lab else "letter"
        self.parts += [Part(line, kind, each) for each in said if each.strip()]

    def _composition(self, held: Held) -> None:
        if self._lab:
            return
        self._title(held.line, text(held.tree, "title") or spoken(one(held.tree, "type")))
        waiting = many(held.tree, "section")[::-1]
        while waiting:
            section = waiting.pop()
            self._title(held.line, text(section, "title"))
            self._lines(held.line, plain_lines(text(one(section, "text"), "div")))
            waiting += many(section, "section")[::-1]

    def _report(self, held: Held) -> None:
        for reference in many(held.tree, "result"):
            found = self._resources.find(reference, held)
            if found is not None and found.type == "Observation":
                self._observation(found)
        self._lines(held.line, text(held.tree, "conclusion").split("\n"))
        self._lines(held.line, filter(None, map(spoken, many(held.tree, "conclusionCode"))))
        for form in many(held.tree, "presentedForm"):
            self._attachment(held, form, text(form, "title"))

    def _observation(self, held: Held) -> None:
        """An observation and, below it, its members; each once."""
        waiting = [held]
        while waiting:
            each = waiting.pop()
            if id(each.tree) in self._seen:
                continue
            self._seen.add(id(each.tree))
            self._observed(each)
            members = (self._resources.find(one_, each) for one_ in many(each.tree, "hasMember"))
            waiting += [found for found in members if found is not None and found.type == "Observation"][::-1]

    def _observed(self, held: Held) -> None:
        tree = held.tree
        result = self._result(held.line, tree, tree)
        notes = [line for note in many(tree, "note") for line in _noted(note)]
        if result.loinc in _COMMENTS and not result.unit:
            self._lines(held.line, [*result.value.split("\n"), *notes])
            return
        if text(tree, "status") == "entered-in-error":
            said = f"{result.label or result.code} {result.value}".strip()
            self.doubts.append(Doubt(held.line, "result_withdrawn", said))
        if result.value or result.unit or result.range or result.flag or result.state:
            specimen = self._specimen(held)
            self._add(result._replace(notes=(*result.notes, *notes, *specimen)))
        else:
            self._title(held.line, result.label or result.code)
            self._lines(held.line, notes)
        self._unread_value(held.line, tree)
        for number, component in enumerate(many(tree, "component"), 1):
            self._unread_value(held.line, component)
            self._add(self._result(held.line + number, component, tree))

    def _unread_value(self, line: int, tree: Tree) -> None:
        """A value of a type that is not read (a curve, an attachment)."""
        stated = [name for name in tree if name.startswith("value")]
        if stated and not value_of(tree)[0]:
            self.doubts.append(
                Doubt(line, "resource_not_read", f"{spoken(one(tree, 'code'))} {cleaned(stated[0])}".strip())
            )

    def _add(self, result: Result) -> None:
        first, *further = result.value.split("\n")
        limits = f"({result.range})" if result.range else ""
        said = "  ".join(filter(None, (result.label or result.code, first, result.unit, limits, result.flag)))
        self._titled = ""
        self.parts.append(Part(result.line, "result" if self._lab else "letter", said))
        self._lines(result.line, further)
        self._lines(result.line, result.notes)
        if self._lab:
            self.results.append(result)

    def _specimen(self, held: Held) -> list[str]:
        found = self._resources.find(one(held.tree, "specimen"), held)
        said = "" if found is None else spoken(one(found.tree, "type"))
        return [said] if said else []

    def _result(self, line: int, tree: Tree, observation: Tree) -> Result:
        code, label, loinc = name_of(one(tree, "code"))
        value, unit = value_of(tree)
        value = "\n".join(each.rstrip() for each in value.split("\n"))
        limits, remarks = _range(tree)
        absent = spoken(one(tree, "dataAbsentReason"))
        flag = "; ".join(filter(None, map(_flag, many(tree, "interpretation"))))
        notes = (*remarks, *([absent] if absent and absent != value else []))
        status = text(observation, "status")
        state = "cancelled" if status in _NEVER else ""
        state = "pending" if not state and (status in _PENDING or is_pending(value)) else state
        if not value and not state and notes:
            value, notes = notes[-1], notes[:-1]
        return Result(line, code, label, value, unit, limits, flag, notes, state=state, loinc=loinc)

    def _document(self, held: Held) -> None:
        tree = held.tree
        title = text(tree, "description") or spoken(one(tree, "type")) or spoken(one(tree, "category"))
        contents = (
            [one(each, "attachment") for each in many(tree, "content")]
            if held.type != "Media"
            else many(tree, "content")
        )
        for attachment in contents:
            self._attachment(held, attachment, text(attachment, "title") or title)

    def _attachment(self, held: Held, attachment: Tree, title: str) -> None:
        self._title(held.line, title)
        data, url = text(attachment, "data"), text(attachment, "url")
        if not data and url:
            found = self._resources.find({"reference": url}, held)
            if found is not None and found.type == "Binary":
                self._used.add(found.line)
                data = text(found.tree, "data")
        content = decoded(data)
        if content:
            self.documents.append(Document(held.line, content))
        else:
            reason = "document_unreadable" if data else "document_not_held"
            self.doubts.append(Doubt(held.line, reason, f"{title} {url}".strip()))


def _noted(note: Tree) -> list[str]:
    """The lines of a note; before the first, what the note is about, where an extension of it says so."""
    about = [spoken(one(each, "valueCodeableConcept")) for each in many(note, "extension")]
    lines = [line.strip() for line in text(note, "text").split("\n") if line.strip()]
    return [": ".join((*filter(None, about), lines[0])), *lines[1:]] if lines else []


def decoded(data: str) -> bytes:
    """The bytes of base64, white space left out; empty if it is none."""
    try:
        return base64.b64decode("".join(data.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""


def value_of(tree: Tree) -> tuple[str, str]:
    """The value of an observation or a component as a text, and its unit."""
    quantity = one(tree, "valueQuantity")
    if quantity:
        return _number(quantity), text(quantity, "unit") or text(quantity, "code")
    if one(tree, "valueRange"):
        low, high = one(one(tree, "valueRange"), "low"), one(one(tree, "valueRange"), "high")
        both = " - ".join(filter(None, (text(low, "value"), text(high, "value"))))
        return both, text(low, "unit") or text(high, "unit")
    if one(tree, "valueRatio"):
        ratio = one(tree, "valueRatio")
        return ":".join(_number(one(ratio, part)) for part in ("numerator", "denominator")), ""
    if one(tree, "valuePeriod"):
        period = one(tree, "valuePeriod")
        return " - ".join(filter(None, (text(period, "start"), text(period, "end")))), ""
    if isinstance(tree.get("valueBoolean"), bool):
        return str(tree["valueBoolean"]).lower(), ""
    plain = (text(tree, f"value{kind}") for kind in ("String", "Integer", "DateTime", "Time"))
    return next(filter(None, plain), "") or spoken(one(tree, "valueCodeableConcept")), ""


def _number(quantity: Tree) -> str:
    return text(quantity, "comparator") + text(quantity, "value")


def _range(tree: Tree) -> tuple[str, tuple[str, ...]]:
    """The first reference range, and all others, as texts."""
    said = [found for each in many(tree, "referenceRange") if (found := _one_range(each))]
    return (said[0], tuple(said[1:])) if said else ("", ())


def _one_range(stated: Tree) -> str:
    low, high = text(one(stated, "low"), "value"), text(one(stated, "high"), "value")
    if low and high:
        return f"{low} - {high}"
    return f">= {low}" if low else f"<= {high}" if high else text(stated, "text")


def _flag(concept: Tree) -> str:
    coded = [text(coding, "code") for coding in many(concept, "coding")]
    return next(filter(None, coded), "") or text(concept, "text")


def categories(held: Iterable[Held]) -> set[str]:
    """The codes of the categories of some resources."""
    return {code for each in held for code in codes(many(each.tree, "category"))}
