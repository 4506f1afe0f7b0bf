"""Structured results beside a lab message: one derived item a line, the raw line kept in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from connectors.sources.healthone_messages import Result, parse_messages
from connectors.targets.chart import Unit
from connectors.targets.identities import make_mf_id
from connectors.targets.tree import RUN, Node, clean, leaf, wrap
from schemas.disposition import UnitKind

MAX_BYTES = 4 << 20
_MESSAGE = re.compile(r"\W{0,3}A1\\")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?\Z")
_RANGE = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*-\s*(\d+(?:[.,]\d+)?)\s*\Z")
# Only flags whose direction the sender stated; `*` says "outside the range" without one.
_FLAGS = {
    "+": "high",
    "++": "veryhigh",
    "+++": "extremelyhigh",
    "-": "low",
    "--": "verylow",
    "---": "extremelylow",
    "*": "abnormal",
}


def message_bytes(unit: Unit) -> bytes | None:
    """The lab message that a text or an attachment is, or None."""
    if unit.kind is UnitKind.TEXT and "value" in unit.row:
        value = str(unit.row["value"] or "")
        return value.encode() if _MESSAGE.match(value) else None
    if unit.kind is UnitKind.ATTACHMENT and unit.row["message_format"] == "healthone":
        small = (unit.row["bytes"] or 0) <= MAX_BYTES
        return b"".join(unit.content()) if small else None
    return None


def stated_lines(units: Iterable[Unit]) -> frozenset[str]:
    """The result lines that items hold as their text: those made from a message by an earlier package."""
    texts = (
        each
        for unit in units
        if unit.kind is UnitKind.ITEM
        for each in unit.children
        if each.name == "text" and not each.children
    )
    return frozenset(_line(text.text) for text in texts if text.text.startswith("L1\\"))


def _line(raw: str) -> str:
    return clean(raw.rstrip("\r\n"))


def derive_items(unit: Unit, run_id: str, stated: frozenset[str]) -> Iterator[tuple[str, Node]]:
    """For each result line of the message that is not `stated`: its unit path and the item that holds it."""
    data = message_bytes(unit)
    if data is None:
        return
    for number, message in enumerate(parse_messages(data), start=1):
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
    content = _content(result) if result is not None else None
    if content is not None:
        item.children.append(content)
    item.children.append(leaf("text", raw, L="und"))
    flag = _FLAGS.get((result.flag or "").strip()) if result is not None else None
    if flag:
        item.children.append(wrap("severity", leaf("cd", flag, S="CD-SEVERITY", SV="1.0")))
    return item


def _content(result: Result) -> Node | None:
    value, unit = (result.value or "").strip(), (result.unit or "").strip()
    if not value:
        return None
    if _NUMBER.match(value) and not unit:
        content = wrap("content", leaf("decimal", value.replace(",", ".")))
    else:
        content = wrap("content", leaf("text", f"{value} {unit}".strip(), L="und"))
    found = _RANGE.match(result.range or "")
    if found:
        low, high = (bound.replace(",", ".") for bound in found.groups())
        content.children += [wrap("minref", leaf("decimal", low)), wrap("maxref", leaf("decimal", high))]
    return content
