"""The numbers of `compare.py` as a table and as a picture: marginal CPU as multiples of F."""

from __future__ import annotations

import math
from typing import Any

COLOURS = {"ours": "#1f6f8b", "script": "#c26a2e", "dlt": "#c26a2e", "dlt-arrow": "#c26a2e"}
ROW, LEFT, WIDTH = 18, 150, 620


def table(found: dict[str, Any]) -> str:
    """Markdown: a line a way, a column a shape; then the steps of ours."""
    shapes = found["shapes"]
    lines = ["| way | " + " | ".join(f"{name}, {s['mb'][1]:.0f} MB" for name, s in shapes.items()) + " |"]
    lines.append("|---" * (len(shapes) + 1) + "|")
    for way in next(iter(shapes.values()))["ways"]:
        cells = [s["ways"][way] for s in shapes.values()]
        shown = [
            f"{c['times_F']:.2f} ({c['from_to'][0]:.2f} to {c['from_to'][1]:.2f}), {c['peak_mib']:.0f}"
            for c in cells
        ]
        lines.append(f"| {way} | " + " | ".join(shown) + " |")
    for step in next(iter(shapes.values()))["steps"]:
        cells = (f"{s['steps'][step]:.2f}" for s in shapes.values())
        lines.append(f"| ours: {step} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(found: dict[str, Any]) -> str:
    """SVG: a bar a way and shape, on a logarithmic scale from a tenth of F to a thousand times F."""
    bars, y = [], 20
    for name, shape in found["shapes"].items():
        bars.append(f'<text x="4" y="{y}" font-weight="bold">{name}</text>')
        for way, cost in shape["ways"].items():
            y += ROW
            length = max(1.0, (math.log10(max(cost["times_F"], 0.1)) + 1) / 4 * WIDTH)
            bars.append(f'<text x="12" y="{y}">{way}</text>')
            bars.append(
                f'<rect x="{LEFT}" y="{y - 11}" width="{length:.0f}" height="13" fill="{COLOURS.get(way, "#8a8f94")}"/>'
            )
            bars.append(f'<text x="{LEFT + length + 5:.0f}" y="{y}">{cost["times_F"]:.2f}</text>')
        y += 2 * ROW
    size = f'width="{LEFT + WIDTH + 60}" height="{y}"'
    style = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n' + "\n".join(bars) + "\n</svg>\n"
