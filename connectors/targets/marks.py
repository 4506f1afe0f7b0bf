"""The labels (SL) of the ids and codes that Reprise itself writes into a chart (docs/formats/facts.md). No other is written."""

from __future__ import annotations

from enum import StrEnum


class Mark(StrEnum):
    """What such an id or code states. Its SV is the token of the run."""

    MF_ID = "MF-ID"  # its value names the unit; links point at it
    MF_ID_SOURCE = "REPRISE-MF-ID-SOURCE"  # the MF-ID of the source, which another unit has too
    FILLED = "REPRISE-FILLED"  # which elements beside it are fillers
    HEADING = "REPRISE-HEADING"  # the code of a heading that has none
    TRANSACTION = "REPRISE-TRANSACTION"  # the kind that the source states
    MESSAGE = "REPRISE-MESSAGE"  # which message a transaction or a field was made from
    DERIVED = "REPRISE-DERIVED"  # which line of which message an item was made from
