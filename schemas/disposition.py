"""What becomes of a unit, and why. Closed lists: no other value can be written."""

from __future__ import annotations

from enum import StrEnum


class Disposition(StrEnum):
    """What became of a unit; each unit has exactly one disposition."""

    DELIVERED = "delivered"
    DEGRADED = "degraded"  # delivered whole, but partly as text; on the work list
    OUT_OF_SCOPE = "out_of_scope"
    UNSCOPED = "unscoped"  # owner unknown: the patient under a restricted scope, or the exporter
    QUARANTINED = "quarantined"  # handed to the doctor sealed, verbatim, with its reason


class Reason(StrEnum):
    """Why a unit was not simply delivered."""

    NOT_WELL_FORMED = "not_well_formed"
    CUT_SHORT = "cut_short"
    ENCRYPTED_FOLDER = "encrypted_folder"
    FOLDER_IN_FOLDER = "folder_in_folder"
    UNIT_TOO_LARGE = "unit_too_large"
    ATTACHMENT_TOO_LARGE = "attachment_too_large"
    TOO_DEEP = "too_deep"
    BASE64_INVALID = "base64_invalid"
    UNKNOWN_FORMAT = "unknown_format"
    UNREADABLE_FILE = "unreadable_file"
    ARCHIVE_UNOPENED = (
        "archive_unopened"  # an archive that is damaged, encrypted, too deep, too large or unsafe
    )
    NO_RECORD = "no_record"  # a file left beside the records by a system, a program or a person
    DOCUMENT_BESIDE = "document_beside"  # a separate document beside the records
    DESCRIBES_DOCUMENT = (
        "describes_document"  # a row of a sidecar: what it says of a document stands in the chart
    )
    SAME_FILE_TWICE = "same_file_twice"  # an earlier file of the export has the same content
    CONTRACT = "contract"  # a data contract on what must never be, which keeps units back, failed
    KIND_OUT_OF_SCOPE = "kind_out_of_scope"
    PATIENT_OUT_OF_SCOPE = "patient_out_of_scope"
    RESPONSIBLE_OUT_OF_SCOPE = "responsible_out_of_scope"
    LOOSE_TEXT = "loose_text"  # content with letters that lies in no other unit
    REMARK = "remark"  # the same for comments, instructions and declarations for programs
    NO_HEADER = "no_header"  # the owner of a message without a header is unknown
    PATIENT_UNKNOWN = "patient_unknown"
    ROW_RAGGED = "row_ragged"  # a row of a table that has other cells than its header, or a quotation that does not end
    VALUE_MISSING = "value_missing"  # a row without a value that its mapping requires
    VALUE_INVALID = "value_invalid"  # a row with a value that its mapping does not admit
    NOT_IN_TARGET = "not_in_target"  # the target's format has no field that admits this value
    DANGLING_LINK = "dangling_link"
    SECOND_SUMMARY = "second_summary"
    CONFLICTING_IDENTITY = "conflicting_identity"


HELD_AGAINST_NOTHING = frozenset(
    {Reason.NO_RECORD, Reason.DOCUMENT_BESIDE, Reason.DESCRIBES_DOCUMENT, Reason.SAME_FILE_TWICE}
)
"""Reasons to hand over a file although nothing is wrong with it; no ceiling counts these."""


class UnitKind(StrEnum):
    """The kinds of units: the smallest things that a clinician would miss."""

    PATIENT_FIELD = "patient_field"
    TRANSACTION = "transaction"  # its head: ids, kind, date, time, author, flags
    HEADING = "heading"
    ITEM = "item"
    TEXT = "text"
    LINK = "link"
    ATTACHMENT = "attachment"
    MESSAGE_HEADER = "message_header"  # of a lab or letter message
    RESULT = "result"
    COMMENT = "comment"
    ROW = "row"  # of a table, if its mapping cannot place it; one that it can is patient fields, items and texts
    FILE = "file"
    LOOSE_TEXT = (
        "loose_text"  # content with letters in one place (a file, message, patient, transaction), in no unit
    )
    REMARK = "remark"  # the same if it is only comments, instructions and declarations for programs


class RecordKind(StrEnum):
    """The kinds of records an instruction names."""

    PATIENT_RECORDS = "patient_records"
    LAB_RESULTS = "lab_results"
    SPECIALIST_REPORTS = "specialist_reports"
    HOSPITAL_NOTICES = "hospital_notices"
