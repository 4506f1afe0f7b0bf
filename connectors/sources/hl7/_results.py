"""The OBR, OBX and NTE segments of a message as results, titles, remarks, letters and documents (docs/formats/hl7.md)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from connectors.sources.flat.message import Document, Doubt, Part, Result
from connectors.sources.flat.values import is_measured, is_pending
from connectors.sources.hl7._moments import read_moment
from connectors.sources.hl7._segments import Marks, Segment, components_of

LOINC = frozenset({"LN", "LNC", "LOINC"})
TEXTS = frozenset({"TX", "FT", "ST", ""})
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_MOMENTS = frozenset({"DT", "TS", "DTM"})
_HELD = frozenset({"ED", "RP"})
_LOINC_CODE = re.compile(r"[0-9]{1,7}-[0-9]")
_REMARK = re.compile(
    r"(?:commentaires?|remarques?|conclusions?|opmerking(?:en)?|commentaar|besluit|bemerkung(?:en)?|kommentare?|comments?|notes?)"
    r"(?![\w-])"
)
PENDING = frozenset("IOPRS")
_NEVER = frozenset("XDW")
_WITHDRAWN = frozenset("DW")


class Name(NamedTuple):
    """What an OBX or OBR is about: the sender's code, its text, and the LOINC code if one is given."""

    code: str
    label: str
    loinc: str

    @property
    def said(self) -> str:
        """The text, or the code where there is none."""
        return self.label or self.code


@dataclass
class Content:
    """What the segments say; `lab`: whether their observations are results rather than lines of a letter."""

    lab: bool
    parts: list[Part] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    _text: tuple[Name, str] | None = None  # name and sub-id of the text that the next OBX may continue
    _titled: str = ""
    _commented: bool = False  # whether an NTE belongs to the last result
    _values: list[str] = field(default_factory=list)  # further lines of the last result's value
    _notes: list[str] = field(default_factory=list)  # and its remarks

    def read(self, segments: Iterable[Segment]) -> Content:
        """Take the segments in order."""
        held = list(segments)
        spoken = [segment for segment in held if segment.name != "NTE"]
        empty = {one.line for one, next_one in zip_longest(spoken, spoken[1:]) if _name(next_one) != "OBX"}
        for segment in held:
            if segment.name == "OBR":
                self._panel(segment, is_empty=segment.line in empty)
            elif segment.name == "OBX":
                self._observation(segment)
            elif segment.name == "NTE":
                self._note(segment)
            else:
                self._text, self._commented = None, False
        self._complete()
        return self

    def _panel(self, segment: Segment, *, is_empty: bool) -> None:
        self._text, self._commented = None, False
        name = name_of(segment, 4)
        state = state_of(segment.first(25), "")
        if self.lab and is_empty and state and name.said:
            self._result(Result(segment.line, *name[:2], state=state, loinc=name.loinc))
        elif name.said:
            self._title(segment.line, name.said)

    def _title(self, line: int, title: str) -> None:
        if title != self._titled:
            self.parts.append(Part(line, "title", title))
        self._titled = title

    def _complete(self) -> None:
        """Give the last result its further lines and its remarks, all at once: there may be thousands."""
        if self._values or self._notes:
            last = self.results[-1]
            value = "".join((last.value, *(f"\n{more}" for more in self._values if more)))
            self.results[-1] = last._replace(value=value, notes=(*last.notes, *self._notes))
            self._values, self._notes = [], []

    def _result(self, result: Result) -> None:
        self._complete()
        first, *further = result.value.split("\n")
        limits = f"({result.range})" if result.range else ""
        said = (result.label or result.code, first, result.unit, limits, result.flag)
        self.parts.append(Part(result.line, "result", "  ".join(filter(None, said))))
        self._further(result.line, further)
        self.results.append(result)
        self._commented, self._titled = True, ""

    def _note(self, segment: Segment) -> None:
        lines = [line for text in segment.texts(3) for line in text.split("\n") if line.strip()]
        self._remarks(segment.line, lines)
        if self._commented and self.results:
            self._notes += map(str.strip, lines)

    def _remarks(self, line: int, texts: Sequence[str]) -> None:
        kind = "remark" if self.lab else "letter"
        self.parts += [Part(line, kind, text) for text in texts]

    def _observation(self, segment: Segment) -> None:
        kind = segment.first(2)
        name = name_of(segment, 3)
        if kind in _HELD:
            self._text, self._commented = None, False
            self._document(segment, kind, name)
            return
        found = _observed(segment, kind, name)
        is_text = kind in TEXTS and not (found.unit or found.range or found.flag)
        if not self.lab:
            self._letter(segment, name, found, is_text=is_text)
        elif self._continues(segment, name, found, is_text=is_text):
            return
        else:
            self._measured(segment, name, found, is_text=is_text)

    def _continues(self, segment: Segment, name: Name, found: Result, *, is_text: bool) -> bool:
        """Whether it is a further line of the text before it, which is one result."""
        known, self._text = self._text, (name, segment.first(4)) if is_text else None
        if not is_text or known != self._text or not self.results or not name.said:
            return False
        self._values.append(found.value)
        self._further(segment.line, found.value.split("\n"))
        return True

    def _further(self, line: int, texts: Iterable[str]) -> None:
        """Further lines of a value."""
        self.parts += [Part(line, "remark" if text.strip() else "blank", text) for text in texts]

    def _measured(self, segment: Segment, name: Name, found: Result, *, is_text: bool) -> None:
        if segment.first(11) in _WITHDRAWN:
            self.doubts.append(Doubt(segment.line, "result_withdrawn", f"{name.said} {found.value}".strip()))
        if is_text and _REMARK.match(name.said.lower()) and not is_measured(found.value):
            self._text, self._commented = None, False
            self._remarks(segment.line, [line for line in found.value.split("\n") if line.strip()])
        elif found.value or found.unit or found.range or found.flag or found.state:
            self._result(found)
        elif name.said:
            self._text, self._commented = None, False
            self._title(segment.line, name.said)

    def _letter(self, segment: Segment, name: Name, found: Result, *, is_text: bool) -> None:
        if is_text:
            if name.label and found.value:
                self._title(segment.line, name.label)
            self.parts += [Part(segment.line, "letter", line) for line in found.value.split("\n")]
            return
        limits = f"({found.range})" if found.range else ""
        said = "  ".join(filter(None, (name.said, found.value, found.unit, limits, found.flag)))
        self.parts += [Part(segment.line, "letter", line) for line in said.split("\n")]

    def _document(self, segment: Segment, kind: str, name: Name) -> None:
        if name.said:
            self._title(segment.line, name.said)
        for components in segment.components(5):
            if kind == "RP":
                pointer = " ".join(filter(None, components))
                self.doubts.append(Doubt(segment.line, "document_not_held", f"{name.said} {pointer}".strip()))
            else:
                self._embedded(segment, name, [*components, *[""] * 5])

    def _embedded(self, segment: Segment, name: Name, components: Sequence[str]) -> None:
        encoding, data = components[3].strip().casefold(), "".join(components[4:])
        if not data.strip():
            self.doubts.append(Doubt(segment.line, "document_not_held", name.said))
        elif encoding in ("a", ""):
            self.parts += [Part(segment.line, "letter", line) for line in data.split("\n")]
        else:
            content = decode_document(encoding, data)
            if content:
                self.documents.append(Document(segment.line, content))
            else:
                self.doubts.append(Doubt(segment.line, "document_unreadable", name.said))


