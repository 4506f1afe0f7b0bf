"""MF-IDs: kept, made where they lack, and unique in the folder unless they mark versions of one item."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable

from connectors.targets.chart import Unit, is_mf_id
from connectors.targets.tree import leaf, told
from schemas.disposition import UnitKind

SOURCE = "REPRISE-MF-ID-SOURCE"
_HOLDERS = frozenset({UnitKind.TRANSACTION, UnitKind.ITEM})


def make_mf_id(run_id: str, path: str) -> str:
    """A stable MF-ID of our making."""
    return f"reprise-{uuid.uuid5(uuid.UUID(run_id), path)}"


def settle_mf_ids(run_id: str, transactions: Iterable[Unit]) -> set[str]:
    """Give every transaction and item its MF-ID; gives the set of ids that links can point to."""
    holders = [unit for top in transactions for unit in top.below() if unit.kind in _HOLDERS]
    versions = Counter(_version_of(unit) for unit in holders)
    counted = Counter(_value(unit) for unit in holders)
    seen: set[str] = set()
    for unit in holders:
        value = _value(unit)
        if value is None:
            unit.children.append(leaf("id", make_mf_id(run_id, unit.path), S="LOCAL", SV="1.0", SL="MF-ID"))
        elif value in seen and value and versions[value] < counted[value] - 1:
            _replace(unit, run_id, value)
        elif value:
            seen.add(value)
    _set_further_aside(holders, set(seen))
    return seen


def _set_further_aside(holders: Iterable[Unit], taken: set[str]) -> None:
    """A unit's MF-IDs after its first: one that another unit has says where it came from, and identifies nothing."""
    for unit in holders:
        for further in [c for c in unit.children if is_mf_id(c) and c is not unit.mf_id()]:
            value = told(further)
            if value in taken:
                further.attributes["SL"] = SOURCE
            elif value:
                taken.add(value)


def _value(unit: Unit) -> str | None:
    found = unit.mf_id()
    return None if found is None else told(found)


def _version_of(unit: Unit) -> str | None:
    value = _value(unit)
    for link in unit.units:
        if (
            link.kind is UnitKind.LINK
            and link.row["type"] == "isanewversionof"
            and link.row["target"] == value
        ):
            return value
    return None


def _replace(unit: Unit, run_id: str, value: str) -> None:
    found = unit.mf_id()
    if found is not None:
        found.text = make_mf_id(run_id, unit.path)
        unit.children.append(leaf("id", value, S="LOCAL", SV="1.0", SL=SOURCE))
