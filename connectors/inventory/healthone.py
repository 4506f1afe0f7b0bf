"""Count standalone HealthOne files line by line: each line of a message is a unit, but END and blank ones."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator

from connectors.base import Batch, Limits, SourceFile, Tiling
from connectors.inventory.batches import ROWS, patient_batch, unit_batches
from connectors.inventory.healthone_lines import MessageLine, message_lines, messages, text_lines
from connectors.inventory.kinds import valid_inss
from connectors.inventory.normal_form import derived_form, fact_digest
from connectors.inventory.tiles import STRAY_TEXT, Span, check_tiling
from connectors.inventory.units import CountedRow
from schemas.disposition import RecordKind, UnitKind
from schemas.errors import LimitExceededError, UnreadableSourceError

_MAX_BYTES = 256 << 20


class HealthOneCounter:
    """The `Counter` of HealthOne files. Such files are small: one is held whole, up to 256 MiB."""

    name = "healthone"

    def count(
        self, file: SourceFile, first_patient: int, fact_key: bytes, limits: Limits
    ) -> Iterator[Batch | Tiling]:
        """Batches of `counted_unit` and `counted_patient`, then one Tiling; a patient a message."""
        bound = min(_MAX_BYTES, limits.max_file_bytes)
        if file.size > bound:
            raise LimitExceededError("file_too_large", file=file.ordinal, limit=bound)
        with file.open() as stream:
            content = stream.read(bound + 1)
        if len(content) != file.size:
            raise UnreadableSourceError("size_differs", file=file.ordinal)
        counting = _Counting(file, first_patient, fact_key)
        counting.go(content)
        yield from counting.batches()
        yield counting.tiling(len(content))


class _Counting:
    """The count of one file."""

    def __init__(self, file: SourceFile, first_patient: int, key: bytes) -> None:
        self._file = file.ordinal
        self._first = first_patient
        self._key = key
        self._rows: list[CountedRow] = []
        self._structural: list[Span] = []
        self._stray: list[Span] = []
        self._patients: dict[int, str | None] = {}

    def go(self, content: bytes) -> None:
        """Give every line's bytes to a unit, to the structure, or aside."""
        position = len(content) - len(content.removeprefix(BOM_UTF8))
        if position:
            self._structural.append((0, position))
        pieces = list(messages(content))
        wide = [codec == "utf-8" for text, codec in pieces for _ in text_lines(text)]
        lines = message_lines("".join(text for text, _codec in pieces))
        for line, utf8 in zip(lines, wide, strict=True):
            size = len(line.text_and_end.encode()) if utf8 else len(line.text_and_end)
            self._line(line, (position, position + size))
            position += size
        if not self._patients:
            raise UnreadableSourceError("not_well_formed", file=self._file)
        spans = [span for row in self._rows for span in row.spans]
        check_tiling(spans, self._structural, self._stray, len(content), file=self._file)

    def _line(self, line: MessageLine, span: Span) -> None:
        kind = _kind(line)
        if kind is None or line.message == 0:
            bare = line.text.strip(" \t\x0c\x1a\ufeff").upper()
            (self._structural if bare in ("", "END") else self._stray).append(span)
            return
        self._meet(line)
        self._rows.append(
            CountedRow(
                f"{self._file}/{line.message}.{line.line}",
                self._first + line.message - 1,
                kind,
                RecordKind.LAB_RESULTS,
                None,
                fact_digest(self._key, derived_form(line.text)),
                [span],
                False,
                False,
            )
        )

    def _meet(self, line: MessageLine) -> None:
        known = self._patients.setdefault(line.message, None)
        if known is None and line.descriptor in ("A2", "A5"):
            found = (valid_inss(part) for part in line.text.split("\\")[2:])
            self._patients[line.message] = next((inss for inss in found if inss), None)

    def batches(self) -> Iterator[Batch]:
        """What was found."""
        yield from unit_batches(self._file, self._rows)
        patients = [
            (self._first + message - 1, f"{self._file}/{message}", inss, None)
            for message, inss in self._patients.items()
        ]
        for start in range(0, len(patients), ROWS):
            yield patient_batch(self._file, patients[start : start + ROWS])

    def tiling(self, size: int) -> Tiling:
        """The account of the file's bytes."""
        units = Counter(str(row.kind) for row in self._rows)
        return Tiling(
            file=self._file,
            size=size,
            unit_bytes=sum(end - begin for row in self._rows for begin, end in row.spans),
            structural_bytes=sum(end - begin for begin, end in self._structural),
            ignored_bytes={STRAY_TEXT: sum(end - begin for begin, end in self._stray)},
            units=dict(units),
            patients=len(self._patients),
            repaired={},
        )


def _kind(line: MessageLine) -> UnitKind | None:
    if line.descriptor.startswith("A"):
        return UnitKind.MESSAGE_HEADER
    if line.descriptor == "L1":
        return UnitKind.RESULT
    return UnitKind.COMMENT if line.descriptor else None
