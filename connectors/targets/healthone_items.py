"""Structured results beside a lab message: one derived item a line, each with the raw line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from connectors.sources.healthone.messages import Message, Result, parse_messages
from connectors.targets.chart import Unit
from connectors.targets.identities import mf_id_of, run_token
from connectors.targets.reference_ranges import read_range
from connectors.targets.templates import Poured, poured, written
from connectors.targets.tree import Node, clean, escape_text, leaf, wrap
from schemas.disposition import UnitKind

MAX_BYTES = 4 << 20
_SHORT = 500  # characters of a line whose form is cached
_MESSAGE = re.compile(r"\W{0,3}A[12]\\", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?\Z")
_NUMBER_AND_UNIT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*(\S.*)\Z")
_UNITS = frozenset({"%", "cm", "g/dl", "kg", "mg/dl", "mg/l", "mmhg", "mmol/l"})
"""Values of CD-UNIT known to be in that list."""
# Only flags whose direction the sender stated; `*` means "outside the range" without a direction.
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
    """The lab message in a text or an attachment, None if it is not one."""
    if unit.kind is UnitKind.TEXT and len(unit.texts) == 1 and _MESSAGE.match(unit.texts[0]):
        plain = unit.skeleton.root
        is_text = plain.name == "text" and plain.hole == 0 and plain.attributes.keys() <= {"L"}
        return unit.texts[0].encode() if is_text and not plain.children else None
    if unit.kind is UnitKind.ATTACHMENT and unit.row["message_format"] == "healthone":
        small = (unit.row["bytes"] or 0) <= MAX_BYTES
        return b"".join(unit.content()) if small else None
    return None


def stated_lines(units: Iterable[Unit]) -> frozenset[str]:
    """The result lines that items hold as text: an earlier package made these items from a message."""
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
    """For each result line of the unit's messages that is not `stated`, yield its unit path and its item."""
    data = message_bytes(unit)
    for number, message in enumerate(parse_messages(data) if data is not None else (), start=1):
        yield from message_items(unit, number, message, run_id, stated)


def message_items(
    unit: Unit, number: int, message: Message, run_id: str, stated: frozenset[str]
) -> Iterator[tuple[str, Node]]:
    """Like `derive_items`, for one message, the unit's `number`-th."""
    results = {result.line.ordinal: result for result in message.results}
    for line in message.lines:
        if line.descriptor == "L1" and _line(line.raw) not in stated:
            path = f"{unit.path}#{number}.{line.ordinal}"
            yield path, _item(path, line.raw, results.get(line.ordinal), run_id)


def _item(path: str, raw: str, result: Result | None, run_id: str) -> Node:
    """The item of a line. Lines of one examination differ only in their number, so their form is built once."""
    value = "" if result is None else result.value
    number = _NUMBER.match(value) is not None
    fields = None
    if result is not None:
        fields = (result.code, result.name, result.range, result.unit, result.flag, "" if number else value)
    form = (_form if len(raw) < _SHORT else _form.__wrapped__)(run_token(run_id), fields, is_number=number)
    texts = (mf_id_of(run_id, path), path, raw, value, value.replace(",", "."))
    return Node("item", rest=form.fill(written(texts)))


@lru_cache(4096)
def _form(token: str, fields: tuple[str, ...] | None, *, is_number: bool) -> Poured:
    """The common form of all lines with these fields; `is_number`: their value is a number, which is left open."""
    children = [
        _open("id", _MF_ID, S="LOCAL", SV=token, SL="MF-ID"),
        _open("id", _PATH, S="LOCAL", SV=token, SL="REPRISE-DERIVED"),
        leaf("cd", "lab", S="CD-ITEM", SV="1.6"),
    ]
    text = _open("text", _RAW, L="und")
    if fields is None:
        return poured([*children, text])
    code, name, stated, unit, flag, value = fields
    if code:
        children.append(leaf("cd", clean(code), S="LOCAL", SV="1.0", SL="HEALTHONE", DN=clean(name or "")))
    children += [*_contents(value.strip(), unit, stated, is_number=is_number), text]
    severity = _FLAGS.get((flag or "").strip())
    if severity:
        children.append(wrap("severity", leaf("cd", severity, S="CD-SEVERITY", SV="1.0")))
    return poured(children)


def _contents(value: str, stated_unit: str, stated_range: str, *, is_number: bool) -> list[Node]:
    """The value with its range. For a unit outside CD-UNIT, a text with value and unit is put beside the number."""
    if not value and not is_number:
        return []
    number, unit = "", stated_unit.strip()
    together = _NUMBER_AND_UNIT.match(value)
    if together and not unit and together[2].casefold() in _UNITS:
        number, unit = together.groups()
    if is_number:
        said = _open("text", _VALUE, L="und")
        said.rest = escape_text(f" {unit}") if unit else ""
        decimal = _open("decimal", _DECIMAL)
    else:
        said = leaf("text", f"{value} {unit}".strip(), L="und")
        decimal = leaf("decimal", number.replace(",", "."))
    text = wrap("content", said)
    content = wrap("content", decimal) if is_number or number else text
    known = unit.casefold() in _UNITS
    if content is not text and known:
        content.children.append(wrap("unit", leaf("cd", unit.casefold(), S="CD-UNIT", SV="1.3")))
    low, high = read_range(stated_range, stated_unit)
    content.children += [
        wrap(name, leaf("decimal", bound)) for name, bound in (("minref", low), ("maxref", high)) if bound
    ]
    return [content, text] if content is not text and unit and not known else [content]


_MF_ID, _PATH, _RAW, _VALUE, _DECIMAL = range(5)
"""The places left open in a form."""


def _open(name: str, hole: int, **attributes: str) -> Node:
    made = leaf(name, "", **attributes)
    made.hole = hole
    return made
