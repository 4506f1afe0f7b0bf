"""Twice as many things of an HL7 or FHIR message take twice the time and memory, not four times, on both sides."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from support.growth import growth

from connectors.base import Limits, SourceFile
from connectors.inventory.message_formats import read_all
from connectors.inventory.registry import counter_for
from connectors.registry import by_name
from connectors.sources.message_formats import parse_messages

LIMITS = Limits(max_files=1 << 20)
HEADER = "MSH|^~\\&|LIS|LABO|||20260101||ORU^R01|1|P|2.5\r"
LONG = "more text " * 100
PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Specimen"}]}


def hl7(*segments: str) -> bytes:
    return (HEADER + "PID|1||||Specimen^Bob\r" + "".join(segments)).encode()


def fhir(*resources: dict[str, Any]) -> bytes:
    entries = [{"resource": each} for each in (PATIENT, *resources)]
    return json.dumps({"resourceType": "Bundle", "entry": entries}).encode()


def observation(**more: object) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "X"},
        "valueString": "1",
        **more,
    }


def section(div: str) -> dict[str, Any]:
    return {"resourceType": "Composition", "section": [{"text": {"div": div}}]}


def owner(n: int) -> dict[str, Any]:
    inner = [observation(id=str(at)) for at in range(n)]
    return observation(contained=inner, hasMember=[{"reference": f"#{at}"} for at in range(n)])


# name: the format, how many, and the file that holds n of them
THINGS: dict[str, tuple[str, int, Callable[[int], bytes]]] = {
    "lines within a field": ("hl7", 2000, lambda n: hl7("OBX|1|FT|A^A||x\r", f"{LONG}\r" * n)),
    "texts of one result": ("hl7", 4000, lambda n: hl7(f"OBX|1|TX|A^A|1|{LONG}||||||F\r" * n)),
    "remarks of one result": ("hl7", 8000, lambda n: hl7("OBX|1|NM|A^A||7||||||F\r", "NTE|1||a\r" * n)),
    "header lines and patients": ("hl7", 250, lambda n: (HEADER + "NTE|1||x\r" * n + "PID|1||||X^Y\r" * n).encode()),
    "escape sequences": ("hl7", 4000, lambda n: hl7("OBX|1|FT|A^A||" + "\\.br\\a" * n + "||||||F\r")),
    "resources in another": ("fhir", 500, lambda n: fhir(owner(n))),
    "codes of a result": ("fhir", 2000, lambda n: fhir(observation(
        code={"coding": [{"system": "http://loinc.org", "code": f"{at}-1"} for at in range(n)]}))),
    "documents of their own": ("fhir", 1000, lambda n: fhir(
        {"resourceType": "Media", "content": [{"url": f"Binary/{at}"} for at in range(n)]},
        *({"resourceType": "Binary", "id": str(at), "data": "JVBERi0x"} for at in range(n)))),
    "begins of tags": ("fhir", 10_000, lambda n: fhir(section("<" * n))),
    "tags": ("fhir", 4000, lambda n: fhir(section("a<br/>" * n))),
    "marks in a string without end": ("fhir", 10_000, lambda n: fhir() + b'{"' + b'\\"' * n + b"\\"),
    "characters of a string": ("fhir", 1 << 18, lambda n: fhir(observation(note=[{"text": "a" * n}]))),
}  # fmt: skip


def drain(pieces: Any) -> None:
    for _ in pieces:
        pass


@pytest.mark.parametrize("name", THINGS)
def test_things_of_a_message(name):
    form, n, data = THINGS[name]
    reader, counter = by_name(form), counter_for(form)

    def measured(way: str, carry: Callable[[SourceFile], Any]) -> None:
        def make(many: int) -> Callable[[], object]:
            content = data(many)
            return lambda: drain(carry(SourceFile(1, len(content), lambda: io.BytesIO(content))))

        found = growth(f"{name}: {way}", n, make)
        print(found.row())
        found.assert_linear()

    measured("read", lambda file: reader.read(file, 1, lambda _: None, LIMITS))
    measured("count", lambda file: counter.count(file, 1, b"k" * 32, LIMITS))


@pytest.mark.parametrize("form", ["hl7", "fhir"])
def test_each_thing_is_read_alike_by_both(form):
    for name, (known, _, data) in THINGS.items():
        if known == form:
            read, counted = parse_messages(form, data(30)), list(read_all(form, data(30)))
            assert [each.readable for each in read] == [each.readable for each in counted], name
            for one, other in zip(read, counted, strict=True):
                said = [(result.value, list(result.notes)) for result in one.results]
                assert said == [(result.value, result.notes) for result in other.results], name
