"""FHIR R4 in JSON for the counter (docs/formats/fhir.md): a message a patient, a unit a resource."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Any

from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.facts.persons import Stated as Person
from connectors.inventory.facts.persons import letters
from connectors.inventory.fhir._content import Json, Message, Reading, Resource, each, get, strings, sub
from connectors.inventory.fhir._stretches import (
    MARK,
    Stretch,
    resources_of,
    top_values,
    values_by_lines,
)
from connectors.inventory.flat.decoding import signs
from connectors.inventory.flat.reading import Head, Piece, ReadMessage, in_order
from schemas.disposition import UnitKind

NAME = "fhir"
_LAB = "BG BLB CG CH CP GE HM IMM LAB MB MCB MYC OSL SP SR TX VR laboratory".split()  # noqa: SIM905 - a table
_REPORTS = ("DiagnosticReport", "DocumentReference", "Composition")
_SAYING = ("Observation", "DocumentReference", "Media", "Binary")
_SUBJECTS = ("subject", "patient", "individual", "beneficiary")
_BRACKETS = b" \t\r\n,[]{}"


def divide(lines: Iterable[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """Yield the lines of each message; a patient takes the values after it that are about no other."""
    held: list[bytes] = []
    known = ""
    for value in values_by_lines(lines):
        node = _alone(b"".join(value))
        kind, about = get(node, "resourceType"), _about(node)
        goes_on = known != "" and kind not in ("", "Bundle", "Patient") and about in ("", known)
        if not goes_on:
            if held:
                yield held, 0
            held = []
            known = f"Patient/{get(node, 'id')}" if kind == "Patient" else ""
        held += value
    if held:
        yield held, 0


def _alone(content: bytes) -> Json:
    found = _sound(content)
    return found[0].value if found and len(found) == 1 and isinstance(found[0].value, dict) else {}


def _about(node: Json) -> str:
    for name in _SUBJECTS:
        if get(node, name, "reference"):
            return "/".join(get(node, name, "reference").split("/")[-2:])
    return ""


def begins(lines: Iterable[bytes]) -> bool:
    """Whether a message may begin in these lines."""
    return any(signs(line).lstrip()[:1] == "{" for line in lines)


def _sound(content: bytes) -> list[Stretch] | None:
    try:
        content.decode()
    except UnicodeDecodeError:
        return None
    return top_values(content)


def read(number: int, content: bytes, borrowed: int = 0) -> ReadMessage:
    """Read one message."""
    values = _sound(content)
    if not values or not all(isinstance(value.value, dict) for value in values):
        return _refused(number, content, borrowed)
    bundle = (
        values[0].value if len(values) == 1 and get(values[0].value, "resourceType") == "Bundle" else None
    )
    stretches = values if bundle is None else resources_of(content, values[0])
    pieces, message = _pieces(content, stretches, in_bundle=bundle is not None)
    patients = message.of("Patient")
    if len(patients) != 1 or not _all_about(message, patients[0]):
        return _refused(number, content, borrowed)
    said = _Said(bundle or {}, message, patients[0].node)
    is_lab = said.kind() == "labresult"
    reading = Reading(message, is_lab=is_lab)
    reading.take()
    found = {result.first for result in reading.results}
    return ReadMessage(
        NAME, number, [_with_kind(piece, message, found) for piece in pieces], reading.results,
        reading.text.whole([content.decode()]), is_lab, said.moment()[0] or None, said.head(), said.person(), borrowed,
        reading.text.titles, reading.text.remarks, said.kind(), reading.documents, restates=True,
    )  # fmt: skip


def _all_about(message: Message, patient: Resource) -> bool:
    """Whether every patient whom a resource names as its subject is this one."""
    for resource in message.resources:
        for address in (get(resource.node, name, "reference") for name in _SUBJECTS):
            named = message.named(address, resource)
            is_other = named.node is not patient.node and named.type == "Patient" if named else address != ""
            if is_other:
                return False
    return True


def _refused(number: int, content: bytes, borrowed: int) -> ReadMessage:
    text = content.decode("utf-8", "replace")
    kind = UnitKind.COMMENT if text.strip("\ufeff \t\r\n") else None
    piece = Piece(1, kind, text, len(content))
    return ReadMessage(
        NAME, number, [piece], [], text, False, None, Head(), borrowed=borrowed, kind="note", is_refused=True
    )


def _pieces(content: bytes, stretches: list[Stretch], *, in_bundle: bool) -> tuple[list[Piece], Message]:
    pieces: list[Piece] = []
    message = Message()
    ordinal, at = 1, 0
    for stretch in [*stretches, Stretch(len(content), len(content))]:
        between = content[at : stretch.begin]
        if between:
            is_frame = between.replace(MARK, b"").strip(_BRACKETS) == b""
            kind = None if is_frame else UnitKind.MESSAGE_HEADER
            pieces.append(Piece(ordinal, kind, between.decode(), len(between)))
            ordinal += 1
        if stretch.is_value:
            node, address = _resource(stretch.value, in_bundle=in_bundle)
            own = content[stretch.begin : stretch.end]
            resource = Resource(ordinal, node, address)
            pieces.append(Piece(ordinal, UnitKind.COMMENT, own.decode(), len(own), resource.count))
            message.resources.append(resource)
            ordinal += resource.count
        at = stretch.end
    return pieces, message


def _resource(value: Any, *, in_bundle: bool) -> tuple[Json, str]:
    if not isinstance(value, dict):
        return {}, ""
    return (sub(value, "resource") if in_bundle else value), get(value, "fullUrl")


def _with_kind(piece: Piece, message: Message, results: set[int]) -> Piece:
    kinds = message.types
    if piece.line not in kinds:
        return piece
    if not results.isdisjoint(range(piece.line, piece.line + piece.ordinals)):
        return piece._replace(kind=UnitKind.RESULT)
    return piece if kinds[piece.line] in _SAYING else piece._replace(kind=UnitKind.MESSAGE_HEADER)


class _Said:
    """What a message says as a whole."""

    def __init__(self, bundle: Json, message: Message, patient: Json) -> None:
        self._bundle, self._message, self._patient = bundle, message, patient
        self._reports = [one for kind in _REPORTS for one in message.of(kind)]

    def kind(self) -> str:
        """The kind of the transaction."""
        of = self._message.of
        types = [_codes(sub(one.node, "type")) for one in of("Composition", "DocumentReference")]
        if any(code in ("18842-5", "34105-7") for codes in types for code in codes):
            return "dischargereport"
        stated = [
            code
            for one in of("DiagnosticReport", "Observation")
            for category in each(one.node, "category")
            for code in _codes(category)
        ]
        if of("Observation") and (not stated or any(code in _LAB for code in stated)):
            return "labresult"
        return "report" if self._reports else "note"

    def moment(self) -> tuple[str, str]:
        """Day and time (hhmm) that the message is about."""
        of, said = self._message.of, list[str]()
        for one in of("DiagnosticReport"):
            said += [get(one.node, "effectiveDateTime"), get(one.node, "effectivePeriod", "start")]
        said += [get(one.node, "collection", "collectedDateTime") for one in of("Specimen")]
        said += [get(one.node, "issued") for one in of("DiagnosticReport")]
        said += [get(one.node, "date") for one in of("Composition", "DocumentReference")]
        said += [get(one.node, "effectiveDateTime") for one in of("Observation")]
        for text in (*said, get(self._bundle, "timestamp")):
            found = _moment(text)
            if found[0]:
                return found
        return "", ""

    def head(self) -> Head:
        """What the head of the transaction and the patient's fields may say."""
        address = next(iter(each(self._patient, "address")), {})
        home = (" ".join(strings(address, "line")), get(address, "postalCode"), get(address, "city"))
        day, time = self.moment()
        reference, (sender, number) = self._reference(), self._sender()
        issued = [get(one.node, "issued") for one in self._message.of("DiagnosticReport")]
        states = [_is_complete(get(one.node, "status")) for one in self._reports]
        return Head(
            fields=frozenset({*self._names(), *home, reference, time} - {""}),
            days=frozenset(one.replace("-", "") for one in (day, self._birth()) if one),
            is_complete=next((state for state in states if state is not None), None),
            sender=sender,
            number=number,
            inss=next(iter(self._numbers()), None),
            sex=self._sex(),
            reference=reference,
            moment=(_sent(get(self._bundle, "timestamp") or next(iter(issued), "")), ""),
        )

    def person(self) -> Person:
        """The patient, as compared with a chart's."""
        family, first = self._names()
        year, month, day = self._birth().split("-") if self._birth() else ("", "", "")
        sex = {"male": "M", "female": "F"}.get(self._sex(), "")
        return Person(letters(family), letters(first), day, month, year, sex, frozenset(self._numbers()))

    def _sex(self) -> str:
        said = get(self._patient, "gender")
        return said if said in ("male", "female") else ""

    def _birth(self) -> str:
        return _moment(get(self._patient, "birthDate"))[0]

    def _names(self) -> tuple[str, str]:
        return _names(self._patient)

    def _numbers(self) -> list[str]:
        found = []
        for identifier in each(self._patient, "identifier"):
            system = get(identifier, "system")
            if system.endswith(("/NamingSystem/ssin", "2.16.840.1.113883.3.6777.5.1")):
                number = parse_inss(re.sub(r"[.\-/\s]", "", get(identifier, "value")))
                found += [number] if number else []
        return found

    def _reference(self) -> str:
        for one in self._reports:
            for identifier in (*each(one.node, "identifier"), *each(one.node, "masterIdentifier")):
                if get(identifier, "value"):
                    return get(identifier, "value")
        return get(self._bundle, "identifier", "value")

    def _sender(self) -> tuple[str, str]:
        for one in self._reports:
            for link in (*each(one.node, "performer"), *each(one.node, "author")):
                party = self._message.named(get(link, "reference"), one)
                if party is None:
                    name, number = get(link, "display"), ""
                else:
                    name = get(party.node, "name") or " ".join(filter(None, reversed(_names(party.node))))
                    number = _provider(party.node)
                if name:
                    return name, number
        return "", ""


