"""The documents for the practice in the sealed report, as types: work list, reconciliation, patient index, fidelity pages.

All name patients: they leave only sealed. docs/formats/practice.md says where each lies and how they relate.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta

from schemas.disposition import UnitKind
from schemas.record import Record

VERSION = 1
"""Of all formats of this module."""

Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$", description="RFC 3339, UTC")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Meta(ge=0)]
Language = Literal["fr", "nl", "de", "en"]
State = Literal["delivered", "as_text", "set_aside"]
Member = Annotated[str, Meta(description="path of a file in the opened package")]


class Danger(StrEnum):
    """What a point may endanger, the most dangerous first: the order of the work list."""

    IDENTITY = "identity"
    ALLERGY = "allergy"
    MEDICATION = "medication"
    VACCINE = "vaccine"
    PROBLEM = "problem"
    RESULT = "result"
    RECORD = "record"
    DOCUMENT = "document"
    ADMINISTRATIVE = "administrative"


class Sort(StrEnum):
    """What a doctor counts. Each unit of the source is of exactly one sort."""

    PROBLEM = "problem"
    MEDICATION = "medication"
    ALLERGY = "allergy"
    VACCINATION = "vaccination"
    RISK = "risk"
    PATIENT_WISH = "patient_wish"
    TREATMENT = "treatment"
    REMINDER = "reminder"  # an item with the status planned
    MEASUREMENT = "measurement"
    LAB_RESULT = "lab_result"
    OTHER_ITEM = "other_item"
    SUMMARY = "summary"
    CONTACT = "contact"
    LAB_REPORT = "lab_report"
    LETTER = "letter"
    PRESCRIPTION = "prescription"
    IMAGE = "image"
    DOCUMENT = "document"
    PATIENT_DATA = "patient_data"
    NOTE = "note"
    SECTION = "section"
    LINK = "link"
    MESSAGE_LINE = "message_line"
    TABLE_ROW = "table_row"
    WHOLE_FILE = "whole_file"
    LOOSE_TEXT = "loose_text"


class Run(Record, frozen=True):
    """The run that a document is about. Its moment is the beginning, so that a resumed run writes the same bytes again."""

    id: str
    begun_at: Moment
    signed_at: Annotated[str, Meta(description="when the instruction was signed")]
    source_system: str
    language: Language


class ChartOf(Record, frozen=True):
    """A patient and the files about them. What the source does not state is null."""

    name: str | None
    birth_date: str | None
    inss: str | None
    chart: Member
    page: Member  # the fidelity page, HTML


class Document(Record, frozen=True):
    """An attachment. Date and author are those of the contact or letter that it belongs to."""

    title: str | None
    date: str | None
    author: str | None
    media_type: str | None
    bytes: Count
    sha256: Sha256
    state: State
    member: (
        Member | None
    )  # where it lies if it was kept out of the chart; bytes and digest are then of that file


class Point(Record, frozen=True):
    """Something a person must look at. All texts are in the language of the document, except what they quote."""

    id: Annotated[str, Meta(pattern=r"^\d+\.\d+$", description="unique in the package")]
    danger: Danger
    reason: Annotated[str, Meta(description="code")]
    patient: ChartOf | None  # null: the point is about a file that is in no chart
    other: ChartOf | None  # the second chart of a pair that may be one patient
    what: str
    why: str
    content: str
    instead: str
    place: str
    action: str
    document: Document | None
    member: Member | None  # the file in the opened package that holds it, as it came
    unit: Annotated[str, Meta(description="path in the export: file, then ordinals")]


class Tally(Record, frozen=True):
    """What became of the units of a row: source is the sum of the others."""

    source: Count
    delivered: Count
    as_text: Count
    set_aside: Count
    out_of_scope: Count


class YearTally(Record, frozen=True):
    """The part of a row that bears a date of this year; null: no readable date."""

    year: Annotated[int, Meta(ge=1, le=9999)] | None
    tally: Tally


class Row(Record, frozen=True):
    """Units of one sort. `part` divides a sort: active or stopped medication, letters by their sort."""

    sort: Sort
    part: str | None
    label: str
    tally: Tally
    years: list[YearTally]


class SizeRow(Record, frozen=True):
    """Attachments up to a size, and above that of the row before; null: without limit."""

    up_to_bytes: Count | None
    label: str
    tally: Tally
    bytes: Count


class Undivided(Record, frozen=True):
    """Units that were not read, because they are out of scope or inside of one that was set aside: only their kind is known."""

    kind: UnitKind
    state: Literal["out_of_scope", "set_aside"]
    label: str
    count: Count


class ByteCount(Record, frozen=True):
    """Bytes of the export by what they are."""

    rule: str
    label: str
    bytes: Count


class Counted(Record, frozen=True):
    """A count with its code and its words."""

    code: str
    label: str
    count: Count


class Appendix(Record, frozen=True):
    """For an auditor: every byte, every filler, every repair, every unit."""

    bytes: list[ByteCount]
    bytes_total: Count
    filled: list[Counted]
    repaired: list[Counted]
    units: list[Counted]
    files: Count


class Persons(Record, frozen=True):
    """Patients: records in the export, and what became of them."""

    source: Count
    charts: Count
    joined: Count
    to_review: Count


class WorkListFile(Record, frozen=True):
    """`work-list.json`: points by danger, then by patient."""

    version: Literal[1]
    run: Run
    patients: Count
    checked: Annotated[int, Meta(ge=0, description="units of the export that were checked")]
    dangers: dict[Danger, Count]
    points: list[Point]


class ReconciliationFile(Record, frozen=True):
    """`reconciliation.json`."""

    version: Literal[1]
    run: Run
    patients: Persons
    rows: list[Row]
    attachments: list[SizeRow]
    undivided: list[Undivided]
    appendix: Appendix


class PatientRow(Record, frozen=True):
    """One line of the index."""

    patient: ChartOf
    counts: dict[Sort, Count]  # units of the source that were read
    as_text: Count
    set_aside: Count
    open_points: Count


class PatientIndexFile(Record, frozen=True):
    """`patients.json`: one row a chart, in the order of the export."""

    version: Literal[1]
    run: Run
    patients: list[PatientRow]


class FidelityFile(Record, frozen=True):
    """`fidelity/CHART.json`: what became of each record of one patient."""

    version: Literal[1]
    run: Run
    patient: ChartOf
    rows: list[Row]
    attachments: list[Document]
    points: list[Point]
