"""The doctor's findings for a person: area by area, a mark, what it means, how to mend it."""

from __future__ import annotations

from rich.padding import Padding
from rich.table import Table

from flows.commands.shared import console
from vault.diagnostics.findings import AREAS, Finding, Severity

_MARKS = {
    Severity.FAIL: "[bold red]fail[/]",
    Severity.WARN: "[yellow]warn[/]",
    Severity.NOTE: "[cyan]note[/]",
    Severity.OK: "[green]ok[/]",
}


def show_findings(found: list[Finding]) -> None:
    """Print them; the worst of an area first."""
    grave = list(Severity)
    for area, title in AREAS.items():
        console.print(f"[bold]{title}[/]")
        rows = Table.grid(padding=(0, 2))
        rows.add_column(width=4)
        rows.add_column(overflow="fold")
        for f in sorted(
            (f for f in found if f.area == area), key=lambda f: grave.index(Severity(f.severity))
        ):
            remedy = f"\n[dim]{f.code}: {f.remedy}[/]" if f.remedy else ""
            rows.add_row(_MARKS[Severity(f.severity)], f.meaning + remedy)
        console.print(Padding(rows, (0, 0, 1, 2)))
