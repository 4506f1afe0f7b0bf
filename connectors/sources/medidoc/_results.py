"""One `#R` block of a MediDoc request as a result, a title or a text (docs/formats/flat.md, "MediDoc")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.sources.flat.message import Doubt, Part, Result
from connectors.sources.flat.values import without_flag
from schemas.medidoc_units import medidoc_units

NUMERIC = frozenset("adhms")
_CODE = re.compile(r"(?=[0-9A-Za-z._]*\d)[0-9A-Za-z][0-9A-Za-z._]{7,9}\Z")
_RELATIONS = {"": "", "=": "", "<": "<", ">": ">", "<=": "<=", "=<": "<=", ">=": ">=", "=>": ">="}
_INDENT = re.compile(r"\A\.(?=\s)")


class Block(NamedTuple):
    """One block: ordinal of its `#R` line, number of lines, type, and the lines within."""

    line: int
    size: int
    type: str
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


@dataclass(frozen=True, repr=False)
class Read:
    """What a block says; `is_lab`: only a laboratory sends such a block."""

    parts: Sequence[Part] = ()
    results: Sequence[Result] = ()
    doubts: Sequence[Doubt] = ()
    is_lab: bool = True


def read_block(block: Block) -> Read:
    """Read one block. Never fails: what cannot be read is a text."""
    first = block.lines[0].rstrip() if block.lines else ""
    named = first.startswith("!")
    label = first[1:].strip() if named else first.strip()
    code = "" if named or not _CODE.match(label) else label
    rest = [_INDENT.sub(" ", line.rstrip(), count=1) for line in block.lines[1:]]
    if block.type in NUMERIC:
        return _measured(block, code or label, label, rest)
    if block.type == "b" and code:
        return _text_result(block, code, rest)
    heading = [] if not label else [Part(block.line, "title", label)]
    kind = "remark" if block.type == "c" else "letter"
    lines = rest if block.type != "c" else _without_blank_ends(rest)
    texts = [Part(block.line, kind, line) for line in lines]
    return Read([*heading, *texts], is_lab=block.type != "b")


def _text_result(block: Block, code: str, rest: list[str]) -> Read:
    lines = _without_blank_ends(rest)
    value = "\n".join(lines)
    if not value:
        return Read([Part(block.line, "title", code)])
    told = [Part(block.line, "result", f"{code}  {lines[0]}")]
    told += [Part(block.line, "remark", line) for line in lines[1:]]
    return Read(told, [Result(block.line, code, code, value)])


def _measured(block: Block, code: str, label: str, rest: list[str]) -> Read:
    """Value, unit and flag, each on its line; then the range, which begins with a backslash, and comments."""
    if not rest:
        return Read([Part(block.line, "title", label)] if label else [], doubts=[_incomplete(block)])
    head: list[str] = []
    while rest and len(head) < 3 and not rest[0].startswith("\\"):
        head.append(rest.pop(0).strip())
    value, unit_code, flag = [*head, "", "", ""][:3]
    at = next((n for n, line in enumerate(rest) if line.startswith("\\")), None)
    limits = "" if at is None else rest.pop(at)[1:].strip()
    notes = tuple(_without_blank_ends(rest))
    value, state = _value(value)
    value, flag = without_flag(value, flag)
    unit_code = "" if unit_code.startswith("%%") else unit_code
    unit = medidoc_units().get(unit_code, "")
    doubts = [_incomplete(block)] if len(head) < 3 else []
    if unit_code and not unit:
        doubts.append(Doubt(block.line, "unit_code_unknown", f"{label} {unit_code}"))
    result = Result(block.line, code, label, value, unit, limits, flag, notes, unit_code, state)
    told = [Part(block.line, "result", _told(result)), *(Part(block.line, "remark", note) for note in notes)]
    return Read(told, [result], doubts)


def _value(line: str) -> tuple[str, str]:
    """The value with its comparison, and its state: `=%%` follows later, `=%%%%` never comes, `=%%` and a text says why."""
    rest = line.lstrip("=<>")
    relation, rest = line[: len(line) - len(rest)], rest.strip()
    if rest == "%%":
        return "", "pending"
    if rest == "%%%%":
        return "", "cancelled"
    if rest.startswith("%%"):
        return rest[2:].strip(), ""
    if relation in _RELATIONS:
        return _RELATIONS[relation] + rest, ""
    return line, ""


def _told(result: Result) -> str:
    unit = result.unit or (f"[MediDoc {result.unit_code}]" if result.unit_code else "")
    limits = f"({result.range})" if result.range else ""
    parts = (result.label, result.value, unit, limits, result.flag)
    return "  ".join(part for part in parts if part)


def _incomplete(block: Block) -> Doubt:
    return Doubt(block.line, "result_incomplete", " ".join(line.strip() for line in block.lines[:4]))


def _without_blank_ends(lines: Sequence[str]) -> list[str]:
    kept = list(lines)
    while kept and not kept[0].strip():
        del kept[0]
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
