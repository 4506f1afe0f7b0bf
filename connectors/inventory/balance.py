"""Hold the facts that were to be delivered against those that came, without any database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from schemas.disposition import UnitKind

Fact = tuple[str, bytes]
"""Kind and digest of a unit."""


class Imbalance(NamedTuple):
    """How many facts are missing, and how many are there that nobody sent."""

    lost: int
    surplus: int


def imbalance(came: Iterable[Fact], went: Iterable[Fact], folders: int = 1) -> Imbalance:
    """Compare two multisets of facts of one chart.

    Fields of a patient compare as sets when several source folders share the chart.
    """
    expected, found = _tally(came, folders), _tally(went, folders)
    return Imbalance((expected - found).total(), (found - expected).total())


def _tally(facts: Iterable[Fact], folders: int) -> Counter[bytes]:
    fields: set[bytes] = set()
    tally: Counter[bytes] = Counter()
    for kind, digest in facts:
        if folders > 1 and kind == UnitKind.PATIENT_FIELD:
            fields.add(digest)
        else:
            tally[digest] += 1
    tally.update(fields)
    return tally
