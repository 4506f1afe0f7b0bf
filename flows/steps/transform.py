"""transform: profile the codes against the target's code schemes. No uncertain code is rewritten.

From KMEHR to SMF a code is copied unchanged, with its local twin; this step counts the codes per scheme, so that a practice sees
before delivery how much depends on local codes.
"""

from __future__ import annotations

from collections import Counter as Tally

import pyarrow.compute as pc

from connectors.targets.skeleton import skeleton_of
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.values import Drafts, Matched
from schemas.disposition import UnitKind

_KNOWN = frozenset(
    {
        "CD-ITEM",
        "CD-CLINICAL",
        "ICPC",
        "ICD",
        "CD-SNOMED",
        "CD-ATC",
        "CD-DRUG-CNK",
        "CD-INNCLUSTER",
        "CD-LAB",
        "CD-PARAMETER",
        "CD-VACCINEINDICATION",
        "CD-PATIENTWILL",
        "CD-CAREPATH",
        "CD-ENCOUNTER",
        "CD-CONTACT-PERSON",
        "LOCAL",
    }
)


def transform(context: DataContext, matched: Matched) -> Drafts:
    """Count the codes in items and results by scheme; unknown schemes count as `other`.

    A shape determines the schemes of its units, so each shape is read once per batch.
    """
    codes: Tally[str] = Tally()
    for batch in context.reader(EXTRACTED).batches("unit", columns=["kind", "shape"]):
        items = batch.filter(pc.equal(batch["kind"], UnitKind.ITEM.value))
        for each in pc.value_counts(items["shape"]).to_pylist():
            for scheme in schemes_of(each["values"]):
                codes[scheme if scheme in _KNOWN else "other"] += each["counts"]
    return Drafts(matched, dict(codes))


def schemes_of(shape: str) -> list[str]:
    """Return the scheme of each code of an item and its contents, `none` for a code without one."""
    item = skeleton_of(shape).root
    holders = [item, *(child for child in item.children if child.name == "content")]
    codes = (child for holder in holders for child in holder.children if child.name == "cd")
    return [code.attributes.get("S", "none") for code in codes]
