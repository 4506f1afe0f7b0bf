"""Walk through KMEHR documents token by token, and return each unit as soon as it is complete.

The same walk reads a source and a delivered chart. It holds only the path from the root to the current element, and the units
of the transaction or patient being read.
"""

from __future__ import annotations

from collections import Counter

from connectors.inventory.facts.names import local_attributes, local_name
from connectors.inventory.facts.normal_form import is_position
from connectors.inventory.facts.tiles import COMMENT, FOLDER_HEAD, Span
from connectors.inventory.facts.units import Unit, rows
from connectors.inventory.kmehr._elements import Elements, spill
from connectors.inventory.kmehr._frames import STRUCTURAL, TEXTLESS, Frame, Role, takes_no_text
from connectors.inventory.kmehr._loose import carries
from connectors.inventory.kmehr._senders import MESSAGE
from connectors.inventory.kmehr._source_folders import CountedFolders, Place
from schemas.disposition import UnitKind


class Walk(Elements):
    """The listener of a DocumentStream. The caller takes and clears `rows` and `folders`."""

    # --- events of the stream ---

    def on_document(self) -> None:
        """A document begins."""
        self._touch()
        self._document += 1
        self._prefixes = {"xsi"}
        self._findings.sender = frozenset()

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        """A start tag."""
        self._touch()
        frame = self._open(local_name(name), local_attributes(attributes, self._prefixes))
        if frame.role is Role.LOOSE:
            self._lies_loose(name + " " + " ".join(map("=".join, attributes.items())))
            return
        odd = self._odd_attributes(frame, attributes)
        if odd and frame.role in STRUCTURAL:
            self._lies_loose("", odd)
        elif frame.role is not Role.PART:
            self._tiles.switch(self._position(), frame.owner)

    def _odd_attributes(self, frame: Frame, attributes: dict[str, str]) -> UnitKind | None:
        """Book attributes that belong to no unit; returns their kind, if there are any."""
        if frame.node.attributes and frame.role in TEXTLESS:
            self._loose.add(" ".join([frame.name, *map("=".join, attributes.items())]), bytes_too=False)
            return UnitKind.LOOSE_TEXT
        declares = any(":" in name or name == "xmlns" for name in attributes)
        if declares and self._loose.declarations(frame.name, attributes, self._prefixes):
            return UnitKind.REMARK
        return None

    def on_text(self, data: str) -> None:
        """Characters."""
        if self._closing:
            self._touch()
        frame = self._stack[-1]
        if frame.role in TEXTLESS or frame.role in (Role.LOOSE, Role.FOLDER_HEAD):
            self._text_outside(frame, data)
        elif frame.gather is not None:
            if takes_no_text(frame.kind) and not frame.pieces and not data.strip(" \t\r\n"):
                return  # white space between children
            unit = frame.unit
            if unit is None or frame.attachment is not None or self._fits(unit, len(data)):
                frame.gather(data)
            else:
                spill(unit, data)

    def _text_outside(self, frame: Frame, data: str) -> None:
        """Handle text outside units: white space and a folder's position are structure, all else is loose."""
        if frame.role is Role.LOOSE or (
            not is_position(data) if frame.role is Role.FOLDER_HEAD else carries(data)
        ):
            self._lies_loose(data)
        elif frame.role in STRUCTURAL:
            self._tiles.switch(self._position(), frame.owner)

    def _lies_loose(self, data: str, kind: UnitKind = UnitKind.LOOSE_TEXT) -> None:
        self._touch()
        self._loose.add(data, kind)
        self._closing = True  # the next token completes it

    def on_end(self) -> None:
        """An end tag. The next token shows where it ends."""
        self._touch()
        frame = self._stack[-1]
        if frame.role is Role.LOOSE:
            self._lies_loose("")
        elif frame.role in STRUCTURAL:
            self._tiles.switch(self._position(), frame.owner)
        self._close()
        self._closing = self._closing or frame.role is not Role.PART

    def on_comment(self, data: str) -> None:
        """A comment: one with content is loose, wherever it is; a mere line is part of the unit around it."""
        if any(map(str.isalnum, data)):
            self._lies_loose(data, UnitKind.REMARK)
            return
        self._touch()
        if not self._stack or self._stack[-1].role in STRUCTURAL:
            self._tiles.switch(self._position(), self._tiles.ignored[COMMENT])

    def on_instruction(self, data: str) -> None:
        """A processing instruction."""
        if any(map(str.isalnum, data)):
            self._lies_loose(data, UnitKind.REMARK)
        else:
            self.on_filler()

    def on_filler(self) -> None:
        """White space, the XML declaration, the delimiters of a CDATA section."""
        if self._stack and self._stack[-1].role is Role.LOOSE:
            self._lies_loose("")
            return
        self._touch()
        if not self._stack or self._stack[-1].role in STRUCTURAL:
            self._tiles.switch(self._position(), self._tiles.structural)

    def on_stray(self, data: str) -> None:
        """Characters between documents."""
        if carries(data):
            self._lies_loose(data)
        else:
            self.on_filler()

    def place(self) -> Place | None:
        """The place that folders beginning now would have: directly in a message, otherwise None."""
        top = self._stack[-1] if self._stack else None
        if top is None or top.name != MESSAGE or top.role is not Role.OUTSIDE:
            return None
        return Place(
            self._file, self._path(), len(self._stack), top.children, self._first_patient + self.patients
        )

    def leap(self, begin: int, end: int, found: CountedFolders) -> None:
        """Skip folders between two positions, which were counted elsewhere."""
        self._settle(begin)
        self._tiles.leap(end, found.unit_bytes, Counter({FOLDER_HEAD: found.head_bytes}))
        top = self._stack[-1]
        top.children += len(found.patients)
        top.node.mixed = True
        self.messages.meet("folder")
        self.patients += len(found.patients)
        self.units.update(found.units)
        self._findings.years |= found.years

    def finish(self, size: int) -> None:
        """End the file."""
        self._settle(size)
        self._tiles.switch(size, self._tiles.structural)
        self._tiles.settle([])
        self._leave_place()

    # --- bytes ---

    def _touch(self) -> None:
        """At each token, settle what ended just before it."""
        if self._closing:
            self._settle(self._position())

    def _settle(self, position: int) -> None:
        self._closing = False
        self._loose.settle(position)
        top = self._stack[-1] if self._stack else None
        self._tiles.switch(position, top.owner if top else self._tiles.structural)
        if self._ready and (top is None or top.unit is None) and not (top and top.role is Role.PATIENT):
            self._give()
        elif self._tiles.is_long() and not self._ready and (top is None or top.unit is None):
            self._tiles.settle([])

    def _give(self) -> None:
        """Hand out the complete units, once their bytes have been checked."""
        patient = self._folder.patient if self._folder else 0
        self._tiles.settle(self._flat_spans(self._ready))
        for unit in self._ready:
            context = "patient" if unit.kind is UnitKind.PATIENT_FIELD else "folder"
            for row in rows(unit, patient, self._key, context):
                self.units[row.kind] += 1
                self.rows.append(row)
            if self._folder is not None:
                self._folder.embedded.take(unit)
        self._ready.clear()

    def _flat_spans(self, units: list[Unit]) -> list[Span]:
        """The byte ranges of the units and of all units in them."""
        spans: list[Span] = []
        for unit in units:
            spans += unit.spans
            spans += self._flat_spans(unit.children)
        return spans
