"""Structured results beside a lab message: one derived item a result, with value, unit, range, flag and comments.

The form of the items stands in docs/formats/facts.md ("Derived"); the counter makes the same form from the source by its own
code, and everything in a delivered item counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from connectors.media_types import HEAD_BYTES
from connectors.sources.flat.message import Message, Result
from connectors.sources.flat.values import NUMBER
from connectors.sources.message_formats import held_messages
from connectors.sources.payloads import held_format
from connectors.targets.chart import Unit
from connectors.targets.identities import mf_id_of, run_token
from connectors.targets.marks import Mark
from connectors.targets.reference_ranges import read_range
from connectors.targets.templates import Poured, poured, written
from connectors.targets.tree import Node, clean, escape_text, leaf, serialise, told, told_text, wrap
from schemas.disposition import UnitKind

MAX_BYTES = 4 << 20
_SHORT = 500  # characters of a result whose form is cached
_NUMBER_AND_UNIT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*(\S.*)\Z")
UNITS = frozenset({"%", "cm", "g/dl", "kg", "mg/dl", "mg/l", "mmhg", "mmol/l"})
"""Values of CD-UNIT known to be in that list."""
SEVERITIES = {
    "healthone": {
        "+": "high", "++": "veryhigh", "+++": "extremelyhigh", "-": "low", "--": "verylow", "---": "extremelylow",
        "*": "abnormal", "N": "normal", "H": "high", "HH": "veryhigh", "L": "low", "LL": "verylow",
        "S": "susceptible", "I": "susceptibleintermediate", "R": "resistent",
    },
    "medidoc": {
        "--": "verylow", "LL": "verylow", "1": "verylow", "-": "low", "L": "low", "2": "low", "=": "normal", "N": "normal",
        "3": "normal", "+": "high", "H": "high", "4": "high", "++": "veryhigh", "HH": "veryhigh", "5": "veryhigh",
    },
    "medar": {
        "H": "high", "HH": "veryhigh", "L": "low", "LL": "verylow", "+": "high", "++": "veryhigh", "+++": "extremelyhigh",
        "-": "low", "--": "verylow", "---": "extremelylow", "*": "abnormal",
    },
    "hl7": {
        "L": "low", "LL": "verylow", "H": "high", "HH": "veryhigh", "N": "normal", "A": "abnormal", "S": "susceptible",
        "I": "susceptibleintermediate", "R": "resistent",
    },
}  # fmt: skip
SEVERITIES["fhir"] = SEVERITIES["hl7"]
"""The direction that a flag states, by format. `*` means "outside the range" without a direction."""


def carried_messages(unit: Unit) -> list[Message]:
    """The messages in a text or an attachment, also in base64, a mail or an archive in it."""
    if unit.kind is UnitKind.TEXT and len(unit.texts) == 1:
        plain = unit.skeleton.root
        is_text = plain.name == "text" and plain.hole == 0 and plain.attributes.keys() <= {"L"}
        if not is_text or plain.children:
            return []
        head = unit.texts[0][:HEAD_BYTES].encode("utf-8", "surrogatepass")
        return held_messages(unit.texts[0].encode("utf-8", "surrogatepass")) if held_format(head) else []
    if unit.kind is UnitKind.ATTACHMENT and unit.row["message_format"]:
        small = (unit.row["bytes"] or 0) <= MAX_BYTES
        return held_messages(b"".join(unit.content())) if small else []
    return []


def stated_items(units: Iterable[Unit]) -> frozenset[str]:
    """What the items of an earlier package say that were made from messages, and each text that they hold.

    The first packages gave an item its result's line as a text.
    """
    made = [unit.children for unit in units if unit.kind is UnitKind.ITEM and unit.skeleton.is_derived]
    texts = {told(node) for children in made for node in children if node.name == "text"}
    return frozenset({*map(_said, made), *texts})


def _said(children: Iterable[Node]) -> str:
    return "\n".join(sorted(serialise(node) for node in children if node.name != "id"))


def message_items(
    unit: Unit, number: int, message: Message, run_id: str, stated: frozenset[str]
) -> Iterator[tuple[str, Node]]:
    """For each result of the unit's `number`-th message that is not `stated`, yield its unit path and its item."""
    lines = _first_lines(message) if stated else {}
    for result in message.results:
        says = (_said(result_nodes(message.format, result)), told_text(lines[result.line])) if stated else ()
        if stated.isdisjoint(says):
            path = f"{unit.path}#{number}.{result.line}"
            yield path, _item(path, message.format, result, run_id)


def _first_lines(message: Message) -> dict[int, str]:
    """The first line of the piece that each line is in."""
    return {
        piece.ordinal + further: piece.text.partition("\n")[0]
        for piece in message.pieces
        for further in range(piece.size)
    }


