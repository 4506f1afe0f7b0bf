"""MF-IDs: kept, made where they lack, and unique in the folder unless they mark versions of one item."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from connectors.targets.chart import Unit, is_mf_id
from connectors.targets.tree import Node, leaf, told
from schemas.disposition import UnitKind

SOURCE = "REPRISE-MF-ID-SOURCE"
_HOLDERS = frozenset({UnitKind.TRANSACTION, UnitKind.ITEM})


def run_token(run_id: str) -> str:
    """What the marks of a run carry as their SV: those of an earlier package, read again, carry another."""
    return f"run-{sha256(f'marks of {run_id}'.encode()).hexdigest()[:16]}"


def make_mf_id(run_id: str, path: str) -> Node:
    """An MF-ID of our making; always the same of the same unit in the same run."""
    value = f"reprise-{uuid.uuid5(uuid.UUID(run_id), path)}"
    return leaf("id", value, S="LOCAL", SV=run_token(run_id), SL="MF-ID")


def settle_mf_ids(run_id: str, transactions: Iterable[Unit]) -> set[str]:
    """Give every transaction and item its MF-ID; gives the set of ids that links can point to."""
    holders = [unit for top in transactions for unit in top.below() if unit.kind in _HOLDERS]
    versions = Counter(_version_of(unit) for unit in holders)
    counted = Counter(_value(unit) for unit in holders)
    seen: set[str] = set()
    for unit in holders:
        value = _value(unit)
        if value is None:
            unit.children.append(make_mf_id(run_id, unit.path))
        elif value in seen and value and versions[value] < counted[value] - 1:
            _replace(unit, run_id)
        elif value:
            seen.add(value)
    _set_further_aside(holders, set(seen), run_id)
    return seen


def _set_further_aside(holders: Iterable[Unit], taken: set[str], run_id: str) -> None:
    """A unit's MF-IDs after its first: one that another unit has says where it came from, and identifies nothing."""
    for unit in holders:
        for further in [c for c in unit.children if is_mf_id(c) and c is not unit.mf_id()]:
            value = told(further)
            if value in taken:
                further.attributes |= {"SL": SOURCE, "SV": run_token(run_id)}
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


def _replace(unit: Unit, run_id: str) -> None:
    found = unit.mf_id()
    if found is not None:
        found.attributes |= {"SL": SOURCE, "SV": run_token(run_id)}
        unit.children.append(make_mf_id(run_id, unit.path))