def _codes(concept: Json) -> list[str]:
    return [get(coding, "code") for coding in each(concept, "coding")]


def _names(node: Json) -> tuple[str, str]:
    names = each(node, "name")
    official = [name for name in names if get(name, "use") == "official"]
    for name in (*official, *names):
        return get(name, "family"), " ".join(strings(name, "given"))
    return "", ""


def _provider(node: Json) -> str:
    for identifier in each(node, "identifier"):
        digits = re.sub(r"[.\-/\s]", "", get(identifier, "value"))
        if "nihdi" in get(identifier, "system") and len(digits) == 11 and re.match("[0-9]+$", digits):
            return digits
    return ""


def _is_complete(status: str) -> bool | None:
    if status in ("final", "amended", "corrected", "appended"):
        return True
    return False if status in ("registered", "partial", "preliminary") else None


def _moment(text: str) -> tuple[str, str]:
    """Day and time (hhmm) of an ISO moment; both empty if no day is stated, or one that means unknown."""
    day, mark, time = text.partition("T")
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", day) or day in ("0001-01-01", "1900-01-01"):
        return "", ""
    if mark and not re.match(r"[0-9]{2}:[0-9]{2}", time):
        return "", ""
    try:
        dt.date.fromisoformat(day)
    except ValueError:
        return "", ""
    is_time = mark and time[:2] < "24" and time[3:5] < "60"
    return day, time[:2] + time[3:5] if is_time else ""


def _sent(text: str) -> str:
    """The moment of sending in the form that orders versions; as it is if it does not reach the minute."""
    day, time = text[:10], text[11:16]
    behind = text[16:]
    zone = re.search(r"(Z|[+-][0-9]{2}:[0-9]{2})\Z", behind)
    seconds = behind[: zone.start()] if zone else behind
    shape = re.sub("[0-9]", "0", f"{day}{text[10:11]}{time}")
    if shape != "0000-00-00T00:00" or not re.match(r"(:[0-9]{2}(\.[0-9]+)?)?\Z", seconds):
        return text
    second, _, fraction = seconds[1:].partition(".")
    digits = f"{day}{time}{second}".replace("-", "").replace(":", "").ljust(14, "0")
    stated = zone[0].replace("Z", "+00:00").replace(":", "") if zone else ""
    return in_order(digits, fraction, stated) or text
