"""The division of HL7 messages beside that of python-hl7: the same fields, repetitions, components and parts."""

from __future__ import annotations

import hl7
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.sources.hl7._segments import Segment, divide, unescape

HEADER = "MSH|^~\\&|LIS|LABO~TWEE|EMD^A&B|P|20260202113000||ORU^R01|1|P|2.5"
SIGNS = st.sampled_from([*"|^~&\\a1é", '""', "||", "^^", "~~", "A&B", "\\F\\", "\\E\\"])
LINES = st.lists(SIGNS, max_size=12).map(lambda signs: "OBX|" + "".join(signs))


def library_first(fields: hl7.Container, number: int, component: int) -> str:
    if number >= len(fields):
        return ""
    field = fields[number]
    parts = next(iter([each for each in field if isinstance(each, hl7.Repetition)] or [field]))
    if len(parts) < component:
        return ""
    part = parts[component - 1]
    return part if isinstance(part, str) else str(part[0])


def plain(segment: Segment, raw: str) -> str:
    marks = divide([HEADER])[1]
    assert marks is not None
    return "" if raw == '""' else unescape(raw, marks)


@settings(deadline=None)
@given(st.lists(LINES, max_size=4))
@example(["OBX|a^b&c~d||&|~|^"])
def test_a_message_is_divided_as_the_library_divides_it(lines):
    ours, marks = divide([HEADER, *lines])
    theirs = hl7.parse("\r".join([HEADER, *lines]))
    assert marks is not None
    assert len(ours) == len(theirs)
    for segment, fields in zip(ours, theirs, strict=True):
        assert segment.name == str(fields[0])
        for number in range(3 if segment.name == "MSH" else 1, len(fields) + 2):
            for component in (1, 2, 3):
                said = plain(segment, library_first(fields, number, component)).strip()
                assert segment.first(number, component) == said
            whole = str(fields[number]) if number < len(fields) else ""
            assert segment.texts(number) == [plain(segment, each) for each in whole.split("~")]
            split = [[plain(segment, part) for part in each.split("^")] for each in whole.split("~")]
            assert segment.components(number) == split
