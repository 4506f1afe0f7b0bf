"""The findings of `reprise doctor` for people: by area, with a mark, the meaning, and the remedy."""

from __future__ import annotations

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vault.diagnostics.findings import AREAS, Finding, Severity

_STYLES = {Severity.FAIL: "bold red", Severity.WARN: "yellow", Severity.NOTE: "cyan", Severity.OK: "green"}
_BY_SEVERITY = list(Severity)


def findings_table(found: list[Finding]) -> Group:
    """Return the findings as printed; the worst of an area first."""
    return Group(*(part for area, title in AREAS.items() for part in _area(title, found, area)))


def _area(title: str, found: list[Finding], area: str) -> tuple[Text, Padding]:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(width=4)
    rows.add_column(overflow="fold")
    ours = [f for f in found if f.area == area]
    for f in sorted(ours, key=lambda f: _BY_SEVERITY.index(Severity(f.severity))):
        meaning = Text(f.meaning)
        if f.remedy:
            meaning.append(f"\n{f.code}: {f.remedy}", "dim")
        rows.add_row(Text(f.severity, _STYLES[Severity(f.severity)]), meaning)
    return Text(title, "bold"), Padding(rows, (0, 0, 1, 2))
