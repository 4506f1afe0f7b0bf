"""transform: profile the codes against what the target knows. Nothing is rewritten that is not certain.

From KMEHR to SMF a code travels as it is, its local twin beside it; this step says how many codes each scheme
holds, so that a practice sees before delivery how much rests on local codes.
"""

from __future__ import annotations

from collections import Counter as Tally

import pyarrow as pa

from flows import duck
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.values import Drafts, Matched

_SCHEMES = """
SELECT coalesce(code.scheme, 'none') AS scheme, count(*) AS n
FROM (SELECT unnest(codes) AS code FROM rows) GROUP BY ALL
"""
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
    """Count codes by scheme over items and results; schemes outside the known ones count as `other`."""
    codes: Tally[str] = Tally()
    connection = duck.connect()
    try:
        for table in ("item", "lab_result"):
            for batch in context.reader(EXTRACTED).batches(table):
                connection.register("rows", pa.Table.from_batches([batch.select(["codes"])]))
                for scheme, count in connection.execute(_SCHEMES).fetchall():
                    codes[scheme if scheme in _KNOWN else "other"] += int(count)
    finally:
        connection.close()
    return Drafts(matched, dict(codes))
