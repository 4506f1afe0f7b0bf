"""Which names that a doctor reads are entries of the access log."""

from __future__ import annotations

from support.dashboard_people import DOCTORS, _fields

from vault.authorisation.register import InstructionRegister
from vault.instruction.document import draft


def test_a_doctor_who_reads_the_name_of_another_is_an_entry_and_one_who_reads_their_own_is_none(people):
    own, other = (people.doctors[inss] for inss in DOCTORS)
    page = {"instruction.json": draft(_fields(people.clock)), "attestations.json": b"[]"}
    InstructionRegister(people.dashboard.home, None, "shared").pend(own, (own, other), page)
    shown = people.signed_in("doctor").get("/authorisations/shared").text
    assert "Own" in shown
    assert "Other" in shown
    seen = [entry.about for entry in people.dashboard.access_log.read() if entry.what == "name"]
    assert seen == [other]
