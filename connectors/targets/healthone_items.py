"""Structured results beside a lab message: one derived item a line, the raw line kept in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from connectors.sources.healthone_messages import Message, Result, parse_messages
from connectors.targets.chart import Unit
from connectors.targets.identities import make_mf_id
from connectors.targets.reference_ranges import read_range
from connectors.targets.tree import RUN, Node, clean, leaf, wrap
from schemas.disposition import UnitKind

MAX_BYTES = 4 << 20
_MESSAGE = re.compile(r"\W{0,3}A[12]\\", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?\Z")
_NUMBER_AND_UNIT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*(\S.*)\Z")
_UNITS = frozenset({"%", "cm", "g/dl", "kg", "mg/dl", "mg/l", "mmhg", "mmol/l"})
"""Values of CD-UNIT that we know to be in that list."""
# Only flags whose direction the sender stated; `*` says "outside the range" without one.
_FLAGS = {
    "+": "high",
    "++": "veryhigh",
    "+++": "extremelyhigh",
    "-": "low",
    "--": "verylow",
    "---": "extremelylow",
    "*": "abnormal",
    "N": "normal",
}


def message_bytes(unit: Unit) -> bytes | None:
    """The lab message that a text or an attachment is, or None."""
    if unit.kind is UnitKind.TEXT and len(unit.texts) == 1 and _MESSAGE.match(unit.texts[0]):
        plain = unit.skeleton.root
        is_text = plain.name == "text" and plain.hole == 0 and plain.attributes.keys() <= {"L"}
        return unit.texts[0].encode() if is_text and not plain.children else None
    if unit.kind is UnitKind.ATTACHMENT and unit.row["message_format"] == "healthone":
        small = (unit.row["bytes"] or 0) <= MAX_BYTES
        return b"".join(unit.content()) if small else None
    return None


def stated_lines(units: Iterable[Unit]) -> frozenset[str]:
    """The result lines that items hold as their text: those made from a message by an earlier package."""
    texts = (
        each
        for unit in units
        if unit.kind is UnitKind.ITEM and any(text.startswith("L1\\") for text in unit.texts)
        for each in unit.children
        if each.name == "text" and not each.children
    )
    return frozenset(_line(text.text) for text in texts if text.text.startswith("L1\\"))


def _line(raw: str) -> str:
    return clean(raw.rstrip("\r\n"))


def derive_items(unit: Unit, run_id: str, stated: frozenset[str]) -> Iterator[tuple[str, Node]]:
    """For each result line of the unit's messages that is not `stated`: its unit path and the item that holds it."""
    data = message_bytes(unit)
    for number, message in enumerate(parse_messages(data) if data is not None else (), start=1):
        yield from message_items(unit, number, message, run_id, stated)


def message_items(
    unit: Unit, number: int, message: Message, run_id: str, stated: frozenset[str]
) -> Iterator[tuple[str, Node]]:
    """The same of one message, the unit's `number`-th."""
    results = {result.line.ordinal: result for result in message.results}
    for line in message.lines:
        if line.descriptor == "L1" and _line(line.raw) not in stated:
            path = f"{unit.path}#{number}.{line.ordinal}"
            yield path, _item(path, line.raw, results.get(line.ordinal), run_id)


def _item(path: str, raw: str, result: Result | None, run_id: str) -> Node:
    item = Node("item")
    item.children += [
        make_mf_id(run_id, path),
        leaf("id", path, S="LOCAL", SV=RUN, SL="REPRISE-DERIVED"),
        leaf("cd", "lab", S="CD-ITEM", SV="1.6"),
    ]
    if result is not None and result.code:
        item.children.append(
            leaf("cd", clean(result.code), S="LOCAL", SV="1.0", SL="HEALTHONE", DN=clean(result.name or ""))
        )
    item.children += _contents(result) if result is not None else []
    item.children.append(leaf("text", raw, L="und"))
    flag = _FLAGS.get((result.flag or "").strip()) if result is not None else None
    if flag:
        item.children.append(wrap("severity", leaf("cd", flag, S="CD-SEVERITY", SV="1.0")))
    return item


def _contents(result: Result) -> list[Node]:
    """The value with its range. A unit outside CD-UNIT stands with the value in a text beside the number."""
    value, unit = result.value.strip(), result.unit.strip()
    if not value:
        return []
    number = value if _NUMBER.match(value) else ""
    together = _NUMBER_AND_UNIT.match(value)
    if together and not unit and together[2].casefold() in _UNITS:
        number, unit = together.groups()
    text = wrap("content", leaf("text", f"{value} {unit}".strip(), L="und"))
    content = wrap("content", leaf("decimal", number.replace(",", "."))) if number else text
    known = unit.casefold() in _UNITS
    if number and known:
        content.children.append(wrap("unit", leaf("cd", unit.casefold(), S="CD-UNIT", SV="1.3")))
    low, high = read_range(result.range, result.unit)
    content.children += [
        wrap(name, leaf("decimal", bound)) for name, bound in (("minref", low), ("maxref", high)) if bound
    ]
    return [content, text] if number and unit and not known else [content]
