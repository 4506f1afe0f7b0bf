"""Links that the target writer turned: the URL points at an MF-ID and holds the original URL after the run's token.

The original counts. This module checks the new target as far as the chart allows: the unit must exist and have every id that
the original names, unless the original names a position (positions are numbered anew in the chart).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from connectors.inventory.facts.normal_form import Node, link_target

DIFFERS = "link_target_differs"
_SAID = re.compile(r"\[\"(\S+) ([A-Za-z0-9_.~%\-]*)\"\]\Z")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_LABELS = re.compile(r"@\w+\s*=\s*(?:\"[^\"]*\"|'[^']*')")


class Turned:
    """The turned links of a chart, and the ids of its units."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._links: list[tuple[str, str]] = []  # MF-ID pointed at, original
        self._ids: dict[str, set[str]] = {}  # of the units, by MF-ID

    def restore(self, node: Node) -> Node:
        """Returns a turned link as it came, any other link unchanged."""
        url = node.get("URL") or ""
        said = _SAID.search(url)
        if said is None or said[1] != self._token:
            return node
        original = unquote(said[2])
        self._links.append((link_target(url[: said.start()]) or "", original))
        return Node(node.name, node.attributes | {"URL": original}, node.texts, node.children, node.mixed)

    def hold(self, mf_ids: Iterable[str], children: Iterable[Node]) -> None:
        """Record a unit that a link may point at."""
        values = {child.value() for child in children if child.name == "id" and child.get("S") != "ID-KMEHR"}
        for mf_id in mf_ids:
            self._ids.setdefault(mf_id, set()).update(values)

    def conclude(self) -> list[str]:
        """Returns a problem for each link that points elsewhere."""
        return [DIFFERS for target, original in self._links if not self._is_right(target, original)]

    def _is_right(self, target: str, original: str) -> bool:
        held = self._ids.get(target)
        if held is None:
            return False
        if "ID-KMEHR" in original:
            return True
        if "[" not in original:  # a bare id, or a position
            return original.removeprefix("#") in held or original.removeprefix("#").isdecimal()
        last = original[original.rfind("/") + 1 :]
        return all((one or other) in held for one, other in _QUOTED.findall(_LABELS.sub("", last)))
