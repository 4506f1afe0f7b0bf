"""Files of flat messages: a message is delivered as it came; its patient and its items are made from it.

The books count the units of the message: lines, or blocks of lines. The transaction that carries it, its text, its items and
the patient's fields are therefore marked as made (REPRISE-MESSAGE), and each unit is booked by its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.sources.flat.message import Message
from connectors.sources.message_formats import parse_message
from connectors.targets.chart import Folder, Unit
from connectors.targets.findings import Finding
from connectors.targets.marks import Mark
from connectors.targets.tree import RUN, Node, leaf, serialise
from schemas.disposition import UnitKind
from schemas.practice_documents import Danger


def whole_message(transaction: Unit) -> Unit | None:
    """The attachment with the message from which a transaction was made; None for any other transaction."""
    first = transaction.units[0] if transaction.units else None  # its path ends in 0
    return first if first is not None and first.is_message else None


def carries_message(folder: Folder) -> bool:
    """Whether a folder was made from a message."""
    return any(whole_message(each) is not None for each in folder.transactions)


def message_mark(value: str) -> Node:
    """The id of a transaction made from a message (value: format and path) or of a patient (the names of such fields)."""
    return leaf("id", value, S="LOCAL", SV=RUN, SL=Mark.MESSAGE)


def message_origin(message: Unit) -> str:
    """`FORMAT:FILE/MESSAGE` of an attachment, as its transaction is marked."""
    return f"{message.row['message_format']}:{message_path(message)}"


def message_path(message: Unit) -> str:
    """`FILE/MESSAGE` of the attachment `FILE/MESSAGE.0`."""
    return message.path.rpartition(".")[0]


def parsed(message: Unit) -> Message:
    """The message that an attachment holds."""
    return parse_message(message.row["message_format"], b"".join(message.content()))


def superseded(messages: Mapping[str, Message]) -> frozenset[str]:
    """The paths of messages of a chart that a later one replaces (docs/formats/flat.md, "Versions")."""
    complete: dict[tuple[str, str, str], list[Message]] = {}
    for message in messages.values():
        if message.status == "complete" and message.reference:
            complete.setdefault(_report(message), []).append(message)
    newest = {report: max(versions, key=lambda each: each.moment) for report, versions in complete.items()}
    found = set()
    for path, message in messages.items():
        report = _report(message)
        later = complete.get(report, []) if message.restates else filter(None, [newest.get(report)])
        if any(_replaces(each, message) for each in later):
            found.add(path)
    return frozenset(found)


def _replaces(later: Message, message: Message) -> bool:
    is_later = later.moment > message.moment or (
        later.moment == message.moment and message.status == "partial"
    )
    return is_later and (not later.restates or _named(message) <= _named(later))


def _named(message: Message) -> set[tuple[str, str]]:
    """The results that a message states, by code and label."""
    return {(result.code, result.label) for result in message.results}


def _report(message: Message) -> tuple[str, str, str]:
    return message.format, message.sender.name, message.reference


def booked_pieces(message: Unit, read: Message) -> Iterator[tuple[str, UnitKind]]:
    """Path and kind of each piece that is a unit."""
    path = message_path(message)
    for piece in read.pieces:
        if piece.kind is not None:
            yield f"{path}.{piece.ordinal}", piece.kind


def doubtful_points(message: Unit, read: Message) -> Iterator[Finding]:
    """Yield the points in the message that the practice must look at, by line."""
    path = message_path(message)
    for doubt in read.doubts:
        kind = UnitKind.MESSAGE_HEADER if doubt.reason in _OF_HEADER else UnitKind.COMMENT
        danger = Danger.DOCUMENT if doubt.reason.startswith("document_") else Danger.RECORD
        yield Finding(danger, kind.value, f"{path}.{doubt.line}", doubt.reason, doubt.excerpt[:300])


_OF_HEADER = frozenset(
    {"birth_date_unreadable", "message_cancels", "message_kind_unknown", "national_number_invalid"}
)


def made_fields(own: list[Unit], made: list[Unit]) -> list[Unit]:
    """The fields made from messages that the patient does not have otherwise, one of each name.

    If messages of one patient write a name differently, the first one is used. If they state different addresses, none is used;
    all of them remain in the messages.
    """
    known = {unit.children[0].name for unit in own}
    by_name: dict[str, list[Unit]] = {}
    for unit in made:
        if unit.children[0].name not in known:
            by_name.setdefault(unit.children[0].name, []).append(unit)
    if len({serialise(unit.children[0]).casefold() for unit in by_name.get("address", [])}) > 1:
        del by_name["address"]
    return [units[0] for units in by_name.values()]
