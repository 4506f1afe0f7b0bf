"""Content with letters that lies in no unit: one unit for each place, written as XML, for the doctor to look at.

A place is a transaction, a folder, a message or document outside its folders, or a file outside its documents. Each is in or
out of scope as a whole, together with its loose content. See docs/formats/kmehr.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.base import Admission, Reject
from connectors.sources.kmehr.rows import Rows
from connectors.sources.kmehr.tree import XSI, escape_text, start_tag
from schemas.disposition import Reason, UnitKind
from schemas.sensitive import Sensitive
from schemas.tables import CHUNK_BYTES

WHITE = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace()) + "\ufeff"
HEADER_PARTS = frozenset(
    {"standard", "id", "date", "time", "expirationdate", "sender", "recipient", "urgency",
     "acknowledgment", "version"}
)  # fmt: skip
"""The parts of a header, which are written anew for the package; anything else in it is loose."""
NAMESPACES = frozenset(
    {"", XSI, *(f"http://www.ehealth.fgov.be/standards/kmehr/{part}/v1" for part in ("schema", "cd", "id", "dt")),
     "http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmlenc#",
     "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/XML/1998/namespace",
     "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"}
)  # fmt: skip
"""A declaration of one of these states nothing about anybody."""


class Loose:
    """Collects the loose content of the innermost open place."""

    def __init__(self, rows: Rows, admit: Admission, rejects: list[Reject]) -> None:
        self._rows, self._admit, self._rejects = rows, admit, rejects
        self._places = [_Place(f"{rows.file}/0", 0)]
        self._run = ""  # the element whose text is being written

    def open(self, owner: str, patient: int) -> None:
        """Begin a place."""
        self.stop()
        self._places.append(_Place(f"{owner}.0", patient))

    def close(self) -> None:
        """End the innermost place: its loose content becomes a unit."""
        self.stop()
        place = self._places.pop()
        if place.kind is not None:
            self._flush(place, last=True)
            reason = Reason.REMARK if place.kind is UnitKind.REMARK else Reason.LOOSE_TEXT
            reject = Reject(place.path, self._rows.file, place.patient, place.kind, reason, Sensitive(b""))
            self._rejects.append(reject)

    def text(self, name: str, data: str) -> None:
        """Add text directly in an element that may hold none; white space alone is structure."""
        if self._run:
            self._write(escape_text(data))
        elif data.strip(WHITE):
            self._begin(UnitKind.LOOSE_TEXT)
            self._run = name or "file"
            self._write(f"<{self._run}>{escape_text(data)}")

    def stop(self) -> None:
        """End the run of text."""
        if self._run:
            self._write(f"</{self._run}>")
            self._run = ""

    def attributes(self, name: str, attributes: Mapping[str, str], kind: UnitKind) -> None:
        """Add attributes of an element that may have none, or declarations that are set aside."""
        if attributes:
            self.stop()
            self._begin(kind)
            self._write(start_tag(name, dict(attributes))[:-1] + "/>")

    def note(self, comment: str) -> None:
        """Add a comment or an instruction, with its delimiters. One without a letter or digit is only a line."""
        if any(map(str.isalnum, comment)):
            self.stop()
            self._begin(UnitKind.REMARK)
            self._write(comment)

    def element(self) -> None:
        """Begin an element that is written whole, tag by tag."""
        self.stop()
        self._begin(UnitKind.LOOSE_TEXT)

    def tag(self, xml: str) -> None:
        """Add a tag or text of such an element."""
        self._write(xml)

    def _begin(self, kind: UnitKind) -> None:
        place = self._places[-1]
        if place.admitted is None:
            place.admitted = self._admit(place.path) is None
        if place.admitted:
            place.kind = kind if place.kind in (None, UnitKind.REMARK) else place.kind
            self._write("\n" if place.pending or place.sequence else "")

    def _write(self, xml: str) -> None:
        place = self._places[-1]
        if place.admitted:
            place.pending += xml.encode("utf-8", "replace")
            self._flush(place)

    def _flush(self, place: _Place, *, last: bool = False) -> None:
        while len(place.pending) >= CHUNK_BYTES or (last and place.pending):
            self._rows.chunk(place.path, place.patient, place.sequence, bytes(place.pending[:CHUNK_BYTES]))
            del place.pending[:CHUNK_BYTES]
            place.sequence += 1


class _Place:
    """The loose content of one place so far."""

    def __init__(self, path: str, patient: int) -> None:
        self.path, self.patient = path, patient
        self.kind: UnitKind | None = None
        self.admitted: bool | None = None  # asked for when there is content
        self.pending = bytearray()
        self.sequence = 0


def says_something(name: str, value: str) -> bool:
    """Whether a namespace declaration or a schema-instance attribute is not a known one."""
    tail = name.rpartition(":")[2]
    if name == "xmlns" or name.startswith("xmlns:"):
        return value not in NAMESPACES
    if tail in ("schemaLocation", "noNamespaceSchemaLocation"):
        return not _all_known(value.split())
    return tail != "nil" or value not in ("true", "false", "0", "1")


def _all_known(places: Iterable[str]) -> bool:
    return all(place in NAMESPACES or place.endswith(".xsd") for place in places)
