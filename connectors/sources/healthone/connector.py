"""HealthOne files (laboratory results and letters) as canonical rows.

Unit paths are `FILE/MESSAGE.LINE`. The message as a whole is `FILE/MESSAGE` (patient row, chart), its bytes `FILE/MESSAGE.0`
(document), its head the first line (transaction), its decoded text the first body line (text).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from io import BufferedIOBase
from typing import cast

from connectors.base import (
    Admission,
    Batch,
    Limits,
    Match,
    MessageHeader,
    Nested,
    Reject,
    SourceFile,
    Unheaded,
)
from connectors.sources.batches import Batches
from connectors.sources.healthone._letters import readable_text
from connectors.sources.healthone.messages import SECOND_START, START, Message, group_lines, parse_message
from connectors.sources.kmehr.bytes import read_piece
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import Element
from schemas.disposition import Reason, UnitKind
from schemas.errors import LimitExceededError, RepriseError, SourceError, UnreadableSourceError
from schemas.sensitive import Sensitive
from schemas.tables import CHUNK_BYTES

PROBED = 4096
MESSAGE_BYTES = 4 << 20
"""A longer message is handed over as it came, line by line."""
HELD_BYTES = 64 << 20
"""A larger file is not read at all, because a message is held in memory while it is read."""
COMPLETE = {"complete": "true", "partial": "false"}
CODE_VERSION = "1.5"  # of CD-TRANSACTION, for the kind derived from the lines


class HealthOneConnector:
    """Reads files of HealthOne messages, one message at a time."""

    name = "healthone"

    def probe(self, file: SourceFile) -> Match | None:
        """Match by the first lines: one of them is an `A1` line, or an `A2` line if there is no `A1`."""
        try:
            with closing(file.open()) as stream:
                head = read_piece(stream, PROBED, file.ordinal)
        except SourceError:
            return None
        lines = re.split(rb"[\r\n]+", head.lstrip())[:20]
        beginnings = (
            at for start in (START, SECOND_START) for at, line in enumerate(lines) if start.match(line)
        )
        at = next(beginnings, None)
        return None if at is None else Match(self.name, certain=at == 0)

    def headers(self, file: SourceFile, limits: Limits) -> Iterator[MessageHeader | Unheaded | Nested]:  # noqa: ARG002 - the protocol asks for both
        """Yields nothing: such files name no system or exporter; the sender of a message is the laboratory."""
        return iter(())

    def read(
        self,
        file: SourceFile,
        first_patient: int,
        admit: Admission,
        limits: Limits,
        wanted: range | None = None,
    ) -> Iterator[Batch | Reject]:
        """Yield the rows of each message; `admit` is called with the path of the message."""
        batches = Batches()
        rows = Rows(file.ordinal, batches)
        with closing(file.open()) as stream:
            for number, data in enumerate(_messages(stream, file.ordinal), 1):
                chart = f"{file.ordinal}/{number}"
                patient = first_patient + number - 1
                if (wanted is not None and patient not in wanted) or admit(chart) is not None:
                    continue
                if len(data) > min(MESSAGE_BYTES, limits.max_unit_bytes):
                    yield from _rejects(file.ordinal, chart, patient, data)
                else:
                    _stage(rows, chart, patient, parse_message(data))
                    yield from batches.take()
        yield from batches.finish()


def _messages(stream: object, file: int) -> Iterator[bytes]:
    found = False
    for message in group_lines(_lines(cast("BufferedIOBase", stream), file)):
        found = True
        yield message
    if not found:
        raise UnreadableSourceError("source_empty", file=file)


def _rejects(file: int, chart: str, patient: int, data: bytes) -> Iterator[Reject]:
    """Reject a message above the limit line by line, because the books count lines."""
    lines = zip(parse_message(data).lines, data.splitlines(keepends=True), strict=True)
    for line, raw in lines:
        if line.kind is not None:
            unit = f"{chart}.{line.ordinal}"
            yield Reject(unit, file, patient, line.kind.value, Reason.UNIT_TOO_LARGE, Sensitive(raw))


def _lines(stream: BufferedIOBase, file: int) -> Iterator[bytes]:
    """The lines of a file, ends kept (CR LF, LF or CR alone). Raises LimitExceededError: see HELD_BYTES."""
    begun, since_start, length = list[bytes](), 0, 0
    while True:
        piece = _read(stream, file)
        ends = not piece or b"\n" in piece or b"\r" in piece or (begun and begun[-1].endswith(b"\r"))
        begun.append(piece)
        length += len(piece)
        # Joined only when a line ends, so that a line of many pieces is searched once.
        lines = b"".join(begun).splitlines(keepends=True) if ends else []
        if ends:
            # The last line may continue, and the LF of a CR may be in the next piece.
            begun = [lines.pop()] if piece and lines else []
            length = sum(map(len, begun))
        for line in lines:
            begins = START.match(line) or SECOND_START.match(line)
            since_start = 0 if begins else since_start + len(line)
            if since_start > HELD_BYTES:
                raise LimitExceededError("message_too_large", file=file, limit=HELD_BYTES)
            yield line
        if length > HELD_BYTES:
            raise LimitExceededError("message_too_large", file=file, limit=HELD_BYTES)
        if not piece:
            return


def _read(stream: BufferedIOBase, file: int) -> bytes:
    refusal: RepriseError
    try:
        return stream.read(1 << 16)
    except OSError:
        refusal = UnreadableSourceError("source_unreadable", file=file)
    raise refusal


def _stage(rows: Rows, chart: str, patient: int, message: Message) -> None:
    fields = _patient_fields(message)
    who = Element("patient", {}, 1)
    for line, element in fields:
        who.append(element)
        rows.unit(UnitKind.PATIENT_FIELD, f"{chart}.{line}", patient, chart, element)
    rows.patient(chart, patient, who)
    _stage_contact(rows, chart, patient, message)


def _stage_contact(rows: Rows, chart: str, patient: int, message: Message) -> None:
    contact = f"{chart}.1"
    head = _branch("transaction", *_head(message))
    rows.unit(UnitKind.TRANSACTION, contact, patient, chart, head)
    body = next((line.ordinal for line in message.lines if line.descriptor.startswith("L")), 1)
    text = Element("text", {}, body)
    text.parts.append(readable_text(message))
    rows.unit(UnitKind.TEXT, f"{chart}.{body}", patient, contact, text)
    _stage_bytes(rows, f"{chart}.0", patient, contact, message.data)


def _head(message: Message) -> Iterator[Element]:
    """Reference, kind, moment and sender; a kind that the message does not state is derived from its lines."""
    if message.reference:
        yield _leaf("id", message.reference, S="LOCAL", SV="1.0", SL="HEALTHONE-REFERENCE")
    kind = "labresult" if message.results else "note"
    yield _leaf("cd", kind, S="CD-TRANSACTION", SV=CODE_VERSION)
    values = {"date": message.date, "time": message.time, "iscomplete": COMPLETE.get(message.status or "")}
    yield from (_leaf(name, value) for name, value in values.items() if value is not None)
    if message.sender.strip("-"):
        yield _author(message)


def _author(message: Message) -> Element:
    """The sender, with the health insurance number if it is named by that number."""
    digits = re.sub(r"[\s./-]", "", message.sender)
    number = [_leaf("id", digits, S="ID-HCPARTY", SV="1.0")] if re.fullmatch(r"[0-9]{11}", digits) else []
    # The format does not say whether the sender of a letter is a person or an organisation.
    role = (
        _leaf("cd", "orglaboratory", S="CD-HCPARTY", SV="1.0")
        if message.results
        else _leaf("cd", "sender", S="LOCAL", SV="1.0", SL="HEALTHONE")
    )
    return _branch("author", _branch("hcparty", *number, role, _leaf("name", message.sender)))


def _stage_bytes(rows: Rows, unit: str, patient: int, owner: str, data: bytes) -> None:
    content = ("text/plain", len(data), hashlib.sha256(data).digest(), "healthone")
    rows.document(unit, patient, owner, Element("lnk", {"TYPE": "multimedia"}, 0), content)
    for sequence, at in enumerate(range(0, len(data), CHUNK_BYTES)):
        rows.chunk(unit, patient, sequence, data[at : at + CHUNK_BYTES])


def _patient_fields(message: Message) -> list[tuple[int, Element]]:
    """The patient as children of a KMEHR `patient`, each with the ordinal of the line that states it."""
    at: dict[str, int] = {}
    for line in message.lines:
        at.setdefault(line.descriptor, line.ordinal)
    who, second = message.identity, at.get("A2", 1)
    fields: list[tuple[int, Element]] = []
    if who.inss:
        fields.append((second, _leaf("id", who.inss, S="INSS", SV="1.0")))
    if who.first_name:
        fields.append((second, _leaf("firstname", who.first_name)))
    if who.family_name:
        fields.append((second, _leaf("familyname", who.family_name)))
    if who.birth:
        fields.append((second, _branch("birthdate", _leaf("date", who.birth))))
    if who.sex:
        fields.append((second, _branch("sex", _leaf("cd", who.sex, S="CD-SEX", SV="1.0"))))
    lines = [who.street, " ".join(part for part in (who.postcode, who.town) if part)]
    address = ", ".join(part for part in lines if part)
    if address:
        home = _leaf("cd", "home", S="CD-ADDRESS", SV="1.0")
        fields.append((at.get("A3", 1), _branch("address", home, _leaf("text", address, L="und"))))
    for ordinal, (_, element) in enumerate(fields, 1):
        element.ordinal = ordinal
    return fields


def _leaf(name: str, text: str, **attributes: str) -> Element:
    element = Element(name, attributes, 1)
    element.parts.append(text)
    return element


def _branch(name: str, *children: Element) -> Element:
    element = Element(name, {}, 1)
    for child in children:
        element.append(child)
    return element
