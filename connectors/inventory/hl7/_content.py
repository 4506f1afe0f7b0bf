"""What the panels, observations and notes of an HL7 v2 message say, for the counter (docs/formats/hl7.md)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

from connectors.inventory.flat.expected import Stated, follows, is_compared, is_number
from connectors.inventory.flat.reading import Text
from connectors.inventory.hl7._fields import Row, when

_COMMENT_WORDS = (
    "commentaires", "commentaire", "remarques", "remarque", "conclusions", "conclusion", "opmerkingen", "opmerking", "commentaar",
    "besluit", "bemerkungen", "bemerkung", "kommentare", "kommentar", "comments", "comment", "notes", "note",
)  # fmt: skip
PLAIN_TEXT = ("", "ST", "TX", "FT")


class Told(NamedTuple):
    """A coded field: the sender's code, its text, the LOINC code."""

    code: str
    label: str
    loinc: str


def told(row: Row, number: int) -> Told:
    """Read both codings of a coded field."""
    parts = [part.strip() for part in row.each(number)[0]] + [""] * 6
    own: list[tuple[str, str]] = []
    loinc: list[tuple[str, str]] = []
    for code, label, system in (parts[0:3], parts[3:6]):
        if code or label:
            (loinc if _is_loinc(code, system) else own).append((code, label))
    code = (own or loinc or [("", "")])[0][0]
    label = next((label for _, label in own + loinc if label), "")
    return Told(code, label, loinc[0][0] if loinc else "")


def _is_loinc(code: str, system: str) -> bool:
    number, dash, check = code.partition("-")
    digits = "0123456789"
    sound = (
        dash == "-" and 1 <= len(number) <= 7 and len(check) == 1 and all(c in digits for c in number + check)
    )
    return sound and system.upper() in ("LN", "LNC", "LOINC")


def state(status: str, value: str) -> str:
    """What OBX-11 or OBR-25 says of a result, or its own text."""
    status = status.upper()
    if status in ("X", "D", "W"):
        return "cancelled"
    return "pending" if status in ("I", "O", "P", "R", "S") or follows(value) else ""


