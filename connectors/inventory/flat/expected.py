"""The item that a result of a flat message must become, made by the counter (docs/formats/facts.md, "Derived")."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter

from connectors.inventory.facts.normal_form import Node, derived_item_form, without_controls
from connectors.inventory.flat.ranges import limits, number_at

_CD_UNIT = ("%", "cm", "g/dl", "kg", "mg/dl", "mg/l", "mmhg", "mmol/l")
_STEPS = {1: "", 2: "very", 3: "extremely"}
_TESTED = {"S": "susceptible", "I": "susceptibleintermediate", "R": "resistent"}
_INTERPRETED = {
    "H": "high", "HH": "veryhigh", "L": "low", "LL": "verylow", "N": "normal", "A": "abnormal", "S": "susceptible",
    "I": "susceptibleintermediate", "R": "resistent",
}  # fmt: skip
_FLAG_SIGNS = ("*", "H", "L", "+", "-")
_TO_FOLLOW = frozenset(
    {
        "en cours", "suit", "suivra", "pending", "folgt", "volgt", "a suivre", "à suivre", "resultat suit", "résultat suit",
        "résultats suivent", "resultats suivent", "resultaat volgt", "resultaten volgen", "te volgen", "in uitvoering",
        "in behandeling", "ergebnis folgt", "in arbeit",
    }
)  # fmt: skip
_BY_NUMBER = {"1": "verylow", "2": "low", "3": "normal", "4": "high", "5": "veryhigh"}
_NUMBER, _DECIMAL = "\ue000", "\ue001"
"""The places of a number, as it came and with a point, in the form that it has in common with other results."""


@dataclass
class Stated:
    """What a message states of one result; `first` is the ordinal of its line."""

    first: int
    system: str
    code: str = ""
    label: str = ""
    value: str = ""
    unit: str = ""
    unit_code: str = ""
    limits: str = ""
    flag: str = ""
    state: str = ""
    loinc: str = ""

    def __post_init__(self) -> None:
        self.notes: list[str] = []

    @property
    def form(self) -> str:
        """The normal form of its item."""
        value = self.value
        if value.isascii() and is_number(value):
            around = _around_number(_but_the_number(self), tuple(self.notes))
            if around:
                return around.replace(_DECIMAL, value.replace(",", ".")).replace(_NUMBER, value)
        return derived_item_form(self.children())

    def children(self, *, is_open: bool = False) -> Iterator[Node]:
        """The children of its item, without ids. `is_open`: its value is the place of a number."""
        yield _leaf("cd", "lab", S="CD-ITEM", SV="1.6")
        if self.code or self.label:
            name = self.label or self.code
            yield _leaf("cd", self.code or self.label, S="LOCAL", SV="1.0", SL=self.system, DN=_clean(name))
        if self.loinc:
            yield _leaf("cd", self.loinc, S="CD-LAB", SV="1.0")
        if self.unit_code:
            named = {"DN": self.unit} if self.unit else {}
            yield _leaf("cd", self.unit_code, S="LOCAL", SV="1.0", SL=f"{self.system}-UNIT", **named)
        beside: list[str] = []
        yield from self._contents(beside, is_open=is_open)
        degree = severity(self.system, self.flag)
        said = [*([self.flag] if self.flag and not degree else []), *beside, *self.notes]
        if said:
            yield _leaf("text", "\n".join(said), L="und")
        if self.state == "pending":
            yield _leaf("iscomplete", "false")
        elif self.state == "cancelled":
            yield Node("lifecycle", {}, [], [_leaf("cd", "cancelled", S="CD-LIFECYCLE", SV="1.3")])
        if degree:
            yield Node("severity", {}, [], [_leaf("cd", degree, S="CD-SEVERITY", SV="1.0")])

    def _contents(self, beside: list[str], *, is_open: bool) -> Iterator[Node]:
        value, unit = self.value, self.unit
        if not unit and self.unit_code:
            unit = f"[{self.unit_code}]"
        if not unit and (split := _number_then_unit(value)):
            value, unit = split
        coded = "".join(unit.split()).casefold()
        coded = coded if coded in _CD_UNIT else ""
        number = is_open or is_number(value)
        if not (value or coded or self.limits):
            if unit:
                beside.append(unit)
            return
        if number:
            first = _leaf("decimal", _DECIMAL if is_open else value.replace(",", "."))
        else:
            first = _leaf("text", f"{value} {unit}" if value and unit and not coded else value, L="und")
        content = Node("content", {}, [], [first])
        if coded:
            content.children.append(Node("unit", {}, [], [_leaf("cd", coded, S="CD-UNIT", SV="1.3")]))
        content.children += self._bounds()
        yield content
        if unit and not coded and number:
            yield Node("content", {}, [], [_leaf("text", f"{value} {unit}", L="und")])
        elif unit and not coded and not value:
            beside.append(unit)

    def _bounds(self) -> Iterator[Node]:
        low, high = limits(self.limits, self.unit)
        if self.limits and not low and not high:
            yield Node("minref", {}, [], [_leaf("text", self.limits, L="und")])
        if low:
            yield Node("minref", {}, [], [_leaf("decimal", low)])
        if high:
            yield Node("maxref", {}, [], [_leaf("decimal", high)])


@lru_cache(1 << 11)
def _around_number(stated: tuple[str, ...], notes: tuple[str, ...]) -> str:
    """The form of all results that differ in their number only, with places for it; empty if one of them says such a sign.

    `stated`: the values of `_BUT_THE_NUMBER`.
    """
    like = Stated(first=0, value=_NUMBER, **dict(zip(_BUT_THE_NUMBER, stated, strict=True)))
    like.notes += notes
    if any(place in said for said in (*stated, *notes) for place in (_NUMBER, _DECIMAL)):
        return ""
    return derived_item_form(like.children(is_open=True))


_BUT_THE_NUMBER = tuple(each.name for each in fields(Stated) if each.name not in ("first", "value"))
"""Every field in which results may differ besides their number."""
_but_the_number = attrgetter(*_BUT_THE_NUMBER)


def severity(system: str, flag: str) -> str:
    """The degree of CD-SEVERITY that a flag states in its format; empty if it states none."""
    if system in ("HL7", "FHIR"):
        return _INTERPRETED.get(flag, "")
    return _counted_severity(system, flag)


def _counted_severity(system: str, flag: str) -> str:
    """The degree where signs or letters are repeated to state more of it."""
    if system == "MEDIDOC":
        if flag in _BY_NUMBER:
            return _BY_NUMBER[flag]
        if flag in ("=", "N"):
            return "normal"
    elif flag == "*":
        return "abnormal"
    elif system == "HEALTHONE" and (flag in _TESTED or flag == "N"):
        return _TESTED.get(flag, "normal")
    if flag and len(flag) <= (2 if system == "MEDIDOC" or flag[0] in "HL" else 3) and len(set(flag)) == 1:
        side = {"+": "high", "H": "high", "-": "low", "L": "low"}.get(flag[0], "")
        return f"{_STEPS[len(flag)]}{side}" if side else ""
    return ""


def is_number(value: str) -> bool:
    """Whether a value is one number and nothing else."""
    whole = value[1:] if value[:1] in ("+", "-") else value
    for mark in (",", "."):
        if mark in whole:
            before, _, behind = whole.partition(mark)
            return before.isdecimal() and behind.isdecimal()
    return whole.isdecimal()


def is_compared(value: str) -> bool:
    """Whether a value is one number with a comparison before it."""
    for sign in ("<=", ">=", "=<", "=>", "<", ">", "≤", "≥"):
        if value.startswith(sign):
            return is_number(value[len(sign) :].lstrip())
    return False


def take_flag(value: str, flag: str) -> tuple[str, str]:
    """Value and flag, where the flag stands behind a number in the field of the value."""
    if flag or not value.endswith(_FLAG_SIGNS):
        return value, flag
    head, tail = value[: len(value.rstrip("*HL+-"))], value[len(value.rstrip("*HL+-")) :]
    known = tail in ("*", "H", "HH", "L", "LL", "+", "++", "+++", "-", "--", "---")
    number = head.strip()
    unsigned = number[:1] not in ("+", "-")
    for sign in ("<", ">", "=", "≤", "≥"):
        if number.startswith(sign):
            unsigned = number.lstrip("<>=≤≥ \t")[:1] not in ("+", "-")
    if not known or head == head.rstrip() or not unsigned:
        return value, flag
    return (number, tail) if is_number(number) or is_compared(number) else (value, flag)


def follows(value: str) -> bool:
    """Whether a text says that the result will follow."""
    return value.strip(" .…!*-()").casefold() in _TO_FOLLOW


def _number_then_unit(value: str) -> tuple[str, str] | None:
    """A number and a unit of CD-UNIT behind it."""
    number = number_at(value)
    unit = value[len(number) :].strip()
    known = number and "\n" not in value and "".join(unit.split()).casefold() in _CD_UNIT
    return (number, unit) if known else None


def _clean(text: str) -> str:
    return without_controls(unicodedata.normalize("NFC", text))


def _leaf(element: str, text: str, **attributes: str) -> Node:
    return Node(element, attributes, [_clean(text)] if text else [])
