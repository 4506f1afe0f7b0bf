"""Read HL7 v2 files for the counter (docs/formats/hl7.md): one message for each patient, one unit for each line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.facts.persons import Stated as Person
from connectors.inventory.facts.persons import letters
from connectors.inventory.flat.decoding import raw_lines, signs, texts_of
from connectors.inventory.flat.reading import Head, Piece, ReadMessage
from connectors.inventory.hl7._content import PLAIN_TEXT, Reading
from connectors.inventory.hl7._fields import AROUND, Row, Signs, When, opens, rows_of, sent, signs_of, when
from schemas.disposition import UnitKind

NAME = "hl7"
_HEADER_LINES = 100
_HEADER_BYTES = 64 << 10
_LAB = "BG BLB CG CH CP GE HM IMM LAB MB MCB MYC OSL SP SR TX VR".split()  # noqa: SIM905 - a table
_OTHER = "AU CUS CTH CT EC EN ICU NMS NMR NRS OUS OT PT PHY PF RAD RUS RC RT RX VUS XRC".split()  # noqa: SIM905
_OBSERVING = ("ORU", "OUL", "ORF")
_NATIONAL = ("INSS", "NISS", "NN", "NNBEL", "RRN", "SSIN")
_STAY = (
    (44, "Opname / admission"), (45, "Ontslag / sortie"), (3, "Afdeling / unité"), (7, "Arts / médecin"),
    (17, "Opnemende arts / médecin d'admission"), (10, "Dienst / service"), (36, "Ontslagwijze / mode de sortie"),
    (37, "Bestemming / destination"),
)  # fmt: skip


def divide(lines: Iterable[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """Yield the lines of each patient's message, and `borrowed`.

    `borrowed` is how many header bytes the message repeats from an earlier one (0 for the first patient). A message whose
    header is too long to be repeated stays whole.
    """
    held: list[bytes] = []
    header: list[bytes] | None = None  # None before the first message
    borrowed = patients = taken = 0  # taken: bytes of the header
    for line in lines:
        name, behind = _begin(line)
        if name == "MSH":
            if header is not None:
                yield held, borrowed
                held, borrowed = [], 0
            header, patients, taken = [], 0, 0
        elif name == "PID" and not behind.isalnum() and behind != "_" and header is not None:
            patients += 1
            if patients > 1 and len(header) <= _HEADER_LINES and taken <= _HEADER_BYTES:
                yield held, borrowed
                held, borrowed = [*header], taken
        if header is not None and not patients:
            header.append(line)
            taken += len(line)
        held.append(line)
    if held:
        yield held, borrowed


def _begin(line: bytes) -> tuple[str, str]:
    text = signs(line).lstrip(AROUND)
    return text[:3], text[3:4]


def begins(lines: Iterable[bytes]) -> bool:
    """Whether a message begins in these lines."""
    return any(_begin(line)[0] == "MSH" for line in lines)


def read(number: int, content: bytes, borrowed: int = 0) -> ReadMessage:
    """Read one message; `borrowed`: how many of its first bytes lie in an earlier one."""
    raw = list(raw_lines([content]))
    wholes = texts_of(raw, _page(raw))
    lines = [line.rstrip("\r\n") for line in wholes]
    rows = rows_of(lines)
    said = _Said(rows)
    is_sound = [row.name for row in rows].count("PID") == 1
    kind = said.kind() if is_sound else "note"
    reading = said.content(kind == "labresult") if is_sound else Reading(is_lab=False)
    results = {result.first for result in reading.results}
    pieces = _pieces(lines, [len(line) for line in raw], results, rows[0].signs if rows else None)
    if not is_sound:
        return ReadMessage(
            NAME,
            number,
            pieces,
            [],
            "".join(wholes),
            False,
            None,
            Head(),
            borrowed=borrowed,
            kind=kind,
            is_refused=True,
        )
    head, person = said.head(reading), said.person()
    return ReadMessage(
        NAME, number, pieces, reading.results, reading.text.whole(wholes), kind == "labresult", said.moment().day or None, head,
        person, borrowed, reading.text.titles, reading.text.remarks, kind, reading.documents, restates=True,
    )  # fmt: skip


def _page(raw: Sequence[bytes]) -> str:
    for line in raw:
        for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
            line = line.removeprefix(mark)
        header = line.replace(b"\0", b"").decode("latin-1").strip(AROUND + "\r\n")
        if header.startswith("MSH"):
            found = signs_of(header)
            return found.page if found else ""
    return ""


def _pieces(
    lines: Sequence[str], sizes: Sequence[int], results: set[int], known: Signs | None
) -> list[Piece]:
    pieces = []
    for number, line in enumerate(lines, start=1):
        text = line.strip(AROUND)
        kind: UnitKind | None = None
        if number in results:
            kind = UnitKind.RESULT
        elif text:
            is_head = opens(text, known) and text[:3] not in ("OBR", "OBX", "NTE")
            kind = UnitKind.MESSAGE_HEADER if is_head else UnitKind.COMMENT
        pieces.append(Piece(number, kind, line, sizes[number - 1]))
    return pieces


@dataclass
class _Said:
    """The segments of a message, and the values derived from them."""

    rows: list[Row]

    def get(self, name: str, number: int, component: int = 1) -> str:
        """A component of a field of the first segment of a name."""
        for row in self.rows:
            if row.name == name:
                return row.get(number, component)
        return ""

    def every(self, name: str, number: int) -> list[str]:
        """A field of all segments of a name."""
        return [row.get(number) for row in self.rows if row.name == name]

    @property
    def type(self) -> str:
        return self.get("MSH", 9).upper()

    @property
    def event(self) -> str:
        return (self.get("MSH", 9, 2) or self.get("EVN", 1)).upper()

    def kind(self) -> str:
        """The kind of the transaction."""
        if self.event in ("A11", "A12", "A13", "T11"):
            return "note"
        if self.type == "ADT":
            return {"A01": "admission", "A03": "discharge"}.get(self.event, "note")
        if self.type == "MDM":
            return {"DS": "dischargereport", "PN": "note", "PR": "note"}.get(
                self.get("TXA", 2).upper(), "report"
            )
        sections = {section.upper() for section in self.every("OBR", 24)}
        if not sections.isdisjoint(_LAB):
            return "labresult"
        observations = [row for row in self.rows if row.name == "OBX"]
        if not observations and self.type not in _OBSERVING:
            return "note"
        texts = (*PLAIN_TEXT, "ED", "RP")
        only_texts = observations and all(
            row.get(2) in texts and not row.get(6) and not row.get(7) for row in observations
        )
        return "report" if only_texts or not sections.isdisjoint(_OTHER) else "labresult"

    def content(self, is_lab: bool) -> Reading:
        """Read stay, title, panels, observations and notes."""
        reading = Reading(is_lab=is_lab)
        if self.type not in _OBSERVING:
            for line in self._stay():
                reading.text.add(line, "letter")
        named = [*self.every("OBR", 4), *self.every("OBX", 3)]
        title = self.get("TXA", 2, 2) or self.get("TXA", 2)
        if title and not any(named):
            reading.text.add(title, "title")
        after, following = "", list[str]()  # for each segment, the name of the next segment other than NTE
        for row in reversed(self.rows):
            following.append(after)
            after = after if row.name == "NTE" else row.name
        for row in self.rows:
            reading.take(row, following.pop())
        return reading.finish()

    def _stay(self) -> Iterator[str]:
        for row in self.rows:
            if row.name == "PV1":
                said = [(word, _of_stay(row, number)) for number, word in _STAY]
            elif row.name == "PV2":
                said = [("Reden / motif", row.get(3, 2) or row.get(3))]
            elif row.name == "DG1":
                said = [("Diagnose / diagnostic", row.get(3, 2) or row.get(3) or row.get(4))]
            else:
                continue
            yield from (f"{word}: {text}" for word, text in said if text)

    def moment(self) -> When:
        """The day and the time that the message is about."""
        own = {
            "ADT": [("PV1", 45 if self.event == "A03" else 44), ("EVN", 6), ("EVN", 2)],
            "MDM": [("TXA", 4), ("TXA", 6)],
        }
        for name, number in [*own.get(self.type, [("OBR", 7), ("OBR", 22)]), ("MSH", 7)]:
            found = when(self.get(name, number))
            if found.day:
                return found
        return When()

    def head(self, reading: Reading) -> Head:
        """Returns the values that a chart may repeat in the transaction's head and the patient's fields."""
        birth, moment = self._birth(), self.moment()
        address = (self.get("PID", 11), self.get("PID", 11, 5), self.get("PID", 11, 3))
        reference = self._reference()
        return Head(
            fields=frozenset(
                {self.get("PID", 5), self.get("PID", 5, 2), *address, reference, moment.time} - {""}
            ),
            days=frozenset(day.replace("-", "") for day in (birth, moment.day) if day),
            is_complete=self._is_complete(reading),
            sender=self.get("MSH", 4) or self.get("MSH", 3),
            inss=next(iter(self._numbers(birth)), None),
            sex={"F": "female", "M": "male"}.get(self.get("PID", 8).upper(), ""),
            reference=reference,
            moment=(sent(self.get("MSH", 7)), ""),
        )

    def person(self) -> Person:
        """Returns the patient in the form that is compared with the patient of a chart."""
        birth = self._birth()
        year, month, day = birth.split("-") if birth else ("", "", "")
        sex = self.get("PID", 8).upper()
        return Person(
            letters(self.get("PID", 5)), letters(self.get("PID", 5, 2)), day, month, year, sex if sex in ("F", "M") else "",
            frozenset(self._numbers(birth)),
        )  # fmt: skip

    def _birth(self) -> str:
        raw = self.get("PID", 7)
        return "" if raw[:8] in ("", "00000000", "00010101", "19000101") else when(raw).day

    def _numbers(self, birth: str) -> list[str]:
        patient = next(row for row in self.rows if row.name == "PID")
        found = []
        for field in (2, 3, 4, 19, 20):
            for parts in patient.each(field):
                labels = [part.partition("&")[0].strip().upper() for part in parts[3:5]]
                number = _number(parts[0])
                is_meant = field > 4 or any(label in _NATIONAL for label in labels)
                if number and (is_meant or (birth and number.startswith(birth[2:].replace("-", "")))):
                    found.append(number)
        return found

    def _reference(self) -> str:
        if self.type == "MDM":
            return self.get("TXA", 12)
        if self.type == "ADT":
            return self.get("PV1", 19)
        has_panels = any(row.name == "OBR" for row in self.rows)
        numbers = self.every("OBR" if has_panels else "ORC", 3)
        return " ".join(dict.fromkeys(number for number in numbers if number))

    def _is_complete(self, reading: Reading) -> bool | None:
        """Returns True if the message is final, False if preliminary, None if not stated."""
        if self.type == "MDM":
            return _known_status(self.get("TXA", 17), ("AU", "DO", "LA"), ("DI", "IN", "IP", "PA"))
        panels = [status.upper() for status in self.every("OBR", 25)]
        if any(status in ("A", "I", "O", "P", "R", "S") for status in panels):
            return False
        if not any(panels):
            return _known_status(self.get("ORC", 5), ("CM",), ("A", "IP", "SC"))
        final = all(status in ("C", "F", "X") for status in panels)
        return True if final and all(result.state != "pending" for result in reading.results) else None


def _known_status(status: str, final: Sequence[str], preliminary: Sequence[str]) -> bool | None:
    if status.upper() in final:
        return True
    if status.upper() in preliminary:
        return False
    return None


def _of_stay(row: Row, number: int) -> str:
    if number in (44, 45):
        return when(row.get(number)).shown
    if number == 3:
        return " ".join(filter(None, (row.get(3, part) for part in (1, 2, 3, 4))))
    if number in (7, 17):
        return " ".join(filter(None, (row.get(number, 3), row.get(number, 2)))) or row.get(number)
    return row.get(number, 2) or row.get(number)


def _number(text: str) -> str | None:
    """Returns a national number. The separators are removed first, so the digit order of old cards is not accepted."""
    return parse_inss(re.sub(r"[.\-/\s]", "", text))
