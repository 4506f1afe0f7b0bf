"""FHIR R4 in JSON as values: a bundle of one patient is a message; of NDJSON, a patient with the resources that follow.

What a file holds is grouped by lines: a value ends with the line on which it closes. A message is refused if it is no JSON in
UTF-8, or if it is not about exactly one patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.sources.fhir._content import Content, categories
from connectors.sources.fhir._json import Value, group_values, read_entries, read_values
from connectors.sources.fhir._resources import (
    Held,
    Moment,
    Resources,
    Tree,
    codes,
    extent,
    human_name,
    is_ssin,
    many,
    moment,
    one,
    party_name,
    provider_number,
    sent_order,
    text,
    texts,
)
from connectors.sources.flat.lines import cut_lines
from connectors.sources.flat.message import Doubt, Identity, Message, Piece, Sender
from connectors.sources.flat.values import LABORATORY_SECTIONS
from schemas.disposition import Reason, UnitKind
from schemas.identifiers import clean_inss, plain_digits
from schemas.persons import Person, fold_birth, fold_name

NAME = "fhir"
_LABORATORY = LABORATORY_SECTIONS | {"laboratory"}
_DISCHARGES = frozenset({"18842-5", "34105-7"})
_REPORTING = ("DiagnosticReport", "DocumentReference", "Composition")
_STATES = {
    "final": "complete", "amended": "complete", "corrected": "complete", "appended": "complete", "registered": "partial",
    "partial": "partial", "preliminary": "partial",
}  # fmt: skip
_CANCELLED = frozenset({"cancelled", "entered-in-error"})
_ABOUT = ("subject", "patient", "individual", "beneficiary")
"""The elements that name the patient whom a resource is about."""
_STRUCTURE = frozenset(" \t\r\n,[]{}\ufeff")
_SAYING = frozenset({"Observation", "DocumentReference", "Media", "Binary"})


def parse_messages(data: bytes) -> list[Message]:
    """Every message of a file or an attachment."""
    return [parse_message(piece) for piece in group_lines(cut_lines(data))]


def begins_message(line: str) -> bool:
    """Whether a JSON object may begin at a line."""
    return line.lstrip().startswith("{")


def group_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Group the lines of a file into messages: a bundle, or a patient and the resources after it that are about no other."""
    held: list[bytes] = []
    patient = ""  # the reference of the patient of the message that is read; empty if nothing can follow
    for chunk in group_values(lines):
        tree = _tree(chunk)
        named = _subject(tree)
        follows = (
            bool(patient)
            and text(tree, "resourceType") not in ("", "Bundle", "Patient")
            and named in ("", patient)
        )
        if held and not follows:
            yield b"".join(held)
            held = []
        if not follows:
            patient = f"Patient/{text(tree, 'id')}" if text(tree, "resourceType") == "Patient" else ""
        held.append(chunk)
    if held:
        yield b"".join(held)


def _tree(data: bytes) -> Tree:
    values = _values(_decoded(data))
    return values[0].value if values and len(values) == 1 and isinstance(values[0].value, dict) else {}


def _subject(tree: Tree) -> str:
    """The reference of the patient that a resource is about."""
    for key in _ABOUT:
        named = text(one(tree, key), "reference")
        if named:
            return "/".join(named.split("/")[-2:])
    return ""


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _values(said: str | None) -> list[Value] | None:
    """The values of a text; a byte order mark before the first does not count."""
    if said is None:
        return None
    return read_values(" " + said[1:] if said.startswith("\ufeff") else said)


def parse_message(data: bytes) -> Message:
    """Parse one message. Never fails: what is no JSON, or about no patient or several, is refused."""
    said = _decoded(data)
    values = _values(said)
    if said is None or values is None or not all(isinstance(each.value, dict) for each in values):
        return _refused(data, Reason.NOT_WELL_FORMED)
    bundle = text(values[0].value, "resourceType") == "Bundle" and len(values) == 1
    entries = read_entries(_without_mark(said), values[0]) if bundle else values
    pieces, held = _divide(said, entries, in_bundle=bundle)
    resources = Resources(held)
    patients = resources.all("Patient")
    if len(patients) != 1 or _names_another(resources, patients[0]):
        return _refused(data, Reason.PATIENT_UNKNOWN)
    return _message(data, said, values[0].value if bundle else {}, resources, patients[0], pieces)


