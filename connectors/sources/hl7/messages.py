"""HL7 v2 files as values: each patient of a message is a message, with the message's header before it.

A message begins at `MSH`. What stands before the first one (`FHS`, `BHS`) belongs to the first, what stands between two belongs
to the one before. A message that states several patients (`PID`) is divided at each, and its segments above the first are
repeated, so that every message states its sender. Where these are many, the message is not divided, and refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connectors.sources.flat.lines import cut_lines, split_text
from connectors.sources.flat.message import Doubt, Identity, Message, Part, Piece, Sender
from connectors.sources.flat.text import Decoded, decode_flat
from connectors.sources.flat.values import LABORATORY_SECTIONS
from connectors.sources.hl7._moments import Moment, read_moment, sent_order
from connectors.sources.hl7._notices import notice_parts, person
from connectors.sources.hl7._results import PENDING, TEXTS, Content
from connectors.sources.hl7._segments import BLANK, Marks, Segment, declared_page, divide, is_segment
from connectors.sources.sniffing import LINE_BYTES, plain
from schemas.disposition import Reason, UnitKind
from schemas.identifiers import clean_inss, plain_digits
from schemas.persons import Person, fold_birth, fold_name

NAME = "hl7"
_RESULTS = frozenset({"ORU", "OUL", "ORF"})
_KNOWN = _RESULTS | {"MDM", "ADT"}
_NOTICES = {"A01": "admission", "A03": "discharge"}
_CANCELS = frozenset({"A11", "A12", "A13", "T11"})
_ELSEWHERE = frozenset(
    {
        "AU", "CUS", "CTH", "CT", "EC", "EN", "ICU", "NMS", "NMR", "NRS", "OUS", "OT", "PT", "PHY", "PF", "RAD", "RUS", "RC",
        "RT", "RX", "VUS", "XRC",
    }
)  # fmt: skip
_DOCUMENTS = {"DS": "dischargereport", "PN": "note", "PR": "note"}
_FINAL = frozenset("CFX")
_WRITTEN = {
    "AU": "complete",
    "DO": "complete",
    "LA": "complete",
    "DI": "partial",
    "IN": "partial",
    "IP": "partial",
    "PA": "partial",
}
_ORDERED = {"CM": "complete", "A": "partial", "IP": "partial", "SC": "partial"}
_NATIONAL = frozenset({"INSS", "NISS", "NN", "NNBEL", "RRN", "SSIN"})
_SEXES = {"F": "female", "M": "male"}
_SAYING = frozenset({"OBX", "NTE", "OBR"})
_REPEATED_BYTES = 64 << 10
_REPEATED_LINES = 100
"""What may be repeated for each patient; a header takes a few lines, and a longer one would multiply the file."""
_NO_BIRTHS = frozenset({"", "00000000", "00010101", "19000101"})


class Stay(NamedTuple):
    """A message's segments by name, the first of each."""

    segments: Sequence[Segment]

    def first(self, name: str, number: int, component: int = 1) -> str:
        """A component of a field of the first segment of this name; empty if there is none."""
        return next((s.first(number, component) for s in self.segments if s.name == name), "")

    def moment(self, name: str, number: int) -> Moment:
        """The moment in a field."""
        return read_moment(self.first(name, number))

    def all(self, name: str) -> list[Segment]:
        """All segments of a name."""
        return [segment for segment in self.segments if segment.name == name]

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


def parse_messages(data: bytes) -> list[Message]:
    """Every message of a file or an attachment, divided by patients."""
    return [parse_message(piece) for piece in group_lines(cut_lines(data))]


def begins_message(line: str) -> bool:
    """Whether a line, in its plain signs, is the header of a message."""
    return line.lstrip(BLANK).startswith("MSH")