def _item(path: str, format_name: str, result: Result, run_id: str) -> Node:
    """The item of a result. Results of one examination differ only in their number, so their form is built once."""
    value = result.value
    is_number = NUMBER.match(value) is not None
    short = sum(map(len, (result.label, value, *result.notes))) < _SHORT
    form = _form if short else _form.__wrapped__
    like = (*result[1:3], "" if is_number else value, *result[4:])
    texts = (mf_id_of(run_id, path), path, value, value.replace(",", "."))
    return Node("item", rest=form(run_token(run_id), format_name, like, is_number).fill(written(texts)))


@lru_cache(4096)
def _form(token: str, format_name: str, like: tuple[Any, ...], is_number: bool) -> Poured:
    """The common form of all results with these fields after the line; `is_number`: their value, a number, is left open."""
    ids = [
        _open("id", _MF_ID, S="LOCAL", SV=token, SL=Mark.MF_ID),
        _open("id", _PATH, S="LOCAL", SV=token, SL=Mark.DERIVED),
    ]
    return poured([*ids, *result_nodes(format_name, Result(0, *like), leave_open=is_number)])


def result_nodes(format_name: str, result: Result, *, leave_open: bool = False) -> list[Node]:
    """The children of an item except its ids, in the order of the schema."""
    children = [leaf("cd", "lab", S="CD-ITEM", SV="1.6"), *_codes(format_name, result)]
    contents, notes = _contents(result, leave_open=leave_open)
    severity = SEVERITIES[format_name].get(result.flag)
    if result.flag and not severity:
        notes = [result.flag, *notes]
    children += contents
    said = "\n".join((*notes, *result.notes))
    if said:
        children.append(leaf("text", clean(said), L="und"))
    if result.state == "pending":
        children.append(leaf("iscomplete", "false"))
    if result.state == "cancelled":
        children.append(wrap("lifecycle", leaf("cd", "cancelled", S="CD-LIFECYCLE", SV="1.3")))
    if severity:
        children.append(wrap("severity", leaf("cd", severity, S="CD-SEVERITY", SV="1.0")))
    return children


def _codes(format_name: str, result: Result) -> list[Node]:
    """The sender's code with its label, the LOINC code, and the sender's code for the unit with the unit."""
    system = format_name.upper()
    codes = []
    if result.code or result.label:
        labels = {"S": "LOCAL", "SV": "1.0", "SL": system, "DN": clean(result.label or result.code)}
        codes.append(leaf("cd", clean(result.code or result.label), **labels))
    if result.loinc:
        codes.append(leaf("cd", result.loinc, S="CD-LAB", SV="1.0"))
    if result.unit_code:
        named = {"DN": result.unit} if result.unit else {}
        codes.append(leaf("cd", clean(result.unit_code), S="LOCAL", SV="1.0", SL=f"{system}-UNIT", **named))
    return codes


def _contents(result: Result, *, leave_open: bool) -> tuple[list[Node], list[str]]:
    """The value with unit and range, and what of these can only be a text.

    For a unit outside CD-UNIT, a text with value and unit is put beside the number. A range that is no number is a text too.
    """
    value, unit = result.value, result.unit or (f"[{result.unit_code}]" if result.unit_code else "")
    together = None if unit or leave_open else _NUMBER_AND_UNIT.match(value)
    if together and _plain_unit(together[2]) in UNITS:
        value, unit = together.groups()
    known, is_number = _plain_unit(unit) in UNITS, leave_open or NUMBER.match(value) is not None
    if not value and not leave_open and not known and not result.range:
        return [], [unit] if unit else []
    if leave_open:
        number = _open("decimal", _DECIMAL)
    elif is_number:
        number = leaf("decimal", value.replace(",", "."))
    else:
        number = leaf("text", clean(value if known or not unit or not value else f"{value} {unit}"), L="und")
    content = wrap("content", number)
    if known:
        content.children.append(wrap("unit", leaf("cd", _plain_unit(unit), S="CD-UNIT", SV="1.3")))
    content.children += _limits(result.range, result.unit)
    if not unit or known:
        return [content], []
    if not value and not leave_open:
        return [content], [unit]
    return ([content, _beside(value, unit, leave_open=leave_open)] if is_number else [content]), []


def _beside(value: str, unit: str, *, leave_open: bool) -> Node:
    if not leave_open:
        return wrap("content", leaf("text", clean(f"{value} {unit}"), L="und"))
    said = _open("text", _VALUE, L="und")
    said.rest = escape_text(f" {unit}")
    return wrap("content", said)


def _limits(stated: str, unit: str) -> list[Node]:
    low, high = read_range(stated, unit)
    if low is None and high is None:
        return [wrap("minref", leaf("text", clean(stated), L="und"))] if stated else []
    return [
        wrap(name, leaf("decimal", bound)) for name, bound in (("minref", low), ("maxref", high)) if bound
    ]


def _plain_unit(unit: str) -> str:
    """A unit without blanks and case, as it is looked up in CD-UNIT."""
    return "".join(unit.split()).casefold()


_MF_ID, _PATH, _VALUE, _DECIMAL = range(4)
"""The places left open in a form."""


def _open(name: str, hole: int, **attributes: str) -> Node:
    made = leaf(name, "", **attributes)
    made.hole = hole
    return made