def _names_another(resources: Resources, patient: Held) -> bool:
    """Whether a resource is about another patient, or about somebody who is not in the message."""
    for each in resources.held:
        for reference in (one(each.tree, key) for key in _ABOUT):
            found = resources.find(reference, each)
            if found is None and text(reference, "reference"):
                return True
            if found is not None and found.type == "Patient" and found.tree is not patient.tree:
                return True
    return False


def _without_mark(said: str) -> str:
    return " " + said[1:] if said.startswith("\ufeff") else said


def _refused(data: bytes, reason: Reason) -> Message:
    said = data.decode("utf-8", "replace")
    piece = Piece(1, 1, UnitKind.COMMENT if said.strip("\ufeff \t\r\n") else None, said, data)
    return Message(
        format=NAME, kind="note", reference="", sender=Sender(), identity=Identity(), date=None, time=None, status=None,
        pieces=(piece,), parts=(), results=(), text=said, data=data, refused=reason,
    )  # fmt: skip


def _divide(said: str, entries: list[Value], *, in_bundle: bool) -> tuple[list[Piece], list[Held]]:
    """The pieces of a message: each resource, with ordinals kept for its components, and what stands between."""
    pieces: list[Piece] = []
    held: list[Held] = []
    at, ordinal = 0, 1
    for entry in entries:
        if entry.begin > at:
            pieces.append(_frame(ordinal, said[at : entry.begin]))
            ordinal += 1
        tree = one(entry.value, "resource") if in_bundle and isinstance(entry.value, dict) else entry.value
        tree = tree if isinstance(tree, dict) else {}
        url = text(entry.value, "fullUrl") if isinstance(entry.value, dict) else ""
        size = extent(tree)
        own = said[entry.begin : entry.end]
        pieces.append(Piece(ordinal, size, UnitKind.COMMENT, own, own.encode()))
        held.append(Held(ordinal, tree, url))
        ordinal, at = ordinal + size, entry.end
    if at < len(said):
        pieces.append(_frame(ordinal, said[at:]))
    return pieces, held


def _frame(ordinal: int, said: str) -> Piece:
    kind = None if _STRUCTURE.issuperset(said) else UnitKind.MESSAGE_HEADER
    return Piece(ordinal, 1, kind, said, said.encode())


def _message(
    data: bytes, said: str, bundle: Tree, resources: Resources, patient: Held, pieces: list[Piece]
) -> Message:
    kind = _kind(resources)
    content = Content(resources, lab=kind == "labresult").read()
    when = _when(bundle, resources)
    issued = (text(each.tree, "issued") for each in resources.all("DiagnosticReport"))
    who, numbers, wrong = _identity(patient)
    return Message(
        format=NAME,
        kind=kind,
        reference=_reference(bundle, resources),
        sender=_sender(resources),
        identity=who,
        requestor="",
        date=when.day,
        time=when.time,
        status=next(filter(None, (_STATES.get(text(each.tree, "status")) for each in _reports(resources))), None),
        pieces=tuple(_kinds(pieces, resources, {result.line for result in content.results})),
        parts=tuple(content.parts),
        results=tuple(content.results),
        text=said,
        data=data,
        doubts=tuple(_doubts(resources, patient, wrong, content)),
        person=Person(fold_name(who.family_name), fold_name(who.first_name), fold_birth(who.birth), who.sex or ""),
        numbers=frozenset(numbers),
        documents=tuple(content.documents),
        sent=sent_order(text(bundle, "timestamp") or next(issued, "")),
        restates=True,
    )  # fmt: skip


def _reports(resources: Resources) -> list[Held]:
    """What a report states about itself, the most special first."""
    return [each for kind in _REPORTING for each in resources.all(kind)]