class Reading:
    """Reads the segments in order: `results`, readable `text`, `documents` as digest and size."""

    def __init__(self, *, is_lab: bool) -> None:
        self._is_lab = is_lab
        self.results: list[Stated] = []
        self.text = Text()
        self.documents: list[tuple[str, int]] = []
        self._open: tuple[Told, str] | None = None
        self._notes_belong = False
        self._title_before = ""
        self._behind: list[str] = []  # texts that continue the value of the last result

    def finish(self) -> Reading:
        """Join what continues the last result; to be called behind the last segment."""
        if self._behind:
            result = self.results[-1]
            result.value = "\n".join([result.value, *self._behind])
            self._behind = []
        return self

    def take(self, row: Row, after: str) -> None:
        """Read a segment; `after`: the name of the next one that is no note."""
        if row.name == "OBX":
            self._observation(row)
        elif row.name == "NTE":
            lines = [line for text in row.texts(3) for line in text.split("\n") if line.strip()]
            self._comments(lines)
            if self._notes_belong and self.results:
                self.results[-1].notes += [line.strip() for line in lines]
        else:
            self._open, self._notes_belong = None, False
            if row.name == "OBR":
                self._panel(row, after)

    def _panel(self, row: Row, after: str) -> None:
        about = told(row, 4)
        shown = about.label or about.code
        said = state(row.get(25), "")
        if not shown:
            return
        if said and self._is_lab and after != "OBX":
            self._add(Stated(row.line, "HL7", about.code, about.label, state=said, loinc=about.loinc))
        else:
            self._title(shown)

    def _title(self, title: str) -> None:
        if title != self._title_before:
            self.text.add(title, "title")
        self._title_before = title

    def _comments(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.text.add(line, "remark" if self._is_lab else "letter")

    def _add(self, result: Stated) -> None:
        first, *more = result.value.split("\n")
        self.finish()
        self.text.add("  ".join(_shown(result, first)), "result")
        self._more(more)
        self.results.append(result)
        self._notes_belong, self._title_before = True, ""

    def _more(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.text.add(line, "remark" if line.strip() else "blank")

    def _observation(self, row: Row) -> None:
        kind, about = row.get(2), told(row, 3)
        if kind in ("ED", "RP"):
            self._open, self._notes_belong = None, False
            self._document(row, kind, about)
            return
        result = self._result(row, kind, about)
        is_text = kind in PLAIN_TEXT and result.unit == result.limits == result.flag == ""
        if not self._is_lab:
            self._letter(about, result, is_text=is_text)
            return
        before, self._open = self._open, (about, row.get(4)) if is_text else None
        shown = about.label or about.code
        if is_text and self._open == before and self.results and shown:
            self._behind += [result.value] if result.value else []
            self._more(result.value.split("\n"))
        elif is_text and _is_comment(shown) and not (is_number(result.value) or is_compared(result.value)):
            self._open, self._notes_belong = None, False
            self._comments(line for line in result.value.split("\n") if line.strip())
        elif any((result.value, result.unit, result.limits, result.flag, result.state)):
            self._add(result)
        elif shown:
            self._open, self._notes_belong = None, False
            self._title(shown)

    @staticmethod
    def _result(row: Row, kind: str, about: Told) -> Stated:
        value = "\n".join(line.rstrip() for line in _value(row, kind).split("\n")).strip()
        units = [part.strip() for part in row.each(6)[0][:2]]
        return Stated(
            row.line, "HL7", about.code, about.label, value, "".join(units[:1]) or "".join(units[1:]), "",
            _series(map(_words, row.each(7))), _series(one[0] for one in row.each(8)), state(row.get(11), value),
            about.loinc,
        )  # fmt: skip

    def _letter(self, about: Told, result: Stated, *, is_text: bool) -> None:
        if is_text and about.label and result.value:
            self._title(about.label)
        said = result.value if is_text else "  ".join(_shown(result, result.value))
        for line in said.split("\n"):
            self.text.add(line, "letter")

    def _document(self, row: Row, kind: str, about: Told) -> None:
        if about.label or about.code:
            self._title(about.label or about.code)
        for parts in row.each(5) if kind == "ED" else ():
            encoding = (parts + [""] * 4)[3].strip().casefold()
            data = "".join(parts[4:])
            if data.strip() and encoding in ("", "a"):
                for line in data.split("\n"):
                    self.text.add(line, "letter")
            elif content := _decoded(encoding, "".join(data.split())):
                self.documents.append((sha256(content).hexdigest(), len(content)))


def _shown(result: Stated, value: str) -> list[str]:
    limits = f"({result.limits})" if result.limits else ""
    return [said for said in (result.label or result.code, value, result.unit, limits, result.flag) if said]


def _decoded(encoding: str, data: str) -> bytes:
    with suppress(ValueError):
        if encoding == "base64":
            return base64.b64decode(data.encode("ascii"), validate=True)
        if encoding == "hex" and data.isascii():
            return bytes.fromhex(data)
    return b""


def _is_comment(name: str) -> bool:
    """Whether a name begins with a word for a comment."""
    low = name.lower()
    for word in _COMMENT_WORDS:
        behind = low[len(word) : len(word) + 1]
        if low.startswith(word) and not (behind.isalnum() or behind in {"_", "-"}):
            return True
    return False


def _value(row: Row, kind: str) -> str:
    if kind in ("TX", "FT"):
        return "\n".join(row.texts(5))
    if kind in PLAIN_TEXT:
        return _series(row.texts(5))
    if kind in ("DT", "TS", "DTM"):
        return _series(when(text).shown or text for text in row.texts(5))
    if kind == "SN":
        return _series("".join(part.strip() for part in one[:4]) for one in row.each(5))
    if kind in ("CE", "CWE", "CNE", "CF", "IS", "ID"):
        return _series(map(_coded, row.each(5)))
    return _series(map(_words, row.each(5)))


def _coded(parts: list[str]) -> str:
    given = dict(enumerate(part.strip() for part in parts))
    return given.get(1) or given.get(0) or given.get(4) or given.get(3) or given.get(8) or ""


def _words(parts: list[str]) -> str:
    return " ".join(filter(None, (part.strip() for part in parts)))


def _series(texts: Iterable[str]) -> str:
    return "; ".join(text.strip() for text in texts if text.strip())
