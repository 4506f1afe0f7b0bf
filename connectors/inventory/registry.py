"""The counters by format name."""

from __future__ import annotations

from connectors.base import Counter
from connectors.inventory.healthone.counter import HealthOneCounter
from connectors.inventory.kmehr.counter import KmehrCounter
from connectors.inventory.whole import whole_file
from schemas.errors import UnknownFormatError

__all__ = ["counter_for", "whole_file"]


def counter_for(format_name: str) -> Counter:
    """Returns the counter of a format: `kmehr` or `healthone`."""
    if format_name == KmehrCounter.name:
        return KmehrCounter()
    if format_name == HealthOneCounter.name:
        return HealthOneCounter()
    raise UnknownFormatError("no_counter")
