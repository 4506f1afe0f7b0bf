"""What is told of the old software: the instruction's own name for it and a plain version, or a code."""

from __future__ import annotations

import pytest

from connectors.base import MessageHeader
from flows.steps.software import NOT_IN_INSTRUCTION, NOT_STATED, OTHER_FORM, software_of
from schemas.sensitive import Sensitive


@pytest.mark.parametrize(
    ("system", "version", "authorised", "told"),
    [
        ("CareConnect", "5.2.1", "CareConnect", "CareConnect 5.2.1"),
        ("careconnect", "v12", "CareConnect", "CareConnect v12"),
        (None, "5", "CareConnect", NOT_STATED),
        ("Jan Peeters", "1", "", NOT_IN_INSTRUCTION),
        ("x", "85073003328", "Health One", "Health One"),
        ("x", "85.07.30", "Health One", "Health One"),
        ("x", "Jan Peeters", "Health One", "Health One"),
        ("x", "5.2\n6", "Health One", "Health One"),
        ("x", "5", "A" * 40, OTHER_FORM),
        ("x", "5", "0470 12 34 56", OTHER_FORM),
        ("x", "5", "EMR 12345", OTHER_FORM),
        ("x", "5", "<b>EMR", OTHER_FORM),
    ],
)
def test_nothing_of_a_header_passes_but_a_plain_version(system, version, authorised, told):
    nobody = Sensitive[tuple[str, ...]](())
    header = MessageHeader("1/1", system, version, None, None, nobody, nobody, None)
    assert software_of(header, authorised) == told
