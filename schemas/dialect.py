"""The passport of a dialect: which names the exports of a software use, without any value; and what is new in one of them.

A home keeps one passport for each software and version that it carried (`vault.runs.passports`). A new name is told before
extract; the site decides for each kind whether it is carried as it came, or stops the run.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from schemas.record import Record

KINDS = ("elements", "attributes", "code_systems", "item_kinds", "transaction_kinds", "formats")
"""The kinds of names. `formats` are those of files: their counts are files, all other counts are patients."""
CARRY, STOP = "carry", "stop"
CELL = 5
"""A name that occurs with fewer patients is not told: it could be somebody's data."""


class Names(Record, frozen=True):
    """Names by kind with how many patients use each, and how many further names there are."""

    names: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    rare: int = 0


class Passport(Record, frozen=True):
    """The names of the last export of one software and version that this home carried."""

    software: str  # name and version, or a code (`flows.steps.software`)
    recorded: str  # RFC 3339
    run: str
    names: dict[str, dict[str, int]]
    rare: int


def new_names(
    names: Mapping[str, Mapping[str, int]], known: Mapping[str, Mapping[str, int]]
) -> dict[str, list[str]]:
    """The names by kind that are not among the known ones; without the kinds that have none."""
    found = {kind: sorted(names.get(kind, {}).keys() - known.get(kind, {}).keys()) for kind in KINDS}
    return {kind: some for kind, some in found.items() if some}
