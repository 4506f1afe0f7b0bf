"""Doctors of a trial: enrolled in one call, for which a real home needs two operators."""

from __future__ import annotations

from vault.home_folder import Home
from vault.records.enrolment import Ground, attest_doctor, begin_doctor
from vault.records.operators import find_operator
from vault.system.clock import SystemClock


def enrol_doctor(
    home: Home, *, inss: str, nihii: tuple[str, ...], name: str, attested_by: tuple[str, str], basis: str
) -> str:
    """Enrol a doctor through two operators, one after the other (`vault.records.enrolment`); return the opaque id."""
    first, second = (find_operator(home, attester) for attester in attested_by)
    ground, now = Ground(basis, basis, ("identity_card",)), SystemClock().now()
    begun = begin_doctor(home, inss=inss, nihii=nihii, name=name, ground=ground, operator=first, moment=now)
    return attest_doctor(home, begun.subject_id, second, ground.shown, now).subject_id
