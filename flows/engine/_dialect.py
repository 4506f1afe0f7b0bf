"""What is new in a dialect since the last export of that software, told after the inventory and before extract."""

from __future__ import annotations

from typing import Any

import msgspec

from flows.steps.software import NOT_IN_INSTRUCTION, NOT_STATED, OTHER_FORM
from schemas.dialect import STOP, Names, new_names
from schemas.errors import DialectError
from vault.home_folder import Home
from vault.runs.lease import Lease
from vault.runs.passports import keep_passport, last_passport

_UNNAMED = frozenset({NOT_STATED, NOT_IN_INSTRUCTION, OTHER_FORM})


def compare_dialect(home: Home, lease: Lease, counts: dict[str, Any]) -> dict[str, Any]:
    """Add to the counts of the inventory what is new since the last passport of the software, and keep the new passport.

    An inventory tells, and neither stops nor keeps a passport. Raises DialectError (dialect_changed) if the site stops a run for
    a kind that has new names. An export that does not name its software plainly, or names several, has no passport.
    """
    software = _software(counts)
    if software is None:
        return counts
    names = msgspec.convert(counts["dialect"], Names)
    former = last_passport(home, software)
    new = {} if former is None else new_names(names.names, former.names)
    told = {**counts["dialect"], "since": former.software if former else None, "new": new}
    if lease.use != "inventory":
        stopping = [kind for kind in new if home.site.dialect.get(kind) == STOP]
        if stopping:
            raise DialectError(
                "dialect_changed", kind=stopping[0], count=sum(len(new[kind]) for kind in stopping)
            )
        keep_passport(home, software, lease.run_id, lease.created, names)
    return {**counts, "dialect": told}


def _software(counts: dict[str, Any]) -> str | None:
    named = [name for name in counts.get("software", {}) if name not in _UNNAMED]
    return named[0] if len(named) == 1 else None