def group_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Group the lines of a file into messages of one patient each."""
    header: list[bytes] = []  # of the message that is read: from MSH to the first PID
    current: list[bytes] = []
    begun = has_patient = False
    for line in lines:
        start = plain(line[:LINE_BYTES]).lstrip(BLANK)
        if start.startswith("MSH"):
            if begun:
                yield b"".join(current)
                current = []
            header, begun, has_patient = [], True, False
        elif begun and _is_patient(start):
            if has_patient and _is_short(header):
                yield b"".join(current)
                current = list(header)
            has_patient = True
        if begun and not has_patient:
            header.append(line)
        current.append(line)
    if current:
        yield b"".join(current)


def _is_short(header: Sequence[bytes]) -> bool:
    return len(header) <= _REPEATED_LINES and sum(map(len, header)) <= _REPEATED_BYTES


def _is_patient(start: str) -> bool:
    return start.startswith("PID") and not (start[3:4].isalnum() or start[3:4] == "_")


def parse_message(data: bytes) -> Message:
    """Parse one message. Never fails: one without a sound header, or not of exactly one patient, is refused."""
    decoded = decode_flat(data, declared_page(cut_lines(data)))
    lines = split_text(decoded.text)
    segments, marks = divide(lines)
    said = Stay(segments)
    patients = said.all("PID")
    if marks is None or len(patients) != 1:
        reason = Reason.NOT_WELL_FORMED if marks is None else Reason.PATIENT_UNKNOWN
        return _refused(data, decoded, lines, marks, reason)
    return _message(data, decoded, lines, said, patients[0], marks)


def _refused(
    data: bytes, decoded: Decoded, lines: Sequence[str], marks: Marks | None, reason: Reason
) -> Message:
    return Message(
        format=NAME, kind="note", reference="", sender=Sender(), identity=Identity(), date=None, time=None, status=None,
        pieces=tuple(_pieces(lines, set(), marks)), parts=(), results=(), text=decoded.text, data=data, codec=decoded.codec,
        refused=reason,
    )  # fmt: skip


def _message(
    data: bytes, decoded: Decoded, lines: Sequence[str], said: Stay, patient: Segment, marks: Marks
) -> Message:
    kind = _kind(said)
    content = Content(lab=kind == "labresult").read(said.segments)
    when = _when(said)
    identity, numbers, wrong = _identity(patient)
    return Message(
        format=NAME,
        kind=kind,
        reference=_reference(said),
        sender=Sender(said.first("MSH", 4) or said.first("MSH", 3)),
        identity=identity,
        requestor=next((who for s in said.all("OBR") if (who := person(s, 16))), ""),
        date=when.day,
        time=when.time,
        status=_status(said, content),
        pieces=tuple(_pieces(lines, {result.line for result in content.results}, marks)),
        parts=(*_heading(said), *content.parts),
        results=tuple(content.results),
        text=decoded.text,
        data=data,
        codec=decoded.codec,
        doubts=tuple(_doubts(decoded, lines, said, patient, wrong, content)),
        person=Person(
            fold_name(identity.family_name), fold_name(identity.first_name), fold_birth(identity.birth), identity.sex or ""
        ),
        numbers=frozenset(numbers),
        documents=tuple(content.documents),
        sent=sent_order(said.first("MSH", 7)),
        restates=True,
    )  # fmt: skip


def _type(said: Stay) -> tuple[str, str]:
    """The type of a message and its event."""
    return said.first("MSH", 9).upper(), (said.first("MSH", 9, 2) or said.first("EVN", 1)).upper()


def _kind(said: Stay) -> str:
    """The kind of the transaction (docs/formats/hl7.md, "Kinds")."""
    name, event = _type(said)
    if event in _CANCELS:
        return "note"
    if name == "ADT":
        return _NOTICES.get(event, "note")
    if name == "MDM":
        return _DOCUMENTS.get(said.first("TXA", 2).upper(), "report")
    observed = said.all("OBX")
    sections = {segment.first(24).upper() for segment in said.all("OBR")}
    if sections & LABORATORY_SECTIONS:
        return "labresult"
    if not observed and name not in _RESULTS:
        return "note"
    measured = not observed or any(
        s.first(2) not in TEXTS | {"ED", "RP"} or s.first(6) or s.first(7) for s in observed
    )
    return "report" if sections & _ELSEWHERE or not measured else "labresult"


def _when(said: Stay) -> Moment:
    """The day and time that the message is about; else those at which it was sent."""
    name, event = _type(said)
    places = {
        "ADT": [("PV1", 45 if event == "A03" else 44), ("EVN", 6), ("EVN", 2)],
        "MDM": [("TXA", 4), ("TXA", 6)],
    }.get(name, [("OBR", 7), ("OBR", 22)])
    moments = (said.moment(*place) for place in (*places, ("MSH", 7)))
    return next((moment for moment in moments if moment.day), Moment())


def _reference(said: Stay) -> str:
    """The number of the report: all filler numbers, of a document its own, of a stay that of the stay."""
    name, _ = _type(said)
    if name == "MDM":
        return said.first("TXA", 12)
    if name == "ADT":
        return said.first("PV1", 19)
    found = [s.first(3) for s in said.all("OBR")] or [s.first(3) for s in said.all("ORC")]
    return " ".join(dict.fromkeys(filter(None, found)))


def _status(said: Stay, content: Content) -> str | None:
    """Whether the report is complete, by its panels, else by its order; of a document by its own status."""
    if _type(said)[0] == "MDM":
        return _WRITTEN.get(said.first("TXA", 17).upper())
    panels = [segment.first(25).upper() for segment in said.all("OBR")]
    if any(each in PENDING | {"A"} for each in panels if each):
        return "partial"
    if not any(panels):
        return _ORDERED.get(said.first("ORC", 5).upper())
    pending = any(result.state == "pending" for result in content.results)
    return (
        "complete" if all(each in _FINAL for each in panels if each) and all(panels) and not pending else None
    )


def _heading(said: Stay) -> Iterator[Part]:
    """What stands above the observations: the stay, and the kind of a document where no panel or observation names it."""
    if _type(said)[0] not in _RESULTS:
        yield from notice_parts(said.segments)
    named = any(s.first(4) for s in said.all("OBR")) or any(s.first(3) for s in said.all("OBX"))
    for segment in said.all("TXA")[:1]:
        title = segment.first(2, 2) or segment.first(2)
        if title and not named:
            yield Part(segment.line, "title", title)


def _identity(patient: Segment) -> tuple[Identity, list[str], str]:
    """The patient, all valid national numbers, and one that is invalid."""
    birth = _birth(patient.first(7))
    numbers, wrong = _numbers(patient, birth)
    who = Identity(
        family_name=patient.first(5),
        first_name=patient.first(5, 2),
        sex=_SEXES.get(patient.first(8).upper()),
        birth=birth,
        inss=numbers[0] if numbers else None,
        street=patient.first(11),
        postcode=patient.first(11, 5),
        town=patient.first(11, 3),
        lines=(patient.line, patient.line),
    )
    return who, numbers, wrong


def _birth(raw: str) -> str | None:
    return None if raw[:8] in _NO_BIRTHS else read_moment(raw).day


def _numbers(patient: Segment, birth: str | None) -> tuple[list[str], str]:
    """The valid national numbers: of the fields made for it, of those labelled so, or beginning with the birth date."""
    found: list[str] = []
    wrong = ""
    labelled = [(components, False) for at in (2, 3, 4) for components in patient.components(at)]
    for components, is_national in [
        *labelled,
        *((c, True) for at in (19, 20) for c in patient.components(at)),
    ]:
        labels = {each.split("&")[0].strip().upper() for each in components[3:5]}
        is_national = is_national or bool(labels & _NATIONAL)
        number = clean_inss(components[0])
        begins = birth is not None and number is not None and number[:6] == birth.replace("-", "")[2:]
        if number is not None and (is_national or begins):
            found.append(number)
        digits = plain_digits(components[0])
        if is_national and number is None and len(digits) == 11 and digits.isdigit():
            wrong = wrong or components[0]
    return list(dict.fromkeys(found)), wrong


def _pieces(lines: Sequence[str], results: set[int], marks: Marks | None) -> Iterator[Piece]:
    """Each line that states something is a unit."""
    for ordinal, line in enumerate(lines, 1):
        text = line.strip(BLANK)
        kind: UnitKind | None = UnitKind.RESULT if ordinal in results else UnitKind.COMMENT
        if not text:
            kind = None
        elif is_segment(text, marks) and text[:3] not in _SAYING:
            kind = UnitKind.MESSAGE_HEADER
        yield Piece(ordinal, 1, kind, line)


def _doubts(
    decoded: Decoded, lines: Sequence[str], said: Stay, patient: Segment, wrong: str, content: Content
) -> Iterator[Doubt]:
    if decoded.doubtful:
        strange = decoded.strange or tuple(n for n, line in enumerate(lines, 1) if not line.isascii())
        yield Doubt(strange[0], "code_page_doubtful", lines[strange[0] - 1])
    for at in decoded.mended[:1]:
        yield Doubt(at, "encoding_repaired", lines[at - 1])
    born = patient.first(7)
    if born[:8] not in _NO_BIRTHS and _birth(born) is None:
        yield Doubt(patient.line, "birth_date_unreadable", born)
    if wrong:
        yield Doubt(patient.line, "national_number_invalid", wrong)
    name, event = _type(said)
    header = said.segments[0].line
    if event in _CANCELS:
        yield Doubt(header, "message_cancels", f"{name} {event}")
    elif name not in _KNOWN:
        yield Doubt(header, "message_kind_unknown", f"{name} {event}".strip())
    yield from content.doubts
