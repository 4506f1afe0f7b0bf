"""The two pages of the sealed report: the work list (dangers first) and the reconciliation."""

from __future__ import annotations

from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from connectors.targets.findings import Finding
from connectors.targets.prose import word_for
from schemas.texts import section, text


def render_work_list(findings: list[Finding], language: str) -> str:
    """The points that a person must look at. Quotes records: only for the sealed report."""
    ordered = sorted(findings, key=lambda finding: finding.rank)  # equals keep their order
    kinds = section(language, "report.kind")
    names = {f.kind: kinds.get(f.kind) or word_for(f.kind, language) or f.kind for f in ordered}
    return _render("work-list.html", language, findings=ordered, names=names)


def render_reconciliation(summary: dict[str, Any], language: str) -> str:
    """The counts of the export compared with those of the delivery."""
    return _render("reconciliation.html", language, summary=summary)


def _render(name: str, language: str, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("connectors.targets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    say = partial(text, language)
    return environment.get_template(name).render(say=say, language=language, **values)
