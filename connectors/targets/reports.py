"""The two pages of the sealed report: the work list (dangers first) and the reconciliation."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from connectors.targets.findings import Finding
from connectors.targets.prose import word_for


def render_work_list(findings: list[Finding], language: str) -> str:
    """What a person has to look at. Quotes records: for the sealed report only."""
    ordered = sorted(findings, key=lambda finding: finding.rank)  # then as they came
    kinds = _words()[language]["kinds"]
    names = {f.kind: kinds.get(f.kind) or word_for(f.kind, language) or f.kind for f in ordered}
    return _render("work-list.html", language, findings=ordered, names=names)


def render_reconciliation(summary: dict[str, Any], language: str) -> str:
    """What came against what was delivered, in counts."""
    return _render("reconciliation.html", language, summary=summary)


def _render(name: str, language: str, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("connectors.targets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    told = _words()[language]
    return environment.get_template(name).render(told=told, words=told["words"], language=language, **values)


def report_words(language: str) -> dict[str, Any]:
    """What reports call kinds, reasons and ends of units in a language."""
    return cast("dict[str, Any]", _words()[language])


@cache
def _words() -> dict[str, Any]:
    """All that the pages say, by language; the same keys in each."""
    text = files("connectors.targets").joinpath("report_words.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))