def _name(segment: Segment | None) -> str:
    return "" if segment is None else segment.name


def decode_document(encoding: str, data: str) -> bytes:
    """The bytes of a document in base64 or hexadecimal, white space left out; empty if they are neither."""
    plain = "".join(data.split())
    try:
        if encoding == "base64":
            return base64.b64decode(plain.encode("ascii"), validate=True)
        return binascii.unhexlify(plain.encode("ascii")) if encoding == "hex" else b""
    except (binascii.Error, UnicodeEncodeError):
        return b""


def name_of(segment: Segment, number: int) -> Name:
    """The two codings of a coded field: the sender's own, and LOINC; where only one is given, it is both."""
    return _name_in(*segment.coded(number))


@lru_cache(1 << 12)
def _name_in(field: str, marks: Marks) -> Name:
    """Examinations come again in each message, so the name of one is read once."""
    components = [*(each.strip() for each in components_of(field, marks)[:6]), *[""] * 6]
    codings = [each for each in (components[0:3], components[3:6]) if each[0] or each[1]]
    coded = [each for each in codings if each[2].upper() in LOINC and _LOINC_CODE.fullmatch(each[0])]
    own = [each for each in codings if each not in coded] or codings
    code = own[0][0] if own else ""
    label = next((each[1] for each in (*own, *coded) if each[1]), "")
    return Name(code, label, coded[0][0] if coded else "")


def state_of(status: str, value: str) -> str:
    """Whether a result follows (`pending`), never comes or was withdrawn (`cancelled`), or stands (empty)."""
    status = status.upper()
    if status in _NEVER:
        return "cancelled"
    return "pending" if status in PENDING or is_pending(value) else ""


def _observed(segment: Segment, kind: str, name: Name) -> Result:
    value = "\n".join(line.rstrip() for line in _value(segment, kind).split("\n")).strip()
    units = segment.components(6)[0]
    unit = next((each.strip() for each in units[:2] if each.strip()), "")
    limits = _joined(_plain(each) for each in segment.components(7))
    flag = _joined(each[0].strip() for each in segment.components(8))
    state = state_of(segment.first(11), value)
    return Result(segment.line, *name[:2], value, unit, limits, flag, state=state, loinc=name.loinc)


def _value(segment: Segment, kind: str) -> str:
    if kind == "SN":
        return _joined("".join(each.strip() for each in parts[:4]) for parts in segment.components(5))
    if kind in _CODED:
        return _joined(map(_coded, segment.components(5)))
    if kind in _MOMENTS:
        return _joined(read_moment(text).shown or text.strip() for text in segment.texts(5))
    if kind in ("TX", "FT"):
        return "\n".join(segment.texts(5))
    if kind in TEXTS:
        return _joined(segment.texts(5))
    return _joined(map(_plain, segment.components(5)))


def _coded(components: Sequence[str]) -> str:
    """The text of a coded value, or its code where it has none; first of the first coding, then of the second."""
    parts = [*(each.strip() for each in components), *[""] * 9]
    return next((parts[at] for at in (1, 0, 4, 3, 8) if parts[at]), "")


def _plain(components: Sequence[str]) -> str:
    return " ".join(each.strip() for each in components if each.strip())


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(text.strip() for text in texts if text.strip())
