"""MF-IDs: kept, made if missing, and unique in the folder unless they mark versions of one item."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha1, sha256

from connectors.targets.chart import Unit
from connectors.targets.marks import Mark
from connectors.targets.skeleton import is_mf_id, made_mf_id
from connectors.targets.tree import Node, told
from schemas.disposition import UnitKind

_HOLDERS = frozenset({UnitKind.TRANSACTION, UnitKind.ITEM})
_SEVERAL = 2


@cache
def run_token(run_id: str) -> str:
    """The token of a run, carried by its marks as SV; marks of an earlier package carry another token."""
    return f"run-{sha256(f'marks of {run_id}'.encode()).hexdigest()[:16]}"


def make_mf_id(run_id: str, path: str) -> Node:
    """An MF-ID made by this run; always the same for the same unit in the same run."""
    return made_mf_id(mf_id_of(run_id, path), run_token(run_id))


def mf_id_of(run_id: str, path: str) -> str:
    """The value of the MF-ID made for a unit."""
    said = bytearray(sha1(_namespace(run_id) + path.encode(), usedforsecurity=False).digest()[:16])
    said[6], said[8] = said[6] & 0x0F | 0x50, said[8] & 0x3F | 0x80  # a UUID of version 5 (RFC 9562)
    digits = said.hex()
    return f"reprise-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@cache
def _namespace(run_id: str) -> bytes:
    return uuid.UUID(run_id).bytes


def holders_of(transactions: Iterable[Unit]) -> list[Unit]:
    """The units that have MF-IDs: the transactions and their items."""
    return [unit for top in transactions for unit in top.below() if unit.kind in _HOLDERS]


def settle_mf_ids(run_id: str, holders: Sequence[Unit]) -> set[str]:
    """Give every transaction and item its MF-ID; returns the set of ids that links can point to."""
    values = [unit.mf_id() for unit in holders]
    counted = Counter(values)
    versions = Counter(_version_of(unit, value) for unit, value in zip(holders, values, strict=True))
    seen: set[str] = set()
    token = run_token(run_id)
    for unit, value in zip(holders, values, strict=True):
        if value is None:
            unit.add_mf_id(mf_id_of(run_id, unit.path), token)
        elif value in seen and value and versions[value] < counted[value] - 1:
            _replace(unit, run_id)
        elif value:
            seen.add(value)
    _set_further_aside(holders, set(seen), run_id)
    return seen


def _set_further_aside(holders: Iterable[Unit], taken: set[str], run_id: str) -> None:
    """Set aside each further MF-ID of a unit that another unit has: it states an origin and identifies nothing."""
    for unit in holders:
        if len(unit.skeleton.mf_ids) < _SEVERAL:
            continue
        for further in [c for c in unit.children if is_mf_id(c)][1:]:
            value = told(further)
            if value in taken:
                unit.altered = True
                further.attributes |= {"SL": Mark.MF_ID_SOURCE, "SV": run_token(run_id)}
            elif value:
                taken.add(value)


def _version_of(unit: Unit, value: str | None) -> str | None:
    for link in unit.units:
        if (
            link.kind is UnitKind.LINK
            and link.row["type"] == "isanewversionof"
            and link.row["target"] == value
        ):
            return value
    return None


def _replace(unit: Unit, run_id: str) -> None:
    found = next(child for child in unit.children if is_mf_id(child))
    found.attributes |= {"SL": Mark.MF_ID_SOURCE, "SV": run_token(run_id)}
    unit.altered = True
    unit.add_mf_id(mf_id_of(run_id, unit.path), run_token(run_id))
