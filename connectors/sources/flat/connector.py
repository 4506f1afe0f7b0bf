"""Files of flat messages as canonical rows, whatever their format.

Unit paths are `FILE/MESSAGE.LINE`. The message as a whole is `FILE/MESSAGE` (patient row, chart), its bytes `FILE/MESSAGE.0`
(document), its head the first line (transaction), its readable text the first body line (text).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from io import BufferedIOBase
from typing import NamedTuple, cast

from connectors.base import (
    Admission,
    Batch,
    Limits,
    Match,
    NoHeaders,
    Reject,
    SourceFile,
)
from connectors.media_types import sniff_media_type
from connectors.sources.batches import Batches
from connectors.sources.flat.lines import cut_lines, stream_lines
from connectors.sources.flat.message import Message, Piece
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import Element, branch, leaf
from connectors.sources.sniffing import LOOKED_AT, recognise
from schemas.disposition import Reason, UnitKind
from schemas.errors import UnreadableSourceError
from schemas.sensitive import Sensitive
from schemas.tables import CHUNK_BYTES

MESSAGE_BYTES = 16 << 20
"""A longer message is not parsed: it is handed over as it came, line by line."""
COMPLETE = {"complete": "true", "partial": "false"}
_SAYS = re.compile("[^\x00-\x20\ufffe\uffff]")  # anything that XML can hold, except white space
CODE_VERSION = "1.5"  # of CD-TRANSACTION, for the kind derived from the lines


class MessageFormat(NamedTuple):
    """One format: its name, the lines that begin a message, and how to group lines into messages and parse one."""

    name: str
    begins: Callable[[str], bool]
    group: Callable[[Iterable[bytes]], Iterator[bytes]]
    parse: Callable[[bytes], Message]


class FlatConnector(NoHeaders):
    """Reads files of one flat format, one message at a time."""

    def __init__(self, form: MessageFormat) -> None:
        self.name = form.name
        self._form = form

    def probe(self, file: SourceFile) -> Match | None:
        """Match by the content of the beginning (`connectors.sources.sniffing`)."""
        head = file.beginning(LOOKED_AT)
        found = recognise(head) if head is not None else None
        return Match(self.name, found.certain) if found is not None and found.format == self.name else None

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
            for number, data in enumerate(self._messages(stream, file.ordinal), 1):
                chart = f"{file.ordinal}/{number}"
                patient = first_patient + number - 1
                if (wanted is not None and patient not in wanted) or admit(chart) is not None:
                    continue
                if len(data) > min(MESSAGE_BYTES, limits.max_unit_bytes):
                    lines = cut_lines(data)
                    yield from _rejects(
                        file.ordinal, chart, patient, lines, _by_lines(lines), Reason.UNIT_TOO_LARGE
                    )
                    continue
                message = self._form.parse(data)
                if message.refused is not None:
                    lines = cut_lines(data)
                    yield from _rejects(file.ordinal, chart, patient, lines, message.pieces, message.refused)
                else:
                    _stage(rows, chart, patient, message)
                    yield from batches.take()
        yield from batches.finish()

    def _messages(self, stream: object, file: int) -> Iterator[bytes]:
        found = False
        for message in self._form.group(
            stream_lines(cast("BufferedIOBase", stream), file, self._form.begins)
        ):
            found = True
            yield message
        if not found:
            raise UnreadableSourceError("source_empty", file=file)


def _by_lines(lines: Iterable[bytes]) -> Iterator[Piece]:
    """The pieces of a message that is not parsed: each line with anything before its end is a unit."""
    for ordinal, line in enumerate(lines, 1):
        yield Piece(ordinal, 1, UnitKind.COMMENT if line.strip(b"\r\n") else None, "")


def _rejects(
    file: int, chart: str, patient: int, lines: list[bytes], pieces: Iterable[Piece], reason: Reason
) -> Iterator[Reject]:
    """Reject a message unit by unit, because the books count units."""
    for piece in pieces:
        if piece.kind is not None:
            own = lines[piece.ordinal - 1 : piece.ordinal - 1 + piece.size]
            raw = b"".join(own) if piece.raw is None else piece.raw
            unit = f"{chart}.{piece.ordinal}"
            yield Reject(unit, file, patient, piece.kind.value, reason, Sensitive(raw))


def _stage(rows: Rows, chart: str, patient: int, message: Message) -> None:
    who = Element("patient", {}, 1)
    for line, element in _patient_fields(message):
        who.append(element)
        rows.unit(UnitKind.PATIENT_FIELD, f"{chart}.{line}", patient, chart, element)
    rows.patient(chart, patient, who)
    _stage_contact(rows, chart, patient, message)


def _stage_contact(rows: Rows, chart: str, patient: int, message: Message) -> None:
    contact = f"{chart}.1"
    head = branch("transaction", *_head(message))
    rows.unit(UnitKind.TRANSACTION, contact, patient, chart, head)
    text = Element("text", {}, message.first_line)
    text.parts.append(message.readable)
    rows.unit(UnitKind.TEXT, f"{chart}.{message.first_line}", patient, contact, text)
    _stage_bytes(rows, f"{chart}.0", patient, contact, message.data, "text/plain", message.format)
    for number, each in enumerate(message.documents, 1):
        _stage_bytes(
            rows,
            f"{chart}.{each.line}.{number}",
            patient,
            contact,
            each.data,
            sniff_media_type(each.data),
            None,
        )


def _head(message: Message) -> Iterator[Element]:
    """Reference, kind, moment and sender; the kind is derived from the lines."""
    if message.reference:
        yield leaf("id", message.reference, S="LOCAL", SV="1.0", SL=f"{message.format.upper()}-REFERENCE")
    yield leaf("cd", message.kind, S="CD-TRANSACTION", SV=CODE_VERSION)
    values = {"date": message.date, "time": message.time, "iscomplete": COMPLETE.get(message.status or "")}
    yield from (leaf(name, value) for name, value in values.items() if value is not None)
    if _SAYS.search(message.sender.name):
        yield _author(message)


def _author(message: Message) -> Element:
    """The sender, with the health insurance number if it states one."""
    number = [leaf("id", message.sender.number, S="ID-HCPARTY", SV="1.0")] if message.sender.number else []
    # The formats do not say whether the sender of a letter is a person or an organisation.
    role = (
        leaf("cd", "orglaboratory", S="CD-HCPARTY", SV="1.0")
        if message.kind == "labresult"
        else leaf("cd", "sender", S="LOCAL", SV="1.0", SL=message.format.upper())
    )
    return branch("author", branch("hcparty", *number, role, leaf("name", message.sender.name)))


def _stage_bytes(
    rows: Rows,
    unit: str,
    patient: int,
    owner: str,
    data: bytes,
    media_type: str | None,
    message_format: str | None,
) -> None:
    content = (media_type, len(data), hashlib.sha256(data).digest(), message_format)
    rows.document(unit, patient, owner, Element("lnk", {"TYPE": "multimedia"}, 0), content)
    for sequence, at in enumerate(range(0, len(data), CHUNK_BYTES)):
        rows.chunk(unit, patient, sequence, data[at : at + CHUNK_BYTES])


def _patient_fields(message: Message) -> list[tuple[int, Element]]:
    """The patient as children of a KMEHR `patient`, each with the ordinal of the line that states it."""
    who = message.identity
    named, home = who.lines
    fields: list[tuple[int, Element]] = []
    if who.inss:
        fields.append((named, leaf("id", who.inss, S="INSS", SV="1.0")))
    if who.first_name:
        fields.append((named, leaf("firstname", who.first_name)))
    if who.family_name:
        fields.append((named, leaf("familyname", who.family_name)))
    if who.birth:
        fields.append((named, branch("birthdate", leaf("date", who.birth))))
    if who.sex:
        fields.append((named, branch("sex", leaf("cd", who.sex, S="CD-SEX", SV="1.0"))))
    lines = [who.street, " ".join(part for part in (who.postcode, who.town) if part)]
    address = ", ".join(part for part in lines if part)
    if address:
        kind = leaf("cd", "home", S="CD-ADDRESS", SV="1.0")
        fields.append((home, branch("address", kind, leaf("text", address, L="und"))))
    for ordinal, (_, element) in enumerate(fields, 1):
        element.ordinal = ordinal
    return fields
