"""Units that cannot be held or read: written out again as they arrive, for the doctor to look at."""

from __future__ import annotations

from connectors.sources.kmehr.tree import Element, escape_text, start_tag, to_xml
from schemas.disposition import Reason, UnitKind
from schemas.tables import CHUNK_BYTES


class RawUnit:
    """The XML of one element, rebuilt from the parser's events with names, attributes and text as they came."""

    def __init__(self, path: str, kind: UnitKind, reason: Reason) -> None:
        self.path, self.kind, self.reason = path, kind, reason
        self._open: list[str] = []
        self._pending = bytearray()
        self._sequence = 0

    def adopt(self, chain: list[Element]) -> None:
        """Take over open elements with their content; each is the last child of the one before."""
        for at, element in enumerate(chain):
            self.start(element.name, element.attributes)
            below = chain[at + 1] if at + 1 < len(chain) else None
            for part in element.parts:
                if part is below:
                    continue
                self._write(escape_text(part) if isinstance(part, str) else to_xml(part))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        self._open.append(name)
        self._write(start_tag(name, attributes))

    def text(self, data: str) -> None:
        """Add text."""
        self._write(escape_text(data))

    def end(self) -> bool:
        """End an element; returns whether it was the unit itself."""
        self._write(f"</{self._open.pop()}>")
        return not self._open

    def take(self, *, last: bool = False) -> list[tuple[int, bytes]]:
        """Returns the numbered pieces that are full; with `last`, everything left."""
        pieces = []
        while len(self._pending) >= CHUNK_BYTES or (last and self._pending):
            pieces.append((self._sequence, bytes(self._pending[:CHUNK_BYTES])))
            del self._pending[:CHUNK_BYTES]
            self._sequence += 1
        return pieces

    def _write(self, xml: str) -> None:
        self._pending += xml.encode("utf-8")
