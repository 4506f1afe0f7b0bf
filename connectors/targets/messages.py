"""HealthOne files: a message is delivered as it came; its patient and its items are made from it.

The books count the lines of the message. The transaction that carries it, its text, its items and the patient's fields are
therefore marked as made (REPRISE-MESSAGE), and each line is booked by its path.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sources.healthone.messages import parse_message
from connectors.targets.chart import Folder, Unit
from connectors.targets.findings import Finding
from connectors.targets.tree import RUN, Node, leaf, serialise
from schemas.disposition import UnitKind
from schemas.practice_documents import Danger


def whole_message(transaction: Unit) -> Unit | None:
    """The attachment with the message from which a transaction was made; None for any other transaction."""
    return next((unit for unit in transaction.units if unit.is_message), None)


def carries_message(folder: Folder) -> bool:
    """Whether a folder was made from a message."""
    return any(whole_message(each) is not None for each in folder.transactions)


def message_mark(value: str) -> Node:
    """The id of a transaction made from a message (value: its path) or of a patient (value: the names of such fields)."""
    return leaf("id", value, S="LOCAL", SV=RUN, SL="REPRISE-MESSAGE")


def message_path(message: Unit) -> str:
    """`FILE/MESSAGE` of the attachment `FILE/MESSAGE.0`."""
    return message.path.rpartition(".")[0]


def booked_lines(message: Unit) -> Iterator[tuple[str, UnitKind]]:
    """Path and kind of each line that is a unit."""
    path = message_path(message)
    for line in parse_message(b"".join(message.content())).lines:
        if line.kind is not None:
            yield f"{path}.{line.ordinal}", line.kind


def doubtful_points(message: Unit) -> Iterator[Finding]:
    """Yield the points in the message that the practice must look at, by line."""
    path = message_path(message)
    for doubt in parse_message(b"".join(message.content())).doubts:
        kind = UnitKind.MESSAGE_HEADER if doubt.reason != "code_page_doubtful" else UnitKind.COMMENT
        yield Finding(Danger.RECORD, kind.value, f"{path}.{doubt.line}", doubt.reason, doubt.excerpt[:300])


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