def _kind(resources: Resources) -> str:
    """The kind of the transaction (docs/formats/fhir.md, "Kinds")."""
    kinds = codes(one(each.tree, "type") for each in resources.all("Composition", "DocumentReference"))
    if kinds & _DISCHARGES:
        return "dischargereport"
    stated = categories(resources.all("DiagnosticReport", "Observation"))
    if resources.all("Observation") and (not stated or stated & _LABORATORY):
        return "labresult"
    return "report" if resources.all(*_REPORTING) else "note"


def _when(bundle: Tree, resources: Resources) -> Moment:
    """The day and time: of the report, when the sample was taken, else when it was issued or written, else sent."""
    said: list[str] = []
    for each in resources.all("DiagnosticReport"):
        said += [text(each.tree, "effectiveDateTime"), text(one(each.tree, "effectivePeriod"), "start")]
    said += [text(one(each.tree, "collection"), "collectedDateTime") for each in resources.all("Specimen")]
    said += [text(each.tree, "issued") for each in resources.all("DiagnosticReport")]
    said += [text(each.tree, "date") for each in resources.all("Composition", "DocumentReference")]
    said += [text(each.tree, "effectiveDateTime") for each in resources.all("Observation")]
    said.append(text(bundle, "timestamp"))
    return next((found for each in said if (found := moment(each)).day), Moment())


def _reference(bundle: Tree, resources: Resources) -> str:
    for each in _reports(resources):
        for identifier in (*many(each.tree, "identifier"), *many(each.tree, "masterIdentifier")):
            if text(identifier, "value"):
                return text(identifier, "value")
    return text(one(bundle, "identifier"), "value")


def _sender(resources: Resources) -> Sender:
    """The party that made the report, else its author."""
    for each in _reports(resources):
        for reference in (*many(each.tree, "performer"), *many(each.tree, "author")):
            found = resources.find(reference, each)
            name = text(reference, "display") if found is None else party_name(found.tree)
            if name:
                return Sender(name, "" if found is None else provider_number(found.tree))
    return Sender()


def _identity(patient: Held) -> tuple[Identity, list[str], str]:
    """The patient, all valid national numbers, and one that is invalid."""
    tree = patient.tree
    family, first = human_name(tree)
    address = next(iter(many(tree, "address")), {})
    stated = [text(each, "value") for each in many(tree, "identifier") if is_ssin(each)]
    numbers = [number for each in stated if (number := clean_inss(each))]
    wrong = next((each for each in stated if plain_digits(each).isdigit() and not clean_inss(each)), "")
    who = Identity(
        family_name=family,
        first_name=first,
        sex=text(tree, "gender") if text(tree, "gender") in ("male", "female") else None,
        birth=moment(text(tree, "birthDate")).day,
        inss=next(iter(numbers), None),
        street=" ".join(texts(address, "line")),
        postcode=text(address, "postalCode"),
        town=text(address, "city"),
        lines=(patient.line, patient.line),
    )
    return who, numbers, wrong


def _kinds(pieces: list[Piece], resources: Resources, results: set[int]) -> Iterator[Piece]:
    """The pieces with their kinds: a result, what says something else of the record, or what tells whose and from whom it is."""
    types = {each.line: each.type for each in resources.held}
    for piece in pieces:
        kind = piece.kind
        if piece.ordinal in types:
            has_result = any(line in results for line in range(piece.ordinal, piece.ordinal + piece.size))
            kind = UnitKind.RESULT if has_result else UnitKind.COMMENT
            if not has_result and types[piece.ordinal] not in _SAYING:
                kind = UnitKind.MESSAGE_HEADER
        yield piece._replace(kind=kind)


def _doubts(resources: Resources, patient: Held, wrong: str, content: Content) -> Iterator[Doubt]:
    born = text(patient.tree, "birthDate")
    if born and born not in ("0001-01-01", "1900-01-01") and moment(born).day is None:
        yield Doubt(patient.line, "birth_date_unreadable", born)
    if wrong:
        yield Doubt(patient.line, "national_number_invalid", wrong)
    for each in _reports(resources):
        if text(each.tree, "status") in _CANCELLED:
            yield Doubt(each.line, "message_cancels", f"{each.type} {text(each.tree, 'status')}")
    yield from content.doubts
