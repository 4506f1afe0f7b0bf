"""Find the unit that a link names, by MF-ID, by any other id or by position, and write its URL in the chart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from urllib.parse import quote

from connectors.targets.chart import Unit
from schemas.disposition import UnitKind

_HOLDERS = {UnitKind.TRANSACTION: "transaction", UnitKind.ITEM: "item"}
_BARE = re.compile(r"#?([^\s/\[\]#\"'<>]+)\Z")
_NAME = re.compile(r"/?/?(?:[a-z]+::)?(?:[\w.\-]+:)?([\w\-]+|\*)")
_LABEL = re.compile(r"@(S|SL|SV)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_VALUE = re.compile(r"=\s*(?:\"([^\"]*)\"|'([^']*)'|(\d+))")
_KNOWN = re.compile(r"(?:(?:[\w.\-]+:)?\bid\b|\band\b|text\(\s*\)|[\s\[\].])*")


class References:
    """The units of a chart by their ids."""

    def __init__(self, holders: Sequence[Unit], mf_ids: set[str], token: str) -> None:
        """`holders`: the transactions and items of the chart; `mf_ids`: of which of their ids links may point at."""
        self._token = token
        self._holders = holders
        self._mf_ids = mf_ids

    def url(self, link: Unit) -> str | None:
        """The URL that points at a link's unit in the chart; None if there is no such unit, or several."""
        target, original = link.row["target"], link.row["url"] or ""
        if target is not None:
            return self._to(target) if target in self._mf_ids else None
        unit = self._find(original, link.patient)
        found = unit.mf_id() if unit is not None else None
        if not found:
            return None
        return f'{self._to(found)}["{self._token} {quote(original, safe="")}"]'

    @cached_property
    def _units(self) -> dict[tuple[int, str], list[Unit]]:
        units: dict[tuple[int, str], list[Unit]] = defaultdict(list)
        for unit in self._holders:
            for value in {value for _, value in unit.ids()}:
                units[unit.patient, value].append(unit)
        return units

    @cached_property
    def _kinds(self) -> dict[str, str]:
        kinds: dict[str, str] = {}
        for unit in self._holders:
            found = unit.mf_id()
            if found is not None:
                kinds.setdefault(found, _HOLDERS[unit.kind])
        return kinds

    def _to(self, mf_id: str) -> str:
        return f'//{self._kinds.get(mf_id, "item")}[id[@SL="MF-ID" and .="{mf_id}"]]'

    def _find(self, url: str, patient: int) -> Unit | None:
        bare = _BARE.fullmatch(url)
        if bare:
            return self._only(bare[1], patient)
        within: Unit | None = None
        for name, predicate in _steps(url):
            left = _VALUE.sub("", _LABEL.sub("", predicate))
            if "id" not in left or not _KNOWN.fullmatch(left):
                return None
            labels = {label: one or other for label, one, other in _LABEL.findall(predicate)}
            values = [a or b or c for a, b, c in _VALUE.findall(_LABEL.sub("", predicate))]
            if len(values) != 1:
                return None
            places = set(map(id, within.below())) if within is not None else None
            found = [
                unit
                for unit in self._units.get((patient, values[0]), [])
                if name in ("*", _HOLDERS[unit.kind])
                and _has(unit, values[0], labels)
                and (places is None or id(unit) in places)
            ]
            if len(found) != 1:
                return None
            within = found[0]
        return within

    def _only(self, value: str, patient: int) -> Unit | None:
        """The only unit with an id of that value; a position counts only if no other id has the value."""
        units = self._units.get((patient, value), [])
        named = [
            unit
            for unit in units
            if any(said == value and labels.get("S") != "ID-KMEHR" for labels, said in unit.ids())
        ]
        found = named or units
        return found[0] if len(found) == 1 else None


def _has(unit: Unit, value: str, labels: dict[str, str]) -> bool:
    """Whether a unit has an id of that value with these attributes."""
    return any(said == value and labels.items() <= own.items() for own, said in unit.ids())


def _steps(url: str) -> Iterator[tuple[str, str]]:
    """Name and predicates of each path step that has predicates; an empty step for any other URL."""
    at = 0
    while at < len(url):
        name = _NAME.match(url, at)
        if name is None:
            yield "", ""  # stands for an unknown form: it matches no unit
            return
        end = _end_of_predicates(url, name.end())
        if end > name.end():
            yield name[1], url[name.end() : end]
        at = end


def _end_of_predicates(url: str, at: int) -> int:
    """The end of the brackets that begin here; quoted text does not count."""
    depth, quoted = 0, ""
    for end in range(at, len(url)):
        sign = url[end]
        if quoted:
            quoted = "" if sign == quoted else quoted
        elif sign in "\"'" and depth:
            quoted = sign
        elif sign == "[":
            depth += 1
        elif sign == "]" and depth:
            depth -= 1
        elif not depth:
            return end
    return len(url)
