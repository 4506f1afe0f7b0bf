"""The counters by format name."""

from __future__ import annotations

from connectors.base import Counter
from connectors.inventory.delimited.counter import DelimitedCounter
from connectors.inventory.documents.counter import DocumentCounter
from connectors.inventory.documents.sidecar_counter import SidecarCounter
from connectors.inventory.kmehr.counter import KmehrCounter
from connectors.inventory.message_formats import flat_counters
from connectors.inventory.whole import whole_file
from schemas.errors import UnknownFormatError

__all__ = ["counter_for", "whole_file"]


_COUNTERS: tuple[Counter, ...] = (KmehrCounter(), DelimitedCounter(), DocumentCounter(), SidecarCounter())


def counter_for(format_name: str) -> Counter:
    """Returns the counter of a format, named as by its reader."""
    counters: dict[str, Counter] = {each.name: each for each in _COUNTERS}
    found = {**counters, **flat_counters()}.get(format_name)
    if found is None:
        raise UnknownFormatError("no_counter")
    return found
