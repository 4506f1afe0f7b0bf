"""A page signed by hand, as the second person sees it: text and scan are of one page, also when another was recorded since."""

from __future__ import annotations

import re

from support.dashboard_people import _fields

from vault.authorisation.handwritten import pend
from vault.authorisation.register import InstructionRegister
from vault.instruction.document import draft
from vault.records.operators import find_operator

SCANS = [b"%PDF-1.4\n% one\n%%EOF\n", b"%PDF-1.4\n% another\n%%EOF\n"]


def test_the_scan_is_that_of_the_page_that_led_to_it(people):
    home, doctor, document = (
        people.dashboard.home,
        people.doctors["85073003328"],
        draft(_fields(people.clock)),
    )

    def record(scan: bytes) -> str:
        register = InstructionRegister(home, document)
        evidence = {"instruction.json": document, "scan.pdf": scan}
        pend(register, doctor, (doctor,), evidence, find_operator(home, "two"), people.clock.now())
        return register.id

    name = record(SCANS[0])
    browser = people.signed_in("engineer")

    def link() -> str:
        shown = browser.get(f"/approvals/{name}")
        assert shown.status_code == 200, shown.text
        (of,) = re.findall(r'name="of" value="([0-9a-f]{64})"', shown.text)
        assert f'href="/approvals/{name}/scan?of={of}"' in shown.text
        return f"/approvals/{name}/scan?of={of}"

    first = link()
    assert browser.get(first).content == SCANS[0]
    record(SCANS[1])
    refused = browser.get(first)
    assert (refused.status_code, "attestation_altered" in refused.text) == (409, True)
    assert browser.get(f"/approvals/{name}/scan").status_code == 409
    assert browser.get(link()).content == SCANS[1]
