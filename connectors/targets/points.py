"""A point of the work list in the doctor's words: what, why, its content, what was done instead, where, what to do."""

from __future__ import annotations

from typing import NamedTuple

from connectors.targets.chart import Unit, stated_kind
from connectors.targets.findings import Finding
from connectors.targets.misfits import Cause, Misfit
from connectors.targets.prose import word_for
from connectors.targets.readings import (
    Holders,
    author_of,
    content_of,
    cut,
    marks_of,
    moment_of,
    name_of,
    plain,
    say_moment,
    say_size,
)
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.practice_documents import ChartOf, Danger, Document, Point, State
from schemas.record import Record
from schemas.texts import section, text

_FORMATS = {
    "application/pdf": "pdf", "text/rtf": "letter", "application/rtf": "letter", "application/msword": "letter",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "letter", "text/plain": "text",
    "text/html": "web_page", "text/xml": "data", "image/jpeg": "image", "image/png": "image", "image/gif": "image",
    "image/tiff": "image", "message/rfc822": "letter",
}  # fmt: skip
"""What people call a media type."""
_TEXTS = frozenset({"text", "text-with-layout"})
_LISTED = 12  # more values are not spelt out
LONGEST_EXCERPT = 2000
UNDECODED = "original.txt"
"""The ending of an attachment's text as it came."""
_VALUE = 120
_SAID = 5  # objections of one unit that are spelt out


class Handling(NamedTuple):
    """What was done with such a unit, and what a person does now: names of texts."""

    instead: str
    action: str


_SET_ASIDE = Handling("set_aside", "ask_export")
_TWO_CHARTS = Handling("not_joined", "decide_one_patient")
HANDLINGS: dict[str, Handling] = {
    Reason.NOT_WELL_FORMED: _SET_ASIDE,
    Reason.CUT_SHORT: _SET_ASIDE,
    Reason.UNREADABLE_FILE: _SET_ASIDE,
    Reason.PATIENT_UNKNOWN: Handling("set_aside", "find_owner"),
    Reason.ROW_RAGGED: Handling("set_aside", "enter_by_hand"),
    Reason.VALUE_MISSING: Handling("set_aside", "enter_by_hand"),
    Reason.VALUE_INVALID: Handling("set_aside", "enter_by_hand"),
    Reason.UNKNOWN_FORMAT: _SET_ASIDE,
    Reason.ARCHIVE_UNOPENED: _SET_ASIDE,
    Reason.ENCRYPTED_FOLDER: Handling("set_aside", "decrypt"),
    Reason.FOLDER_IN_FOLDER: Handling("set_aside", "find_owner"),
    Reason.UNIT_TOO_LARGE: Handling("set_aside", "enter_by_hand"),
    Reason.TOO_DEEP: Handling("set_aside", "enter_by_hand"),
    Reason.LOOSE_TEXT: Handling("set_aside", "enter_by_hand"),
    Reason.REMARK: Handling("set_aside", "nothing"),
    Reason.NO_RECORD: Handling("set_aside", "nothing"),
    Reason.ATTACHMENT_TOO_LARGE: Handling("set_aside", "attach"),
    Reason.DOCUMENT_BESIDE: Handling("set_aside", "attach"),
    Reason.BASE64_INVALID: Handling("set_aside_decoded", "check_document"),
    Reason.CONTRACT: Handling("set_aside", "do_not_open"),
    Reason.DESCRIBES_DOCUMENT: Handling("set_aside", "nothing"),
    Reason.SAME_FILE_TWICE: Handling("taken_once", "nothing"),
    Reason.NOT_IN_TARGET: Handling("as_text", "enter"),
    Reason.DANGLING_LINK: Handling("link_as_text", "relink"),
    Reason.SECOND_SUMMARY: Handling("summary_joined", "read_text"),
    Reason.CONFLICTING_IDENTITY: Handling("as_text", "check_identity"),
    "confidential": Handling("kept", "check_access"),
    "code_page_doubtful": Handling("kept", "compare_letters"),
    "encoding_repaired": Handling("kept", "compare_letters"),
    "unit_code_unknown": Handling("kept", "read_original"),
    "result_incomplete": Handling("kept", "read_original"),
    "result_withdrawn": Handling("kept", "read_original"),
    "message_cancels": Handling("kept", "read_original"),
    "message_kind_unknown": Handling("kept", "read_original"),
    "resource_not_read": Handling("kept", "read_original"),
    "document_not_held": Handling("kept", "ask_document"),
    "document_unreadable": Handling("kept", "ask_document"),
    "birth_date_unreadable": Handling("kept", "check_identity"),
    "national_number_invalid": Handling("kept", "check_identity"),
    "same_number_other_identity": _TWO_CHARTS,
    "same_name_and_birth": _TWO_CHARTS,
    "same_name_birth_incomplete": _TWO_CHARTS,
    "same_birth_first_name_incomplete": _TWO_CHARTS,
    "several_people": Handling("one_chart", "divide"),
    "several_numbers": Handling("kept", "check_identity"),
    "number_of_another_birth": Handling("kept", "check_identity"),
    "message_of_another": Handling("not_entered", "find_owner"),
    "empty_document": Handling("kept", "ask_document"),
    "birth_in_future": Handling("kept", "check_identity"),
    "birth_after_death": Handling("kept", "check_identity"),
    "dated_before_birth": Handling("kept", "check_dates"),
    "begins_before_birth": Handling("kept", "check_dates"),
    "begins_after_death": Handling("kept", "check_dates"),
    "ends_before_begin": Handling("kept", "check_dates"),
    "unit_not_of_code": Handling("kept", "check_unit"),
    "code_not_of_sex": Handling("kept", "check_sex"),
}
"""For each reason of a point; a test holds that none is missing."""


