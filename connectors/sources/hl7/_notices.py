"""What a hospital notice (ADT) says, as lines that a doctor reads: stay, place, doctors, reason, diagnoses.

Such a message names no language, so the words stand in Dutch and French.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.sources.flat.message import Part
from connectors.sources.hl7._moments import read_moment
from connectors.sources.hl7._segments import Segment

_MOMENTS = {("PV1", 44): "Opname / admission", ("PV1", 45): "Ontslag / sortie"}
_DOCTORS = {("PV1", 7): "Arts / médecin", ("PV1", 17): "Opnemende arts / médecin d'admission"}
_TEXTS = {
    ("PV1", 10): "Dienst / service", ("PV2", 3): "Reden / motif", ("PV1", 36): "Ontslagwijze / mode de sortie",
    ("PV1", 37): "Bestemming / destination",
}  # fmt: skip


def notice_parts(segments: Iterable[Segment]) -> Iterator[Part]:
    """Yield the lines, in the order of the segments."""
    for segment in segments:
        if segment.name in ("PV1", "PV2"):
            yield from (Part(segment.line, "letter", line) for line in _stay(segment))
        elif segment.name == "DG1":
            said = spoken(segment, 3) or segment.first(4)
            if said:
                yield Part(segment.line, "letter", f"Diagnose / diagnostic: {said}")


def _stay(segment: Segment) -> Iterator[str]:
    for (name, number), word in _MOMENTS.items():
        shown = read_moment(segment.first(number)).shown if name == segment.name else ""
        if shown:
            yield f"{word}: {shown}"
    place = (
        " ".join(filter(None, (segment.first(3, at) for at in (1, 2, 3, 4)))) if segment.name == "PV1" else ""
    )
    if place:
        yield f"Afdeling / unité: {place}"
    for (name, number), word in _DOCTORS.items():
        doctor = person(segment, number) if name == segment.name else ""
        if doctor:
            yield f"{word}: {doctor}"
    for (name, number), word in _TEXTS.items():
        said = spoken(segment, number) if name == segment.name else ""
        if said:
            yield f"{word}: {said}"


def person(segment: Segment, number: int) -> str:
    """First name and family name of a person, or the number where no name is given."""
    names = (segment.first(number, 3), segment.first(number, 2))
    return " ".join(filter(None, names)) or segment.first(number)


def spoken(segment: Segment, number: int) -> str:
    """The text of a coded field, or its code."""
    return segment.first(number, 2) or segment.first(number)
