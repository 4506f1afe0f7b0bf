"""plan: assign charts to sealed parts, with a digest for comparing a rehearsal and a run."""

from __future__ import annotations

from collections import Counter as Tally

from connectors.targets.medinect import PROFILE, plan_charts
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.match import load_charts
from flows.steps.values import Drafts, Plan, PlannedPart


def plan(context: DataContext, drafts: Drafts) -> Plan:
    """Assign charts to parts by their number and by the bytes of their documents."""
    weights = _document_bytes(context)
    charts = load_charts(context)
    planned = plan_charts([(chart, sum(weights[p] for p in patients)) for chart, patients in charts.items()])
    parts = tuple(PlannedPart(name, tuple(ordinals)) for name, ordinals in planned.parts)
    return Plan(drafts, PROFILE, parts, planned.digest)


def _document_bytes(context: DataContext) -> Tally[int]:
    weights: Tally[int] = Tally()
    for batch in context.reader(EXTRACTED).batches("document"):
        for patient, size in zip(batch["patient"].to_pylist(), batch["bytes"].to_pylist(), strict=True):
            weights[patient] += size or 0
    return weights