class Draft(Record, frozen=True):
    """A point before it has its patient and its number."""

    danger: Danger
    reason: str
    what: str
    why: str
    content: str
    instead: str
    place: str
    action: str
    document: Document | None
    member: str | None
    unit: str

    def point(self, number: str, patient: ChartOf | None, other: ChartOf | None = None) -> Point:
        """The point of this patient, with this number."""
        return Point(
            id=number, danger=self.danger, reason=self.reason, patient=patient, other=other, what=self.what,
            why=self.why, content=self.content, instead=self.instead, place=self.place, action=self.action,
            document=self.document, member=self.member, unit=self.unit,
        )  # fmt: skip


class Teller:
    """Puts findings into words. `holders`: the units of the chart; those of no chart have none."""

    def __init__(self, language: str, holders: Holders | None = None) -> None:
        self._language = language
        self._holders = holders or Holders(())

    def tell(self, found: Finding, document: Document | None = None, member: str | None = None) -> Draft:
        """The draft of a point. `document`, `member`: of what is handed over outside of the chart."""
        handling = self._handling(found, member)
        document = document if document is not None else self._document(found)
        return Draft(
            danger=found.danger,
            reason=found.reason,
            what=self._what(found, document),
            why=self._why(found),
            content=self._content(found, document),
            instead=text(self._language, f"point.instead.{handling.instead}"),
            place=self._place(found, member),
            action=text(self._language, f"point.action.{handling.action}"),
            document=document,
            member=member,
            unit=found.unit,
        )

    def _handling(self, found: Finding, member: str | None) -> Handling:
        handling = HANDLINGS[found.reason]
        if found.reason == Reason.BASE64_INVALID and (member or "").endswith(UNDECODED):
            return Handling("set_aside", handling.action)  # nothing of it could be decoded
        if found.reason != Reason.NOT_IN_TARGET or found.about is None:
            return handling
        causes = {misfit.cause for misfit in _misfits(found.about)}
        if causes == {Cause.NESTED} and not found.about.prose:
            return Handling("beside", "check_place")
        if not found.about.prose:
            return Handling("within_text", "enter")
        urgent = found.danger in (Danger.ALLERGY, Danger.MEDICATION)
        return Handling("as_text", "enter_before_prescribing" if urgent else "enter")

    def _document(self, found: Finding) -> Document | None:
        unit = found.about
        if unit is None or unit.kind is not UnitKind.ATTACHMENT:
            return None
        return self._holders.document(*described(unit))

    def _what(self, found: Finding, document: Document | None) -> str:
        kind = self._kind(found)
        unit = found.about
        name = name_of(unit, self._language) if unit is not None else ""
        moment = moment_of(unit) if unit is not None else ""
        if found.reason == "message_of_another":
            transaction = self._holders.transaction(found.unit)
            name, moment = "", moment_of(transaction) if transaction is not None else ""
        elif document is not None:
            name, moment = document.title or "", document.date or ""
        if unit is not None and unit.kind is UnitKind.PATIENT_FIELD:
            name = self._label(unit.children[0].name)
        said = [part for part in (name, say_moment(moment, self._language)) if part]
        head = kind[:1].upper() + kind[1:]
        return f"{head}{self._colon}{', '.join(said)}" if said else head

    def _kind(self, found: Finding) -> str:
        kinds = section(self._language, "report.kind")
        units = section(self._language, "point.kind")
        if found.reason == "message_of_another":
            return text(self._language, "point.message")
        words = (
            units.get(found.kind) or kinds.get(found.kind) or section(self._language, "prose").get(found.kind)
        )
        unit = found.about
        if unit is not None and unit.kind is UnitKind.TEXT and (unit.name or "text") not in _TEXTS:
            words = self._label(unit.name or "")
        if words is None and unit is not None:
            words = units[unit.kind]
        return words or plain(found.kind)

    def _why(self, found: Finding) -> str:
        misfits = list(dict.fromkeys(_misfits(found.about))) if found.about is not None else []
        if misfits and found.reason in (Reason.NOT_IN_TARGET, Reason.SECOND_SUMMARY):
            return " ".join(map(self._objection, misfits[:_SAID]))
        reason = text(self._language, f"report.reason.{found.reason}")
        if found.reason == Reason.NOT_IN_TARGET:
            reason = text(self._language, "point.why.within")
        return f"{reason[:1].upper()}{reason[1:]}."

    def _objection(self, misfit: Misfit) -> str:
        value = cut(plain(misfit.value), _VALUE)
        named = self._named(misfit.field, value)
        key, values = str(misfit.cause), {"value": named}
        match misfit.cause:
            case Cause.NOT_LISTED if len(misfit.admitted) <= _LISTED:
                values["admitted"] = ", ".join(map(self._value, misfit.admitted))
            case Cause.NOT_LISTED:
                key, values["count"] = "long_list", str(len(misfit.admitted))
            case Cause.OTHER_SCHEME if misfit.missing == "LOCAL":
                key = "own_code"
            case Cause.OTHER_SCHEME:
                values["scheme"] = misfit.missing
            case Cause.MISSING:
                values["part"] = self._label(misfit.missing)
            case Cause.NO_KIND:
                key, values = ("no_kind", {"value": value}) if value else ("kind_unstated", {})
            case Cause.NESTED:
                values = {}
        return text(self._language, f"point.why.{key}", **values)

    def _named(self, name: str, value: str) -> str:
        """A value with its field, as a sentence begins."""
        if not value:
            said = self._label(name)
        elif word_for(name, self._language) is None:
            said = text(self._language, "point.in_field", name=name, value=value)
        else:
            said = text(self._language, "point.value", field=self._label(name), value=value)
        return said[:1].upper() + said[1:]

    def _content(self, found: Finding, document: Document | None) -> str:
        unit = found.about
        said = found.excerpt
        if document is not None:
            size = say_size(document.bytes, self._language)
            parts = (
                document.title,
                document.author,
                document.media_type and self._format(document.media_type),
                size,
            )
            said = ", ".join(part for part in parts if part) + (f" · {said}" if said else "")
        elif unit is not None and not said:
            said = content_of(unit, self._language)
        return plain(said) or text(self._language, "point.content.none")

    def _format(self, media_type: str) -> str:
        name = _FORMATS.get(media_type)
        return media_type if name is None else text(self._language, f"point.format.{name}")

    def _place(self, found: Finding, member: str | None) -> str:
        language = self._language
        if member is not None:
            return text(language, "point.place.member", member=member)
        where = self._where(found)
        marks = marks_of(found.about) if found.about is not None else []
        if not marks:
            return where
        return text(language, "point.place.marked", where=where, marks=", ".join(marks))

    def _where(self, found: Finding) -> str:
        unit = found.about
        if unit is not None and unit.kind is UnitKind.PATIENT_FIELD:
            return text(self._language, "point.place.patient")
        own = [unit] if unit is not None and unit.kind in (UnitKind.TRANSACTION, UnitKind.ITEM) else []
        chain = [self._step(each) for each in (*self._holders.around(found.unit), *own)]
        return " › ".join(chain) if chain else text(self._language, "point.place.chart")

    def _step(self, unit: Unit) -> str:
        stated = stated_kind(unit)
        kind = section(self._language, "report.kind").get(stated) if stated else None
        kind = kind or section(self._language, "point.kind")[unit.kind]
        name = cut(name_of(unit, self._language), 60)
        moment = say_moment(moment_of(unit), self._language) if unit.kind is UnitKind.TRANSACTION else ""
        author = author_of(unit) if unit.kind is UnitKind.TRANSACTION else None
        return " ".join(part for part in (kind, self._quoted(name), moment, author and f"({author})") if part)

    def _quoted(self, name: str) -> str:
        return text(self._language, "point.named", name=name) if name else ""

    def _label(self, name: str) -> str:
        """What people call an element; one of the old software's own is named as it is."""
        return word_for(name, self._language) or text(self._language, "point.field", name=name)

    def _value(self, code: str) -> str:
        return section(self._language, "value").get(code, code)

    @property
    def _colon(self) -> str:
        return "\u00a0: " if self._language == "fr" else ": "


def described(unit: Unit) -> tuple[str, int, str, str | None, State]:
    """Path, size, digest, format and state of an attachment that is in a chart."""
    state: State = "as_text" if unit.disposition is Disposition.DEGRADED else "delivered"
    return unit.path, unit.row["bytes"] or 0, bytes(unit.row["sha256"]).hex(), unit.row["media_type"], state


def _misfits(unit: Unit) -> list[Misfit]:
    return [explain() for explain in unit.misfits]
